from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

from ..tools import read_label

OPERATIONS = [
    ("confirm", "Confirm"),
    ("send", "Send"),
    ("publish", "Publish"),
    ("pay", "Pay"),
    ("post", "Post"),
    ("merge", "Merge"),
]


def operations(records):
    """Return the operations of rules; other addons add to the field of the rule alone."""
    return records.env["crm.approval.rule"]._fields["operation"]._description_selection(records.env)


class CrmApprovalRule(models.Model):
    """Which documents need whose approval before which operation.

    Of the rules of a model and operation, the first one that fits a document applies to it.
    """

    _name = "crm.approval.rule"
    _description = "Approval Rule"
    _inherit = ["crm.condition.mixin"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    model_id = fields.Many2one(
        "ir.model",
        "Document",
        required=True,
        ondelete="cascade",
        domain=lambda self: [("model", "in", self._approvable_models())],
    )
    model = fields.Char(related="model_id.model", store=True, index=True)
    operation = fields.Selection(OPERATIONS, required=True, default="confirm")
    company_id = fields.Many2one("res.company", index=True)
    threshold_ids = fields.One2many("crm.approval.rule.threshold", "rule_id", "Thresholds")
    threshold_mode = fields.Selection(
        [("any", "one of them is met"), ("all", "all of them are met")],
        "Apply When",
        default="any",
        required=True,
    )
    snapshot_fields = fields.Char(
        "Fields That Matter",
        help="Names of fields, separated by commas; a dot leads into lines, as in "
        "order_line.price_unit. When one of them changes after the approval, the document needs "
        "another one. What the document itself says matters is always among them.",
    )
    mode = fields.Selection(
        [("sequence", "One after the other"), ("parallel", "At the same time")],
        "Steps",
        default="sequence",
        required=True,
    )
    step_ids = fields.One2many("crm.approval.rule.step", "rule_id", "Approval Steps", copy=True)
    time_unit = fields.Selection(
        [("calendar", "All hours"), ("working", "Working hours")],
        "Time Limits Count",
        default="calendar",
        required=True,
        help="Working hours leave out nights, breaks, days off and public holidays.",
    )
    resource_calendar_id = fields.Many2one(
        "resource.calendar",
        "Working Time",
        ondelete="restrict",
        domain="['|', ('company_id', '=', False), ('company_id', '=?', company_id)]",
        help="Left empty, the working time of the document's company counts.",
    )
    note = fields.Html("Guidance", help="Shown to the approvers.", translate=True)
    request_count = fields.Integer(compute="_compute_request_count")

    # ------------------------------------------------------------------

    @api.model
    def _approvable_models(self):
        mixin = self.env.registry["crm.approval.mixin"]
        return [
            name
            for name, model in self.env.registry.items()
            if issubclass(model, mixin) and not model._abstract
        ]

    @api.depends("snapshot_fields", "model_id", "step_ids.approver_field")
    def _compute_problem(self):
        return super()._compute_problem()

    def _check_usable(self):
        result = super()._check_usable()
        self._check_snapshot_fields()
        for step in self.step_ids.filtered(lambda step: step.approver_kind == "field"):
            step._check_approver_field()
        return result

    def _compute_request_count(self):
        groups = self.env["crm.approval.request"]._read_group(
            [("rule_id", "in", self.ids)], ["rule_id"], ["__count"]
        )
        counts = {rule.id: count for rule, count in groups}
        for rule in self:
            rule.request_count = counts.get(rule.id, 0)

    # ------------------------------------------------------------------
    # Bad input
    # ------------------------------------------------------------------

    @api.constrains("model_id", "domain")
    def _check_domain(self):
        return super()._check_domain()

    def _condition_model(self):
        return self._document_model()

    def _condition_refused(self, error):
        return self.env._(
            "The condition of rule %(rule)s cannot be used: %(error)s. Build it anew "
            "with the editor of the condition.",
            rule=self.name,
            error=error,
        )

    def _condition_broken(self, error):
        return self.env._(
            "Approval rule %(rule)s cannot be evaluated (%(error)s), so the document has "
            "to wait. An approval administrator must mend the rule.",
            rule=self.name,
            error=error,
        )

    @api.constrains("model_id", "snapshot_fields", "operation")
    def _check_snapshot_fields(self):
        for rule in self:
            model = rule._document_model()
            for path in rule._own_snapshot_fields():
                try:
                    read_label(model, path)
                except KeyError as error:
                    raise ValidationError(
                        self.env._(
                            "Rule %(rule)s: %(field)s is no field of %(model)s. Take it out of the "
                            "fields that matter, or restore the field.",
                            rule=rule.name,
                            field=path,
                            model=rule.model_id.name,
                        )
                    ) from error

    @api.constrains("step_ids", "active")
    def _check_steps(self):
        for rule in self.filtered("active"):
            if not rule.step_ids:
                raise ValidationError(
                    self.env._("Rule %s has no step: nobody could approve. Add a step.", rule.name)
                )

    @api.constrains("time_unit", "resource_calendar_id", "company_id")
    def _check_working_time(self):
        for rule in self.filtered(lambda rule: rule.time_unit == "working"):
            calendar = rule.resource_calendar_id
            if calendar and not calendar.attendance_ids:
                raise ValidationError(
                    self.env._(
                        "Rule %(rule)s: the working time %(calendar)s has no hours, no time limit "
                        "would ever end. Enter its hours or choose another one.",
                        rule=rule.name,
                        calendar=calendar.name,
                    )
                )
            if calendar.company_id and rule.company_id not in (calendar.company_id, rule._nobody()):
                raise ValidationError(
                    self.env._(
                        "Rule %(rule)s: the working time %(calendar)s belongs to %(company)s. "
                        "Choose one of the rule's company, or leave it empty.",
                        rule=rule.name,
                        calendar=calendar.name,
                        company=calendar.company_id.name,
                    )
                )

    def _document_model(self):
        """Return the empty recordset of the rule's documents.

        :raise ValidationError: if the model does not take part in approvals
        """
        self.ensure_one()
        if self.model not in self._approvable_models():
            raise ValidationError(
                self.env._(
                    "Rule %(rule)s: %(model)s takes no part in approvals. Choose another document, "
                    "or install the addon that brings it in.",
                    rule=self.name,
                    model=self.model_id.name or "",
                )
            )
        return self.env[self.model]

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Add rules; all workers see them once this is committed.

        :raises ValidationError: a rule without steps
        """
        rules = super().create(vals_list)
        self.env.registry.clear_cache()
        # A rule without any step is not seen by the constraint on its steps.
        rules._check_steps()
        return rules

    def write(self, vals):
        """Change rules for what is requested from now on; open requests keep their steps."""
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        """Remove rules that nothing was requested by."""
        self.env.registry.clear_cache()
        return super().unlink()

    def action_view_requests(self):
        """Open the requests that this rule asked for."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_approval.crm_approval_request_action"
        )
        return {**action, "domain": [("rule_id", "=", self.id)], "context": {}}

    # ------------------------------------------------------------------
    # Business
    # ------------------------------------------------------------------

    @api.model
    @ormcache("model", "operation")
    def _rule_ids(self, model, operation):
        domain = [("model", "=", model), ("operation", "=", operation), ("active", "=", True)]
        # sudo: a rule binds people who cannot read it; no context may change the answer
        # pylint: disable-next=context-overridden
        return tuple(self.sudo().with_context({}).search(domain).ids)

    @api.model
    @ormcache("model")
    def _operations(self, model):
        domain = [("model", "=", model), ("active", "=", True)]
        # sudo: as above
        # pylint: disable-next=context-overridden
        rules = self.sudo().with_context({}).search(domain)
        return tuple(dict.fromkeys(rules.mapped("operation")))

    @api.model
    def _match(self, records, operation):
        """Return {record id: rule} of the records that a rule applies to.

        :raise UserError: if a rule can no longer be evaluated; a broken rule stops documents
        """
        found, remaining = {}, records
        # sudo: a rule binds people who cannot read it
        for rule in self.sudo().browse(self._rule_ids(records._name, operation)):
            fitting = rule._fitting(remaining)
            found.update(dict.fromkeys(fitting.ids, rule))
            remaining -= fitting
            if not remaining:
                break
        return found

    def _fitting(self, records):
        with self._evaluating():
            if self.company_id:
                records = records.filtered(
                    lambda record: record._approval_company() in (self.company_id, self._nobody())
                )
            fitting = records.filtered_domain(self._parsed_domain())
            return fitting.filtered(self._thresholds_met) if self.threshold_ids else fitting

    def _nobody(self):
        return self.env["res.company"]

    def _thresholds_met(self, record):
        check = any if self.threshold_mode == "any" else all
        return check(line._is_met(record) for line in self.threshold_ids)

    def _working_time(self, company):
        """Return the calendar in whose hours time limits count, empty for all hours."""
        if self.time_unit == "working":
            return self.resource_calendar_id or company.resource_calendar_id
        return self.env["resource.calendar"]

    def _own_snapshot_fields(self):
        return [path.strip() for path in (self.snapshot_fields or "").split(",") if path.strip()]

    def _condition_fields(self):
        """Return the document's own fields that the condition and the thresholds look at."""
        names = {
            str(leaf.field_expr).split(".")[0].split(":")[0]
            for leaf in self._parsed_domain().iter_conditions()
        }
        names |= set(self.threshold_ids.mapped("figure"))
        return sorted(names & set(self.env[self.model]._fields) - {"id"})
