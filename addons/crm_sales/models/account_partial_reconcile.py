from odoo import models


class AccountPartialReconcile(models.Model):
    """An index by day: commissions on collections ask what was paid between two days."""

    _inherit = "account.partial.reconcile"

    _commission_date_idx = models.Index("(company_id, max_date)")
