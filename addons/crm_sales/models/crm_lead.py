from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .crm_deal_member import NESTED

#: A write of one of these may move an opportunity to another stage, or decide it.
MOVING_FIELDS = frozenset({"stage_id", "team_id", "user_id", "type", "active", "probability"})
#: A write of one of these may change how healthy an opportunity is.
HEALTH_FIELDS = frozenset(
    {"stage_id", "partner_id", "date_deadline", "expected_revenue", "active", "type"}
)


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = ["crm.lead", "crm.approval.mixin"]

    # --- deal team ---
    deal_member_ids = fields.One2many(
        "crm.deal.member",
        "lead_id",
        string="Deal Team",
        copy=True,
        help="Who works on the deal, and who shares its commission: its quotations take it over.",
    )
    deal_team_read = fields.Boolean(compute="_compute_deal_team", search="_search_deal_team_read")
    deal_team_write = fields.Boolean(compute="_compute_deal_team", search="_search_deal_team_write")

    # --- pipeline discipline ---
    approval_stage_id = fields.Many2one(
        "crm.stage",
        "Stage Asked For",
        copy=False,
        readonly=True,
        help="The stage for whose entry an approval was requested.",
    )
    stage_guide = fields.Json(compute="_compute_stage_guide")
    check_ids = fields.One2many("crm.lead.check", "lead_id", "Checklist")
    document_ids = fields.One2many("crm.lead.document", "lead_id", "Documents")
    discipline_error = fields.Char(
        "Last Fault", readonly=True, copy=False, help="Why a scheduled action left this deal out."
    )

    # --- win, loss, competitors ---
    competitor_ids = fields.One2many("crm.lead.competitor", "lead_id", "Competitors", copy=True)
    win_reason_id = fields.Many2one(
        "crm.win.reason", copy=False, tracking=True, index="btree_not_null"
    )
    win_detail = fields.Text("Why We Won", copy=False)
    lost_detail = fields.Text("Why We Lost", copy=False)
    survey_ids = fields.One2many("crm.loss.survey", "lead_id", "Loss Survey")
    survey_count = fields.Integer(compute="_compute_survey_count")

    # --- health ---
    health = fields.Selection(
        [("red", "At Risk"), ("amber", "Needs Attention"), ("green", "Healthy")],
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="From the customer's receivables and credit limit, contacts, time in the stage and "
        "the expected closing; refreshed daily and when the opportunity changes.",
    )
    health_signals = fields.Json(readonly=True, copy=False)
    health_date = fields.Datetime("Health as of", readonly=True, copy=False)
    health_text = fields.Text("Reasons", compute="_compute_health_text")

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    @api.depends_context("uid")
    @api.depends("deal_member_ids")
    def _compute_deal_team(self):
        members = self.env["crm.deal.member"].sudo()  # sudo: one's own memberships
        mine = members.search(
            members._access_domain(("read", "write")) & Domain("lead_id", "in", self.ids)
        )
        readable = mine.lead_id
        writable = mine.filtered(lambda member: member.access == "write").lead_id
        for lead in self:
            lead.deal_team_read = lead._origin in readable
            lead.deal_team_write = lead._origin in writable

    @api.model
    def _search_deal_team_read(self, operator, value):
        return self._search_deal_team(operator, value, ("read", "write"))

    @api.model
    def _search_deal_team_write(self, operator, value):
        return self._search_deal_team(operator, value, ("write",))

    @api.model
    def _search_deal_team(self, operator, value, accesses):
        if operator != "in":
            return NotImplemented
        # sudo: which opportunities the user was let into says nothing about anybody else's
        members = self.env["crm.deal.member"].sudo()
        query = members._search(members._access_domain(accesses))
        domain = Domain("id", "in", query.subselect("lead_id"))
        return domain if True in value else ~domain

    @api.depends_context("lang", "uid")
    @api.depends(
        "stage_id", "team_id", "type", "check_ids", "document_ids", "order_ids.state",
        "activity_ids", "approval_request_ids.state", "approval_stage_id",
    )  # fmt: skip
    def _compute_stage_guide(self):
        for lead in self:
            # What is saved: while a stage is picked on the form, what it lacks must stay in sight.
            lead.stage_guide = lead._origin._prepare_stage_guide() if lead._origin else False

    @api.depends_context("uid")
    @api.depends("survey_ids")
    def _compute_survey_count(self):
        counts = dict(
            self.env["crm.loss.survey"]._read_group(
                [("lead_id", "in", self.ids)], ["lead_id"], ["__count"]
            )
        )
        for lead in self:
            lead.survey_count = counts.get(lead, 0)

    @api.depends_context("lang")
    @api.depends("health_signals")
    def _compute_health_text(self):
        explain = self.env["crm.deal.health"]._explain
        for lead in self:
            rows = [explain(code, values) for _level, code, values in lead.health_signals or []]
            lead.health_text = "\n".join(f"• {row}" for row in rows)

    # ------------------------------------------------------------------
    # Constraints
    # ------------------------------------------------------------------

    @api.constrains("deal_member_ids")
    def _check_deal_splits(self):
        for lead in self:
            lead.deal_member_ids._check_excess()

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        nested = self.with_context(**{NESTED: True})
        leads = super(CrmLead, nested).create(vals_list).with_env(self.env)
        leads._discipline_after({})
        return leads

    def write(self, vals):
        before = self._discipline_before(vals)
        nested = self.with_context(**{NESTED: True}) if "deal_member_ids" in vals else self
        result = super(CrmLead, nested).write(vals)
        if before is not None:
            self._discipline_after(before)
        if HEALTH_FIELDS & vals.keys():
            self._health_after_write()
        if "user_id" in vals:
            self.filtered("deal_member_ids")._deal_team_changed()
        return result

    def _merge_dependences(self, opportunities):
        """The surviving opportunity takes over what was found out and done for the others."""
        self._merge_deal_team(opportunities)
        for name, key in (("check_ids", "item_id"), ("competitor_ids", "competitor_id")):
            mine = self[name][key]
            for row in opportunities[name]:
                if row[key] not in mine:
                    mine |= row[key]
                    row.lead_id = self
        opportunities.document_ids.lead_id = self
        opportunities.survey_ids.lead_id = self
        return super()._merge_dependences(opportunities)

    # ------------------------------------------------------------------
    # Deal team
    # ------------------------------------------------------------------

    def _merge_deal_team(self, opportunities):
        """Keep the own team, or take over the first one: two teams would own more than 100 %."""
        if not self.deal_member_ids:
            donor = opportunities.filtered("deal_member_ids")[:1]
            donor.deal_member_ids.with_context(**{NESTED: True}).lead_id = self

    def _deal_team_changed(self):
        """Let the quotations of these opportunities share the commission as their team now does."""
        # sudo: who may change the team decides for the quotations of colleagues as well
        orders = self.sudo().order_ids
        orders.filtered(lambda order: order.state in ("draft", "sent"))._take_over_participants(
            replace=True
        )

    def action_open_deal_team(self):
        """Open the deal team of this opportunity."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_deal_member_action")
        return {
            **action,
            "domain": [("lead_id", "=", self.id)],
            "context": {"default_lead_id": self.id},
        }

    # ------------------------------------------------------------------
    # Pipeline discipline
    # ------------------------------------------------------------------

    def _discipline_before(self, vals):
        """Return ``{id: (stage, won status)}`` before a write that may move leads, else None."""
        if not MOVING_FIELDS & vals.keys():
            return None
        return {
            # sudo: whoever moves it, the gate compares the whole opportunity
            lead.id: (lead.stage_id if lead.type == "opportunity" else None, lead.won_status)
            for lead in self.sudo()
        }

    def _discipline_after(self, before):
        """Hold leads that moved without what their new stage, or their outcome, asks for."""
        gates = self.env["crm.stage.gate"]
        stages = {id_: stage for id_, (stage, _status) in before.items()}
        self._check_pipeline(stages)
        gates._enter(self, stages)
        self._check_outcome({id_: status for id_, (_stage, status) in before.items()})

    def _check_pipeline(self, stages):
        """Refuse a stage that belongs to the pipelines of other teams."""
        for lead in self.sudo():  # sudo: see above
            stage, team = lead.stage_id, lead.team_id
            moved = stages.get(lead.id) != stage
            if moved and team and stage.team_ids and team not in stage.team_ids:
                raise UserError(
                    self.env._(
                        "“%(lead)s” belongs to the pipeline of %(team)s, which has no stage "
                        "%(stage)s. Choose one of its stages (%(stages)s), or change the team.",
                        lead=lead.name,
                        team=team.name,
                        stage=stage.name,
                        stages=", ".join(team._pipeline_stages().mapped("name")),
                    )
                )

    def _check_outcome(self, before):
        """Ask for the reason, and the detail it needs, of what was just won or lost."""
        for lead in self.sudo():  # sudo: see above
            if lead.type == "opportunity" and before.get(lead.id) != lead.won_status:
                problem = lead._outcome_problem()
                if problem:
                    raise UserError(problem)

    def _outcome_problem(self):
        """Return what is missing to explain the outcome of this opportunity, or False."""
        self.ensure_one()
        company = self.company_id or self.env.company
        if self.won_status == "won":
            reason, detail = self.win_reason_id, self.win_detail
            if company.win_reason_required and not reason:
                return self.env._("“%s” is won: choose the win reason.", self.name)
        elif self.won_status == "lost":
            reason, detail = self.lost_reason_id, self.lost_detail
            if company.lost_reason_required and not reason:
                return self.env._("“%s” is lost: choose the lost reason.", self.name)
        else:
            return False
        if reason.detail_required and not (detail or "").strip():
            return self.env._(
                "“%(lead)s”: the reason “%(reason)s” needs a detail. Write what decided the deal: "
                "against whom, at what price, and why.",
                lead=self.name,
                reason=reason.name,
            )
        return False

    def _next_stage(self):
        """Return the stage that follows in the pipeline of this opportunity, or none."""
        self.ensure_one()
        stages = self.team_id._pipeline_stages()
        later = stages.filtered(lambda s: stages.ids.index(s.id) > self._stage_index(stages))
        return later[:1]

    def _stage_index(self, stages):
        return stages.ids.index(self.stage_id.id) if self.stage_id in stages else -1

    def _prepare_stage_guide(self):
        """Return what the page Stage Guide shows: what is missing, checklist, talk track."""
        self.ensure_one()
        if self.type != "opportunity":
            return False
        lead = self.env["crm.stage.gate"]._unbound(self).with_context(lang=self.env.lang)
        target = lead._next_stage()
        rows = []
        if target and lead.won_status == "pending":
            rows = lead.env["crm.stage.gate"]._missing({lead: (lead.stage_id, target)})[lead]
        return {
            "next_stage": target.name or "",
            "missing": [
                {name: row.get(name) or "" for name in ("kind", "text", "hint", "waiting")}
                for row in rows
            ],
            **self.env["crm.playbook"]._guide(self),
        }

    def action_tick(self, item_id):
        """Tick an item of the checklist of this opportunity, or take the tick back."""
        self.ensure_one()
        self.check_access("write")
        item = self.env["crm.playbook.item"].browse(item_id).exists()
        if not item or not item.playbook_id._is_for(self):
            raise UserError(self.env._("This item is not on the checklist of “%s”.", self.name))
        tick = self.check_ids.filtered(lambda row: row.item_id == item)
        if tick:
            tick.unlink()
        else:
            self.env["crm.lead.check"].create({"lead_id": self.id, "item_id": item.id})
        return True

    # --- approval to enter a stage ---

    def _approval_operations(self):
        operations = super()._approval_operations()
        if "stage" in operations or not self._approval_gates():
            return operations
        return [*operations, "stage"]

    @api.model
    def _approval_gates(self):
        gates = self.env["crm.stage.gate"]
        ids = [id_ for ids in gates._gate_ids().values() for id_ in ids]
        # sudo: gates bind people who cannot read them
        return gates.sudo().browse(ids).filtered("approval")

    def _approval_needed(self, operation):
        if operation != "stage":
            return super()._approval_needed(operation)
        stages = self._approval_gates().stage_id
        asked = self.filtered(lambda lead: lead.approval_stage_id in stages)
        return super(CrmLead, asked)._approval_needed(operation)

    def _approval_fallback_group(self, operation):
        if operation == "stage":
            return self.env.ref("sales_team.group_sale_manager")
        return super()._approval_fallback_group(operation)

    def _approval_ahead(self, operation):
        leads = super()._approval_ahead(operation)
        if operation != "stage":
            return leads
        return leads.filtered(
            lambda lead: lead.won_status == "pending" and lead.stage_id != lead.approval_stage_id
        )

    def _approval_snapshot_fields(self, operation):
        names = super()._approval_snapshot_fields(operation)
        if operation == "stage":
            names = [*names, "approval_stage_id", "partner_id", "team_id", "expected_revenue"]
        return names

    def _approval_snapshot_figures(self, operation):
        figures = super()._approval_snapshot_figures(operation)
        if operation == "stage":
            figures["amount"] = self.expected_revenue
        return figures

    def _approval_figure_labels(self, operation):
        labels = super()._approval_figure_labels(operation)
        if operation == "stage":
            labels["amount"] = self.env._("Expected revenue")
        return labels

    def _approval_four_eyes(self, operation):
        """The salesperson does not approve the progress of their own deal."""
        return super()._approval_four_eyes(operation) | self.user_id

    def action_request_stage_approval(self):
        """Request the approval to enter the next stage that needs one."""
        self.ensure_one()
        self.check_access("write")
        stages = self.team_id._pipeline_stages()
        gates = self._approval_gates()
        for stage in stages[self._stage_index(stages) + 1 :]:
            here = gates.filtered(lambda gate, stage=stage: gate.stage_id == stage)
            if any(gate._fitting(self) for gate in here):
                # sudo: the field is readonly for users; writing was checked above
                self.sudo().approval_stage_id = stage
                return self.with_context(approval_operation="stage").action_request_approval()
        raise UserError(self.env._("No later stage of “%s” needs an approval.", self.name))

    # ------------------------------------------------------------------
    # Won and lost
    # ------------------------------------------------------------------

    def action_set_won_rainbowman(self):
        """Ask for the win reason where it is needed, then celebrate as usual."""
        self.ensure_one()
        company = self.company_id or self.env.company
        if not company.win_reason_required or self.win_reason_id:
            return super().action_set_won_rainbowman()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Mark Won"),
            "res_model": "crm.lead.won",
            "view_mode": "form",
            "target": "new",
            "context": {"default_lead_id": self.id, "dialog_size": "medium"},
        }

    def action_set_lost(self, **additional_values):
        # The detail must be there when the deal becomes lost, not after.
        if additional_values and "lost_reason_id" in additional_values:
            self.write(additional_values)
        return super().action_set_lost(**additional_values)

    def action_send_loss_survey(self):
        """Ask the customer why we did not get the deal."""
        for lead in self:
            self.env["crm.loss.survey"]._send(lead)
        return True

    def action_open_surveys(self):
        """Open the loss surveys of these opportunities."""
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_loss_survey_action")
        return {**action, "domain": [("lead_id", "in", self.ids)], "context": {}}

    # ------------------------------------------------------------------
    # Health and stuck deals
    # ------------------------------------------------------------------

    def _health_after_write(self):
        """Refresh opportunities that are rated already; new ones are rated by the daily job."""
        rated = self.filtered("health")
        if rated:
            self.env["crm.deal.health"]._refresh(rated)

    def action_refresh_health(self):
        """Rate these opportunities now."""
        self.check_access("read")
        self.env["crm.deal.health"]._refresh(self)
        return True

    def _set_discipline_error(self, text):
        """Keep why a scheduled action left these opportunities out, or clear it."""
        # sudo: kept by scheduled actions
        self.sudo().with_context(tracking_disable=True).write({"discipline_error": text})

    # ------------------------------------------------------------------
    # Pipelines
    # ------------------------------------------------------------------

    @api.model
    def _read_group_stage_ids(self, stages, domain):
        """Show the columns of the pipeline that was picked, empty ones included."""
        teams = self._teams_of_domain(domain)
        if not teams:
            return super()._read_group_stage_ids(stages, domain)
        return stages | teams._pipeline_stages()

    @api.model
    def _teams_of_domain(self, domain):
        """Return the teams that a domain restricts its opportunities to, if it does so plainly."""
        for condition in Domain(domain).iter_conditions():
            if condition.field_expr == "team_id" and condition.operator in ("=", "in"):
                value = condition.value
                ids = [value] if isinstance(value, int) else value
                ids = [id_ for id_ in ids if isinstance(id_, int) and not isinstance(id_, bool)]
                return self.env["crm.team"].browse(ids).exists()
        return self.env["crm.team"]
