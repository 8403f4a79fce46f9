from odoo import fields, models


class CrmSubledger(models.Model):
    """Two more programmes: contract liabilities and contract assets (IFRS 15.105)."""

    _inherit = "crm.subledger"

    kind = fields.Selection(
        selection_add=[
            ("contract_liability", "Contract Liabilities"),
            ("contract_asset", "Contract Assets"),
        ],
        ondelete={"contract_liability": "set default", "contract_asset": "set default"},
    )
