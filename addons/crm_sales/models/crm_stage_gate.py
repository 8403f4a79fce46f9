from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import ormcache

MAX_LEADS = 5  # opportunities that one message names


class CrmStageGate(models.Model):
    """What must hold before an opportunity may enter a stage.

    The gates bind whoever moves the opportunity and however: the web client, an import, the API,
    the superuser. What is checked is the state after the write, so that a stage and what it needs
    may come together.
    """

    _name = "crm.stage.gate"
    _description = "Stage Gate"
    _inherit = ["crm.kept.mixin", "crm.condition.mixin"]
    _order = "stage_id, sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    stage_id = fields.Many2one(
        "crm.stage", "Before Entering", required=True, ondelete="cascade", index=True
    )
    team_ids = fields.Many2many("crm.team", string="Pipelines", help="Empty: all teams.")
    company_id = fields.Many2one("res.company", index=True, help="Empty: all companies.")
    domain = fields.Char("For Opportunities", help="Only the opportunities that match are held.")
    when_skipped = fields.Boolean(
        "Also When Skipped",
        default=True,
        help="Checked as well when an opportunity jumps over this stage to a later one.",
    )
    requirement_ids = fields.One2many(
        "crm.stage.gate.requirement", "gate_id", "Requirements", copy=True
    )
    approval = fields.Boolean(
        "Approval Needed",
        help="Somebody else must approve before. Who: the approval rules of opportunities with "
        "the operation “Enter a stage”; without such a rule, a sales administrator.",
    )

    @api.depends("requirement_ids.field_name")
    def _compute_problem(self):
        return super()._compute_problem()

    def _check_usable(self):
        result = super()._check_usable()
        self.requirement_ids._check_target()
        return result

    # ------------------------------------------------------------------
    # Bad input
    # ------------------------------------------------------------------

    def _condition_model(self):
        return self.env["crm.lead"]

    def _condition_refused(self, error):
        return self.env._(
            "Gate “%(gate)s”: the condition on opportunities cannot be used: "
            "%(error)s. Build it anew with the editor of the condition.",
            gate=self.name,
            error=error,
        )

    def _condition_broken(self, error):
        return self.env._(
            "Gate “%(gate)s” before the stage %(stage)s cannot be evaluated: %(error)s. "
            "A sales administrator must mend it under Configuration > Pipeline "
            "Discipline > Stage Gates.",
            gate=self.name,
            stage=self.stage_id.name,
            error=error,
        )

    @api.constrains("stage_id", "team_ids")
    def _check_teams(self):
        for gate in self:
            strangers = gate.team_ids - gate.stage_id.team_ids
            if gate.stage_id.team_ids and strangers:
                raise ValidationError(
                    self.env._(
                        "Gate “%(gate)s”: the stage %(stage)s is not in the pipeline of "
                        "%(teams)s. Take them out, or share the stage with them.",
                        gate=gate.name,
                        stage=gate.stage_id.name,
                        teams=", ".join(strangers.mapped("name")),
                    )
                )

    # ------------------------------------------------------------------
    # Which gates an opportunity passes
    # ------------------------------------------------------------------

    @api.model
    @ormcache()
    def _gate_ids(self):
        """Return ``{stage id: gate ids}`` of the active gates."""
        # sudo: gates bind people who cannot read them; no context may change the answer
        # pylint: disable-next=context-overridden
        gates = self.sudo().with_context({}).search([("active", "=", True)])
        return {stage.id: tuple(group.ids) for stage, group in gates.grouped("stage_id").items()}

    @api.model
    def _for_stage(self, stage):
        # sudo: as above
        return self.sudo().browse(self._gate_ids().get(stage.id, ()))

    @api.model
    def _applies(self):
        """Whether anything in this database could hold an opportunity."""
        return bool(self._gate_ids() or self.env["crm.playbook"]._mandatory_item_ids())

    @api.model
    def _enter(self, leads, before):
        """Raise when opportunities reached a stage without what its gates ask for.

        :param leads: what was created or written
        :param dict before: stage of each of them before, by id; a stage that is missing here is
            that in which Odoo puts new opportunities of its team
        :raise UserError: names every opportunity and everything that is missing
        """
        if not self._applies():
            return
        leads = self._unbound(leads).filtered(lambda lead: lead.type == "opportunity")
        pipelines = {
            team: team._pipeline_stages() for team in [leads.browse().team_id, *leads.team_id]
        }
        paths = {}
        for lead in leads:
            path = self._path(pipelines[lead.team_id], before.get(lead.id), lead.stage_id)
            if path:
                paths[lead] = path
        missing = self._missing(paths)
        if any(missing.values()):
            raise UserError(self._message(missing, paths))

    @api.model
    def _unbound(self, leads):
        """Return the leads as the gates see them: completely, whatever the context says."""
        # sudo: the gate must know the opportunity; it only says what is missing on it
        return leads.sudo().with_context({})  # pylint: disable=context-overridden

    @api.model
    def _path(self, stages, origin, target):
        """Return ``(origin, stages to enter)`` of a move forward; None when there is none.

        :param stages: the pipeline, in order
        """
        origin = origin or stages.filtered(lambda stage: not stage.fold)[:1]
        if not target or origin == target:
            return None
        ids = stages.ids
        start = ids.index(origin.id) if origin in stages else 0
        end = ids.index(target.id) if target in stages else -1
        if end < 0:
            return (origin, target)
        if end <= start:
            return None
        between = stages[start + 1 : end].filtered(lambda stage: not stage.is_won)
        return (origin, between | target)

    @api.model
    def _missing(self, paths):
        """Return ``{lead: [what is missing]}`` for moves, in a number of queries without leads.

        :param dict paths: ``(origin, stages to enter)`` by lead
        :return: rows with ``stage``, ``text``, ``hint`` and ``kind``
        """
        result = {lead: [] for lead in paths}
        by_gate = defaultdict(lambda: self.env["crm.lead"])
        for lead, (origin, stages) in paths.items():
            result[lead] += self.env["crm.playbook"]._missing_on_leaving(lead, origin)
            for stage in stages:
                for gate in self._for_stage(stage):
                    if gate.when_skipped or stage == stages[-1:]:
                        by_gate[gate] |= lead
        for gate, leads in by_gate.items():
            for lead, rows in gate._missing_of(gate._fitting(leads)).items():
                result[lead] += [dict(row, stage=gate.stage_id.name) for row in rows]
        return result

    def _fitting(self, leads):
        """Return the leads that this gate holds.

        :raise UserError: the condition cannot be evaluated any more; the lead has to wait
        """
        self.ensure_one()
        if self.team_ids:
            leads = leads.filtered(lambda lead: lead.team_id in self.team_ids)
        if self.company_id:
            leads = leads.filtered(
                lambda lead: lead.company_id in (self.company_id, self.company_id.browse())
            )
        with self._evaluating():
            return leads.filtered_domain(self._parsed_domain())

    def _missing_of(self, leads):
        """Return ``{lead: rows}`` of what the leads lack for this gate."""
        result = {lead: [] for lead in leads}
        for requirement in self.requirement_ids:
            for lead in requirement._lacking(leads):
                result[lead].append(requirement._row())
        if self.approval:
            for lead in leads:
                row = self._approval_row(lead)
                if row:
                    result[lead].append(row)
        return result

    def _approval_row(self, lead):
        """Return what is missing of the approval to enter the stage, or None."""
        asked = lead.approval_stage_id == self.stage_id
        if asked and not lead._approval_missing("stage"):
            return None
        pending = self.env["crm.approval.request"]._of(lead, "stage", ["pending"])
        if asked and pending:
            hint = self.env._(
                "It was requested and is waiting for %s.",
                ", ".join(pending.approver_ids.mapped("name")),
            )
        else:
            hint = self.env._("Use “Request Approval” on the page Stage Guide.")
        return {
            "kind": "approval",
            "text": self.env._("Approval to enter the stage %s", self.stage_id.name),
            "hint": hint,
            "waiting": bool(asked and pending),
        }

    # ------------------------------------------------------------------
    # What the user reads
    # ------------------------------------------------------------------

    @api.model
    def _message(self, missing, paths):
        held = [lead for lead, rows in missing.items() if rows]
        blocks = [self._message_of(lead, paths[lead][1][-1:], missing[lead]) for lead in held]
        if len(held) > MAX_LEADS:
            more = self.env._("And %s more opportunities.", len(held) - MAX_LEADS)
            blocks = [*blocks[:MAX_LEADS], more]
        return "\n\n".join(blocks)

    @api.model
    def _message_of(self, lead, target, rows):
        lines = [
            self.env._(
                "“%(lead)s” cannot enter the stage %(stage)s yet. Missing:",
                lead=lead.name,
                stage=target.name,
            )
        ]
        lines += [self._line(row, target) for row in rows]
        return "\n".join(lines)

    @api.model
    def _line(self, row, target):
        text = f"• {row['text']}"
        if row["stage"] != target.name:
            text += self.env._(" (for the stage %s)", row["stage"])
        return f"{text}: {row['hint']}" if row["hint"] else text
