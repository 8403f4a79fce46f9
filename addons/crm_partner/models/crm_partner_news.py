from odoo import fields, models


class CrmPartnerNews(models.Model):
    """News for partners, shown from a day to a day to the levels that it is for."""

    _name = "crm.partner.news"
    _description = "Partner News"
    _inherit = ["mail.thread", "crm.partner.audience.mixin"]
    _order = "is_pinned desc, date_from desc, id desc"

    name = fields.Char("Headline", required=True, translate=True, tracking=True)
    body = fields.Html(translate=True)
    is_pinned = fields.Boolean("On Top")
    active = fields.Boolean(default=True)
