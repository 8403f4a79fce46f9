from odoo import fields, models


class CrmSubledger(models.Model):
    _inherit = "crm.subledger"

    # --- rebates ---
    kind = fields.Selection(
        selection_add=[
            ("rebate", "Rebates Granted"),
            ("rebate_vendor", "Rebates Received"),
        ],
        ondelete={"rebate": "set default", "rebate_vendor": "set default"},
    )
