from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    # --- market development funds ---
    mdf_reminder_days = fields.Integer(
        "Remind of Expiring Funds (days before)",
        default=30,
        help="Partners and channel managers are told once, this many days before a fund ends; 0: "
        "nobody is.",
    )

    # --- statements of account ---
    partner_statement_auto = fields.Selection(
        [("no", "Not"), ("draft", "As drafts"), ("send", "And sent")],
        "Monthly Statements of Account",
        default="no",
        required=True,
        help="Created at the beginning of a month for every partner of the programme that has a "
        "balance or movements.",
    )
