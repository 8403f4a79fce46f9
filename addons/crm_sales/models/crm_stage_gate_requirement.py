from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import is_html_empty


class CrmStageGateRequirement(models.Model):
    """One thing that a stage gate asks for."""

    _name = "crm.stage.gate.requirement"
    _description = "Requirement of a Stage Gate"
    _order = "gate_id, sequence, id"

    gate_id = fields.Many2one("crm.stage.gate", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(
        [
            ("field", "Field filled in"),
            ("activity", "Activity done"),
            ("document", "Document attached"),
            ("quotation", "Quotation sent"),
        ],
        "What",
        required=True,
        default="field",
    )
    field_id = fields.Many2one(
        "ir.model.fields",
        ondelete="set null",
        domain=[("model", "=", "crm.lead"), ("store", "=", True)],
    )
    field_name = fields.Char(
        "Technical Name",
        compute="_compute_field_name",
        store=True,
        readonly=False,
        help="Kept when the field is removed from the database, so that the gate can say so.",
    )
    activity_type_id = fields.Many2one("mail.activity.type", ondelete="restrict")
    document_kind_id = fields.Many2one("crm.document.kind", ondelete="restrict")
    hint = fields.Char(
        "What to Do", translate=True, help="Shown to the salesperson with what is missing."
    )

    @api.depends("field_id")
    def _compute_field_name(self):
        for requirement in self:
            if requirement.field_id:
                requirement.field_name = requirement.field_id.name

    @api.depends("kind", "field_name", "activity_type_id", "document_kind_id")
    def _compute_display_name(self):
        for requirement in self:
            requirement.display_name = requirement._row()["text"]

    @api.constrains("kind", "field_name", "activity_type_id", "document_kind_id")
    def _check_target(self):
        for requirement in self:
            problem = requirement._find_problem()
            if problem:
                raise ValidationError(problem)

    def _find_problem(self):
        """Return what is wrong with this requirement, or False."""
        self.ensure_one()
        if self.kind == "field" and self.field_name not in self.env["crm.lead"]._fields:
            if not self.field_name:
                return self.env._("Gate “%s”: choose the field to fill in.", self.gate_id.name)
            return self.env._(
                "Gate “%(gate)s” names the field %(field)s, which opportunities do not have (any "
                "more). A sales administrator must take it out of the gate, or restore the field.",
                gate=self.gate_id.name,
                field=self.field_name,
            )
        if self.kind == "activity" and not self.activity_type_id:
            return self.env._("Gate “%s”: choose the type of the activity.", self.gate_id.name)
        if self.kind == "document" and not self.document_kind_id:
            return self.env._("Gate “%s”: choose the kind of the document.", self.gate_id.name)
        return False

    # ------------------------------------------------------------------

    def _lacking(self, leads):
        """Return the leads that do not have this; one query, however many leads."""
        self.ensure_one()
        if not leads:
            return leads
        if self.kind == "field":
            return self._lacking_field(leads)
        found = getattr(self, f"_having_{self.kind}")(leads)
        return leads.filtered(lambda lead: lead.id not in found)

    def _lacking_field(self, leads):
        if self._find_problem():
            return leads  # a gate that can no longer be checked stops, and says why
        field = leads._fields[self.field_name]
        if field.type == "html":
            return leads.filtered(lambda lead: is_html_empty(lead[self.field_name]))
        return leads.filtered(lambda lead: not lead[self.field_name])

    def _having_activity(self, leads):
        groups = (
            self.env["mail.activity"]
            .with_context(active_test=False)
            ._read_group(
                [
                    ("res_model", "=", "crm.lead"),
                    ("res_id", "in", leads.ids),
                    ("activity_type_id", "=", self.activity_type_id.id),
                    ("active", "=", False),
                    ("date_done", "!=", False),
                ],
                ["res_id"],
            )
        )
        return {res_id for [res_id] in groups}

    def _having_document(self, leads):
        groups = self.env["crm.lead.document"]._read_group(
            [("lead_id", "in", leads.ids), ("kind_id", "=", self.document_kind_id.id)],
            ["lead_id"],
        )
        return {lead.id for [lead] in groups}

    def _having_quotation(self, leads):
        groups = self.env["sale.order"]._read_group(
            [("opportunity_id", "in", leads.ids), ("state", "in", ("sent", "sale"))],
            ["opportunity_id"],
        )
        return {lead.id for [lead] in groups}

    def _row(self):
        """Return what is missing as the user reads it."""
        self.ensure_one()
        text, where = getattr(self, f"_explain_{self.kind}")()
        return {"kind": self.kind, "text": text, "hint": self.hint or where}

    def _explain_field(self):
        problem = self._find_problem()
        if problem:
            return problem, ""
        label = self.env["crm.lead"]._fields[self.field_name]._description_string(self.env)
        return self.env._("Field “%s”", label), self.env._("fill it in on the opportunity")

    def _explain_activity(self):
        return (
            self.env._("Activity “%s” done", self.activity_type_id.name),
            self.env._("schedule it in the chatter and mark it as done"),
        )

    def _explain_document(self):
        return (
            self.env._("Document “%s”", self.document_kind_id.name),
            self.env._("attach it on the page Documents"),
        )

    def _explain_quotation(self):
        return (
            self.env._("Quotation sent to the customer"),
            self.env._("create it with “New Quotation” and send it by email"),
        )
