from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    # --- programme ---
    partner_review_mode = fields.Selection(
        [
            ("manual", "By hand"),
            ("preview", "Prepared every month, applied by somebody"),
            ("apply", "Every month, applied at once"),
        ],
        "Review of the Partner Levels",
        default="preview",
        required=True,
    )
