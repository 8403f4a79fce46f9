from odoo import models


class AccountPartialReconcile(models.Model):
    _inherit = "account.partial.reconcile"

    _commission_date_idx = models.Index("(company_id, max_date)")
