from odoo import fields, models

TRACKED_FIELDS = frozenset({"invoice_user_id", "team_id"})


class AccountMove(models.Model):
    """Invoices know the instalment they bill; commissions follow their salesperson."""

    _inherit = "account.move"

    crm_instalment_id = fields.Many2one(
        "crm.contract.instalment",
        "Contract Instalment",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )

    _commission_salesperson_idx = models.Index(
        "(invoice_user_id, company_id) WHERE move_type IN ('out_invoice', 'out_refund')"
    )

    def write(self, vals):
        """Compute commissions again, for who had the invoice before and who has it now."""
        if not TRACKED_FIELDS & vals.keys():
            return super().write(vals)
        posted = self.filtered(lambda move: move.state == "posted" and move.is_sale_document())
        payees = posted.invoice_user_id.partner_id
        self.env["crm.commission.statement"]._mark_payees_dirty(payees, posted)
        result = super().write(vals)
        self.env["crm.subledger.mixin"]._subledger_documents_dirty(posted)
        return result
