from odoo import fields, models


class CrmSubledger(models.Model):
    """Two more programmes: commissions payable; costs of obtaining contracts (IFRS 15.91)."""

    _inherit = "crm.subledger"

    kind = fields.Selection(
        selection_add=[
            ("commission", "Commissions Payable"),
            ("contract_cost", "Cost of Obtaining Contracts"),
        ],
        ondelete={"commission": "set default", "contract_cost": "set default"},
    )
