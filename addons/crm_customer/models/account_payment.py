from odoo import models


class AccountPayment(models.Model):
    """Payments are found by customer and day, and move customers between segments."""

    _name = "account.payment"
    _inherit = ["account.payment", "crm.segment.source"]

    # Odoo finds payments through their journal entries; the timeline needs those of a customer.
    _partner_date_idx = models.Index("(partner_id, date DESC, id DESC)")

    _segment_watched = frozenset({"state", "date", "partner_id"})
