from odoo import fields, models


class CrmSubledger(models.Model):
    _inherit = "crm.subledger"

    kind = fields.Selection(
        selection_add=[
            ("contract_liability", "Contract Liabilities"),
            ("contract_asset", "Contract Assets"),
        ],
        ondelete={"contract_liability": "set default", "contract_asset": "set default"},
    )
