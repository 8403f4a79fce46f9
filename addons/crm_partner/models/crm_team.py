from odoo import fields, models


class CrmTeam(models.Model):
    """A sales team may hand its new leads to channel partners."""

    _inherit = "crm.team"

    # --- leads: distribution to channel partners ---
    channel_distribute = fields.Boolean(
        "Leads Go to Partners",
        help="New leads of this team without a salesperson are distributed to channel partners.",
    )
