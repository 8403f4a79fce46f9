from odoo import api, fields, models


class CrmPartnerNotify(models.TransientModel):
    """Says to how many people a mail about content or news would go, and sends it."""

    _name = "crm.partner.notify"
    _description = "Notify Partners"

    content_id = fields.Many2one("crm.partner.content", readonly=True)
    news_id = fields.Many2one("crm.partner.news", readonly=True)
    people_count = fields.Integer("Get a Mail", compute="_compute_people")
    company_count = fields.Integer("Partners", compute="_compute_people")
    unwanted_count = fields.Integer(
        "Want no Mails",
        compute="_compute_people",
        help="They stopped these mails in the portal, or their address is on the blacklist.",
    )
    without_count = fields.Integer("Have no Address", compute="_compute_people")

    @api.depends("content_id", "news_id")
    def _compute_people(self):
        for wizard in self:
            people, unwanted, without = wizard._subject()._notify_people()
            wizard.people_count = len(people)
            wizard.company_count = len(people.commercial_partner_id)
            wizard.unwanted_count = len(unwanted)
            wizard.without_count = len(without)

    def _subject(self):
        """Return what the mail is about."""
        return self.content_id or self.news_id

    def action_send(self):
        """Send the mails, and say to how many people.

        :raise UserError: if it was told already, is not shown today, or nobody would get it
        """
        self.ensure_one()
        count = self._subject()._notify_partners()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("Sent to %s people.", count),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
