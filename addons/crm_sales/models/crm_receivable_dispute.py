from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class CrmReceivableDispute(models.Model):
    """An invoice that the customer disputes; while it is open, no letter is sent about it."""

    _name = "crm.receivable.dispute"
    _description = "Disputed Invoice"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "reason"

    move_id = fields.Many2one(
        "account.move", "Invoice", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="move_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(
        related="move_id.commercial_partner_id", store=True, index=True, string="Customer"
    )
    user_id = fields.Many2one(
        "res.users", "Noted by", required=True, default=lambda self: self.env.user, index=True
    )
    reason = fields.Char(required=True, tracking=True)
    closed_on = fields.Date(readonly=True, copy=False, tracking=True)
    resolution = fields.Char("How It Ended", tracking=True)

    @api.model_create_multi
    def create(self, vals_list):
        """Note disputes; disputed invoices are not dunned.

        :raises AccessError: the user does not see the invoice among the receivables
        """
        disputes = super().create(vals_list)
        rows = self.env["crm.receivable"].search([("move_id", "in", disputes.move_id.ids)])
        if disputes.move_id - rows.move_id:
            raise AccessError(
                self.env._("Only an open invoice of a customer of yours can be disputed.")
            )
        return disputes

    def write(self, vals):
        """Change the text or end the dispute.

        :raises UserError: it would move to another invoice
        """
        if "move_id" in vals:
            raise UserError(self.env._("A dispute stays with its invoice. Note another one."))
        return super().write(vals)

    def action_close(self):
        """Close the dispute: letters may go out again."""
        self.check_access("write")
        self.filtered(lambda row: not row.closed_on).closed_on = fields.Date.context_today(self)
        return True

    def action_reopen(self):
        """Open the dispute again."""
        self.check_access("write")
        self.closed_on = False
        return True
