from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from .crm_merge_rule import STRATEGIES

REASONS = [
    *STRATEGIES,
    ("only", "Only value there is"),
    ("agree", "All records agree"),
    ("empty", "No record has a value"),
    ("manual", "Chosen by hand"),
]


class CrmMergeValue(models.Model):
    """One line of the preview of the golden record: a field, what each record says, who wins."""

    _name = "crm.merge.value"
    _description = "Value of the Golden Record"
    _order = "merge_id, sequence, id"
    _rec_name = "label"

    merge_id = fields.Many2one("crm.merge", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer()
    field_name = fields.Char(required=True, readonly=True)
    label = fields.Char("Field", compute="_compute_label")
    partner_ids = fields.Many2many(related="merge_id.partner_ids")
    chosen_id = fields.Many2one(
        "res.partner",
        "Value From",
        required=True,
        ondelete="cascade",
        domain="[('id', 'in', partner_ids)]",
        context={"active_test": False, "show_merged": True},
    )
    rule_chosen_id = fields.Many2one("res.partner", readonly=True, ondelete="cascade")
    rule_reason = fields.Char(readonly=True)
    reason = fields.Selection(REASONS, "Why", compute="_compute_reason")
    differs = fields.Boolean(readonly=True, help="The records do not agree.")
    shown = fields.Json(readonly=True)
    chosen_value = fields.Char("Golden Record", compute="_compute_chosen_value")
    values_html = fields.Html("All Values", compute="_compute_values_html", sanitize=False)

    @api.depends("field_name")
    @api.depends_context("lang")
    def _compute_label(self):
        partner_fields = self.env["res.partner"]._fields
        for value in self:
            field = partner_fields.get(value.field_name)
            if value.field_name == "street":
                value.label = self.env._("Address")
            else:
                value.label = field._description_string(self.env) if field else value.field_name

    @api.depends("chosen_id", "rule_chosen_id", "rule_reason")
    def _compute_reason(self):
        known = dict(REASONS)
        for value in self:
            by_rule = value.chosen_id == value.rule_chosen_id and value.rule_reason in known
            value.reason = value.rule_reason if by_rule else "manual"

    @api.depends("chosen_id", "shown")
    def _compute_chosen_value(self):
        for value in self:
            value.chosen_value = (value.shown or {}).get(str(value.chosen_id.id)) or False

    @api.depends("shown", "chosen_id")
    def _compute_values_html(self):
        for value in self:
            rows = [
                Markup("<div class='%s'>%s</div>")
                % (
                    "fw-bold" if int(partner_id) == value.chosen_id.id else "text-muted",
                    text or "—",
                )
                for partner_id, text in (value.shown or {}).items()
            ]
            value.values_html = Markup().join(rows)

    @api.constrains("chosen_id", "merge_id")
    def _check_chosen(self):
        for value in self:
            if value.chosen_id not in value.merge_id.partner_ids:
                raise UserError(
                    self.env._("The value must come from one of the records that are merged.")
                )

    def write(self, vals):
        """Choose the record whose value survives.

        :raises UserError: the merge is no draft, or anything else is written
        """
        if not self.env.su and set(vals) - {"chosen_id"}:
            raise UserError(self.env._("Only the record that a value comes from can be chosen."))
        self.merge_id._check_draft()
        return super().write(vals)
