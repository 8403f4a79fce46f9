from odoo import models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    # Odoo finds payments through their journal entries; the timeline needs those of a customer.
    _partner_date_idx = models.Index("(partner_id, date DESC, id DESC)")
