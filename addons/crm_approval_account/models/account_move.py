from odoo import api, models

GATED = ("in_invoice", "in_refund", "in_receipt", "out_refund")


class AccountMove(models.Model):
    """Invoices, bills and entries are posted with the approvals that the rules ask for."""

    _name = "account.move"
    _inherit = ["account.move", "crm.approval.mixin"]

    # ------------------------------------------------------------------
    # What is approved
    # ------------------------------------------------------------------

    def _approval_snapshot_fields(self, operation):
        return [
            *super()._approval_snapshot_fields(operation),
            "move_type",
            "partner_id",
            "currency_id",
            "amount_total",
            "partner_bank_id",
            "invoice_line_ids.product_id",
            "invoice_line_ids.quantity",
            "invoice_line_ids.price_unit",
            "invoice_line_ids.account_id",
        ]

    def _approval_snapshot_figures(self, operation):
        """Add the total and the untaxed amount in company currency, without sign."""
        return {
            **super()._approval_snapshot_figures(operation),
            "amount": abs(self.amount_untaxed_signed),
            "total": abs(self.amount_total_signed),
        }

    def _approval_figure_labels(self, operation):
        return {
            **super()._approval_figure_labels(operation),
            "amount": self.env._("Untaxed amount (company currency)"),
            "total": self.env._("Total (company currency)"),
        }

    def _approval_needed(self, operation):
        """Vendor bills and credit notes only: a customer's payment posts invoices by itself."""
        moves = self.filtered(lambda move: move.move_type in GATED)
        return super(AccountMove, moves)._approval_needed(operation)

    def _approval_ahead(self, operation):
        moves = super()._approval_ahead(operation)
        if operation == "post":
            return moves.filtered(lambda move: move.state == "draft")
        return moves

    # ------------------------------------------------------------------
    # Gates
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Gate what is created as posted.

        :raises UserError: an approval is missing
        """
        moves = super().create(vals_list)
        moves.filtered(lambda move: move.state == "posted")._approval_gate("post")
        return moves

    def write(self, vals):
        """Gate every way into posted, before and after: see the comment.

        :raises UserError: an approval is missing
        """
        if vals.get("state") != "posted":
            return super().write(vals)
        moves = self.filtered(lambda move: move.state != "posted")
        moves._approval_gate("post")
        result = super().write(vals)
        # Again: what was written together with the state is part of what is approved.
        moves._approval_gate("post")
        return result

    def _post(self, soft=True):
        self._approval_gate("post")
        return super()._post(soft)
