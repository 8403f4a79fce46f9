from odoo import fields, models


class CrmPartnerNews(models.Model):
    """News for partners, shown from a day to a day to the levels that it is for."""

    _name = "crm.partner.news"
    _description = "Partner News"
    _inherit = ["mail.thread", "crm.partner.audience.notify"]
    _order = "is_pinned desc, date_from desc, id desc"

    name = fields.Char("Headline", required=True, translate=True, tracking=True)
    body = fields.Html(translate=True)
    is_pinned = fields.Boolean("On Top")
    active = fields.Boolean(default=True)

    def _notify_context(self):
        return {"default_news_id": self.id}

    def _notify_template(self):
        return self.env.ref("crm_partner.mail_template_news")
