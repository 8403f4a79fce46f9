from odoo import api, models

MAILS = {"email", "comment", "email_outgoing", "auto_comment"}


class MailMessage(models.Model):
    """E-mails and comments move customers between segments."""

    _inherit = "mail.message"

    # --- segments ---

    @api.model_create_multi
    def create(self, vals_list):
        """Have evaluated who wrote and who was written to."""
        messages = super().create(vals_list)
        mails = messages.filtered(lambda one: one.message_type in MAILS)
        if mails:
            # sudo: only the ids of who wrote and who was written to
            mails = mails.sudo()
            self.env["crm.segment.dirty"]._mark({*mails.author_id.ids, *mails.partner_ids.ids})
        return messages
