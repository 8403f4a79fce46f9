from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class CrmPartnerContentVersion(models.Model):
    """One version of a content: a file or a link. What a partner has taken is never changed."""

    _name = "crm.partner.content.version"
    _description = "Version of Content for Partners"
    _order = "content_id, number desc"
    _rec_name = "number"

    content_id = fields.Many2one(
        "crm.partner.content", required=True, index=True, ondelete="cascade"
    )
    number = fields.Integer(readonly=True, copy=False)
    date = fields.Date("As of", default=fields.Date.context_today, required=True)
    file = fields.Binary(attachment=True)
    filename = fields.Char()
    url = fields.Char("Link")
    note = fields.Char("What Changed")
    log_count = fields.Integer("Taken", compute="_compute_log_count")

    _number_uniq = models.Constraint(
        "UNIQUE(content_id, number)", "Two versions of a content have the same number."
    )

    @api.depends("content_id")
    def _compute_log_count(self):
        counted = dict(
            self.env["crm.partner.content.log"]._read_group(
                [("version_id", "in", self.ids)], ["version_id"], ["__count"]
            )
        )
        for version in self:
            version.log_count = counted.get(version, 0)

    @api.depends("number", "content_id.name")
    def _compute_display_name(self):
        for version in self:
            version.display_name = f"{version.content_id.name} · {version.number}"

    @api.constrains("content_id", "file", "url")
    def _check_source(self):
        for version in self:
            if bool(version.file) == bool(version.url):
                raise ValidationError(
                    self.env._("A version has a file or a link: give one of them, not both.")
                )
            if version.url and not version.url.lower().startswith(("https://", "http://")):
                raise ValidationError(
                    self.env._("The link %s has to begin with https://.", version.url)
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Number versions from 1 within their content; a given number is not taken."""
        last = {}
        for vals in vals_list:
            content = self.env["crm.partner.content"].browse(vals["content_id"])
            number = last.get(content, max(content.version_ids.mapped("number"), default=0)) + 1
            vals["number"] = last[content] = number
        return super().create(vals_list)

    def write(self, vals):
        """Keep file, address and number of a version that a partner has taken.

        :raise UserError: one of them would change
        """
        if {"file", "filename", "url", "number", "content_id"} & set(vals) and self._taken():
            raise UserError(
                self.env._("A partner has taken this version already. Add a new version.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_not_taken(self):
        if self._taken():
            raise UserError(
                self.env._(
                    "A partner has taken this version: it stays with the log. Add a new one."
                )
            )

    def _taken(self):
        # sudo: the log of all partners counts, whoever asks
        return bool(
            self.env["crm.partner.content.log"]
            .sudo()
            .search_count([("version_id", "in", self.ids)], limit=1)
        )
