from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine import agreement


class CrmPartnerAgreementTemplate(models.Model):
    """The text of a partner agreement, in versions; a version that was sent stays as it is."""

    _name = "crm.partner.agreement.template"
    _description = "Text of a Partner Agreement"
    _order = "name, version desc, id desc"

    name = fields.Char(required=True)
    version = fields.Integer(default=1, readonly=True, copy=False)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        help="Language of the text: of its headings, dates and numbers on the PDF.",
    )
    grade_ids = fields.Many2many(
        "res.partner.grade",
        "crm_partner_agreement_grade_rel",
        "template_id",
        "grade_id",
        string="Levels",
        help="Offered to partners of these levels; empty: to all.",
    )
    months = fields.Integer("Valid for (months)", default=12, help="0: without an end.")
    remind_days = fields.Integer("Remind before (days)", default=30)
    body = fields.Html(
        "Text",
        required=True,
        help="Placeholders: {{partner}}, {{uscc}}, {{address}}, {{company}}, {{level}}, {{date}},"
        " {{valid_until}}, {{number}}.",
    )
    agreement_ids = fields.One2many("crm.partner.agreement", "template_id")
    agreement_count = fields.Integer(compute="_compute_agreement_count")

    _months_positive = models.Constraint(
        "CHECK(months >= 0 AND remind_days >= 0)", "Months and days must not be negative."
    )

    @api.depends("name", "version")
    def _compute_display_name(self):
        for template in self:
            template.display_name = f"{template.name or ''} v{template.version}"

    @api.depends("agreement_ids")
    def _compute_agreement_count(self):
        for template in self:
            template.agreement_count = len(template.agreement_ids)

    @api.constrains("body")
    def _check_placeholders(self):
        for template in self:
            unknown = agreement.unknown(template.body or "")
            if unknown:
                raise ValidationError(
                    self.env._(
                        "The text of %(name)s has placeholders that nothing fills:"
                        " %(placeholders)s.",
                        name=template.name,
                        placeholders=", ".join(unknown),
                    )
                )

    def write(self, vals):
        """Keep a text that partners have.

        :raises UserError: its agreements were sent
        """
        if vals.keys() & {"body", "version"} and any(template._sent() for template in self):
            raise UserError(
                self.env._("This version has been sent to partners. Make a new version of it.")
            )
        return super().write(vals)

    def _sent(self):
        # sudo: whether it was sent to anybody, also to partners of other channel managers
        return any(document.state != "draft" for document in self.sudo().agreement_ids)

    def action_new_version(self):
        """Copy the text as the next version, and archive this one."""
        self.ensure_one()
        self.check_access("write")
        newest = max(
            self.with_context(active_test=False)
            .search([("name", "=", self.name), ("company_id", "=", self.company_id.id)])
            .mapped("version")
        )
        copy = self.copy({"name": self.name})
        copy.version = newest + 1
        self.active = False
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": copy.id,
            "view_mode": "form",
        }

    def action_view_agreements(self):
        """Open the agreements with this text."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Agreements"),
            "res_model": "crm.partner.agreement",
            "view_mode": "list,form",
            "domain": [("template_id", "in", self.ids)],
            "context": {"default_template_id": self[:1].id},
        }
