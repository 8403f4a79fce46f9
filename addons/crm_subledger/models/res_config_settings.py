from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """Who looks after the sub-ledgers, and how much is posted within a transaction."""

    _inherit = "res.config.settings"

    subledger_user_id = fields.Many2one(related="company_id.subledger_user_id", readonly=False)
    subledger_immediate_keys = fields.Integer(
        string="Keys Posted at Once",
        config_parameter="crm_subledger.immediate_keys",
        help="Up to this many keys are brought up to date within the transaction that changed "
        "their documents; beyond it a scheduled action does it. 0: the scheduled action does it "
        "always, right after the document, and posting many invoices does not wait for it.",
    )
