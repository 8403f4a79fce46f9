from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_approval.tools import empty_columns

from .crm_deal_member import NESTED
from .crm_lead_router import PLACE
from .crm_stage import FORECAST_CATEGORIES

#: context of creations by hand in the web client, where the default salesperson is meant
BY_HAND = "crm_lead_by_hand"

#: A write of one of these may move an opportunity to another stage, or decide it.
MOVING_FIELDS = frozenset({"stage_id", "team_id", "user_id", "type", "active", "probability"})
#: A write of one of these may change how healthy an opportunity is.
HEALTH_FIELDS = frozenset(
    {"stage_id", "partner_id", "date_deadline", "expected_revenue", "active", "type"}
)


class CrmLead(models.Model):
    """Leads are routed, answered in time, held to gates and playbooks, won and lost for reasons.

    One block per topic below; what an overridden method adds stands in the methods that it calls.
    """

    _name = "crm.lead"
    _inherit = ["crm.lead", "crm.pool.mixin", "crm.approval.mixin"]

    # --- contracts and collections ---
    deal_chain = fields.Json(compute="_compute_deal_chain", compute_sudo=False)
    crm_contract_ids = fields.One2many("crm.contract", "opportunity_id", "Contracts")
    crm_contract_count = fields.Integer(compute="_compute_crm_contract_count")

    # --- routing, territories and first response ---

    territory_id = fields.Many2one(
        "crm.territory",
        index="btree_not_null",
        readonly=True,
        copy=False,
        ondelete="set null",
    )
    interest_product_ids = fields.Many2many(
        "product.template",
        "crm_lead_interest_product_rel",
        "lead_id",
        "product_id",
        string="Interested in",
        help="Products that the lead asks for; routing rules may look at their categories.",
    )
    route_log_ids = fields.One2many(
        "crm.lead.route.log", "lead_id", "Routing Decisions", readonly=True
    )
    route_rule_id = fields.Many2one(
        "crm.lead.route.rule", "Routed by", compute="_compute_route", search="_search_route_rule_id"
    )
    route_reason = fields.Char("Why", compute="_compute_route")
    sla_ids = fields.One2many("crm.lead.sla", "lead_id", "First Responses", readonly=True)
    sla_id = fields.Many2one("crm.lead.sla", "First Response", compute="_compute_sla_id")
    sla_state = fields.Selection(
        selection="_sla_states",
        string="First Response State",
        compute="_compute_sla_id",
        search="_search_sla_state",
    )
    sla_deadline = fields.Datetime("Response Due", compute="_compute_sla_id")

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

    # --- forecast: the category of an opportunity, and who said so ---

    forecast_category = fields.Selection(
        FORECAST_CATEGORIES,
        "Forecast",
        compute="_compute_forecast_category",
        inverse="_inverse_forecast_category",
        store=True,
        tracking=True,
        help="Follows from the stage. Choose another one where you know better: who did and when "
        "is kept. Won opportunities are closed, lost ones omitted.",
    )
    forecast_override = fields.Selection(FORECAST_CATEGORIES, copy=False, readonly=True)
    forecast_override_uid = fields.Many2one(
        "res.users", "Forecast Overridden by", copy=False, readonly=True
    )
    forecast_override_date = fields.Datetime("Forecast Overridden on", copy=False, readonly=True)

    _forecast_idx = models.Index(
        "(date_deadline, user_id) WHERE active IS TRUE AND type = 'opportunity' "
        "AND won_status = 'pending'"
    )

    @api.depends("crm_contract_ids")
    def _compute_crm_contract_count(self):
        for lead in self:
            lead.crm_contract_count = len(lead.crm_contract_ids)

    def _compute_deal_chain(self):
        chain = self.env["crm.deal.chain"]
        for lead in self:
            orders = lead.order_ids.filtered(lambda order: order.state == "sale")
            # a user sees only the orders he may read
            orders = orders._filtered_access("read")
            currency = lead.company_id.currency_id or self.env.company.currency_id
            lead.deal_chain = chain._deal_chain_of(orders, currency) if orders else False

    def action_open_contracts(self):
        """Open the contracts of this opportunity; a new one starts with its customer."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_contract_action")
        return action | {
            "domain": [("opportunity_id", "=", self.id)],
            "context": {
                "default_opportunity_id": self.id,
                "default_partner_id": self.partner_id.id,
                "default_user_id": self.user_id.id,
                "default_title": self.name,
            },
        }

    @api.model_create_multi
    def create(self, vals_list):
        """Route new leads, then start their clocks.

        :raises UserError: gates hold for the first stage too
        """
        nested = self.with_context(**{NESTED: True})
        vals_list, kept = self._routing_before_create(vals_list)
        leads = super(CrmLead, nested).create(vals_list).with_env(self.env)
        leads._discipline_after({})
        leads._routing_after_create(kept)
        return leads

    def write(self, vals):
        """Check gates and playbooks of a new stage, and let routing, health and team follow.

        :raises UserError: the new stage asks for something that is missing
        """
        routed = self._routing_before_write(vals)
        stages = self._discipline_before(vals)
        nested = self.with_context(**{NESTED: True}) if "deal_member_ids" in vals else self
        result = super(CrmLead, nested).write(vals)
        self._routing_after_write(vals, routed)
        if stages is not None:
            self._discipline_after(stages)
        if HEALTH_FIELDS & vals.keys():
            self._health_after_write()
        if "user_id" in vals:
            self.filtered("deal_member_ids")._deal_team_changed()
        return result

    def _merge_dependences(self, opportunities):
        """The surviving opportunity takes over what was found out and done for the others."""
        self._routing_merge(opportunities)
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

    # --- public pool ---

    _pool_link = "lead_id"

    ownership_ids = fields.One2many("crm.pool.ownership", "lead_id", readonly=True)

    @api.model
    def _pool_domain(self):
        """Leads and opportunities that are neither won nor lost."""
        return [("active", "=", True), ("won_status", "=", "pending")]

    @api.model
    def _sla_states(self):
        return self.env["crm.lead.sla"]._fields["state"]._description_selection(self.env)

    @api.depends("route_log_ids")
    @api.depends_context("lang")
    def _compute_route(self):
        last = self._last_of("crm.lead.route.log")
        for lead in self:
            log = last.get(lead.id, self.env["crm.lead.route.log"])
            lead.route_rule_id, lead.route_reason = log.rule_id, log.reason

    @api.depends("sla_ids.state", "sla_ids.deadline")
    def _compute_sla_id(self):
        last = self._last_of("crm.lead.sla")
        for lead in self:
            run = last.get(lead.id, self.env["crm.lead.sla"])
            lead.sla_id = run
            lead.sla_state, lead.sla_deadline = run.state, run.deadline

    def _last_of(self, model):
        """Return ``{lead id: last record of a model that names its lead}``."""
        # sudo: what belongs to the lead, for whoever may read the lead
        records = self.env[model].sudo().search([("lead_id", "in", self.ids)], order="id")
        return {record.lead_id.id: record for record in records}

    @api.model
    def _search_route_rule_id(self, operator, value):
        if operator != "in":
            return NotImplemented
        # sudo: decisions on the leads that the domain then finds for the user
        logs = self.env["crm.lead.route.log"].sudo()._search([("rule_id", operator, value)])
        return Domain("route_log_ids", "any!", [("id", "in", logs)])

    @api.model
    def _search_sla_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        last = Domain("state", "in", list(value)) & Domain("is_last", "=", True)
        domain = Domain("sla_ids", "any!", last)
        return domain | Domain("sla_ids", "=", False) if False in value else domain

    @api.model
    def _routing_before_create(self, vals_list):
        """Return the values to create leads with, and which salespeople were chosen.

        Where rules exist, a salesperson who is only the default is left to the router.

        :return: ``(vals_list, [whether the salesperson is kept])``
        """
        default = self.env.context.get("default_user_id") or self.env.context.get(BY_HAND)
        kept = [bool(vals["user_id"] if "user_id" in vals else default) for vals in vals_list]
        if not self.env["crm.lead.router"]._is_active():
            return vals_list, kept
        vals_list = [
            vals if "user_id" in vals or keep else {**vals, "user_id": False}
            for vals, keep in zip(vals_list, kept, strict=True)
        ]
        return vals_list, kept

    def _routing_after_create(self, kept):
        """Route new leads and start their clock; every source of leads comes through here.

        :param kept: for each lead whether its salesperson was chosen by whoever entered it
        """
        router = self.env["crm.lead.router"]
        if not router._is_active():
            router._place(self)
            router._start_clock(self)
            return
        chosen = [lead.id for lead, keep in zip(self, kept, strict=True) if keep and lead.user_id]
        by_hand = self.env.context.get(BY_HAND) and len(chosen) < len(self)
        if by_hand and not self.env.user.has_group("sales_team.group_sale_salesman_all_leads"):
            # The web client reads the lead once more before it may belong to somebody else.
            self.env.cr.precommit.add(lambda: self._routing_of_new(chosen))
        else:
            self._routing_of_new(chosen)

    def _routing_of_new(self, chosen):
        router = self.env["crm.lead.router"]
        decided = router._route(self, "create", kept=chosen)
        left = self.filtered(lambda lead: lead.id not in decided and lead.id not in chosen)
        self._routing_keep_default(left)

    @api.model
    def _routing_keep_default(self, leads):
        """Leads that no rule wants get the salesperson they would have had without rules."""
        default = self.default_get(["user_id"]).get("user_id")
        if leads and default and not self.env.context.get(BY_HAND):
            leads.with_context(crm_lead_routing=True).write({"user_id": default})

    @api.model
    def name_create(self, name):
        """A lead that somebody types stays with them: routing is told so."""
        return super(CrmLead, self.with_context(**{BY_HAND: True})).name_create(name)

    def web_save(self, vals, specification, next_id=None):
        """A new lead saved on a form was entered by hand, see :meth:`name_create`."""
        by_hand = self if self else self.with_context(**{BY_HAND: True})
        return super(CrmLead, by_hand).web_save(vals, specification, next_id=next_id)

    def _routing_before_write(self, vals):
        """Return who had the leads, where somebody changes that by hand."""
        if "user_id" not in vals or self.env.context.get("crm_lead_routing"):
            return {}
        return {lead.id: lead.user_id for lead in self}

    def _routing_after_write(self, vals, before):
        """Follow changes by hand: of the salesperson, and of what the territory depends on."""
        changed = self.filtered(lambda lead: before.get(lead.id, lead.user_id) != lead.user_id)
        if changed:
            self.env["crm.lead.router"]._handed_over(changed, before)
        if not PLACE.isdisjoint(vals):
            self.env["crm.lead.router"]._place(
                self.filtered(lambda lead: lead._outcome() == "pending")
            )

    def action_route_again(self):
        """Have the rules decide again, whoever has the lead now."""
        self.check_access("write")
        decided = self.env["crm.lead.router"]._route(self, "again", override=True)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if decided else "warning",
                "message": self.env._(
                    "%(number)s of %(total)s leads were routed.",
                    number=len(decided),
                    total=len(self),
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _routing_merge(self, opportunities):
        """Decisions and clocks of merged leads go on with the surviving one."""
        # sudo: whoever may merge the leads; the records themselves stay as they are
        merge = self.with_context(crm_lead_merge=True).env
        for model in ("crm.lead.route.log", "crm.lead.sla"):
            records = merge[model].sudo().search([("lead_id", "in", opportunities.ids)])
            if records:
                records.write({"lead_id": self.id})
        # sudo: as above
        self.env["crm.lead.sla"].sudo()._keep_last(self)

    def message_post(self, **kwargs):
        """An answer to the customer stops the clock of the first response."""
        message = super().message_post(**kwargs)
        self._sla_after_message(message)
        return message

    def _sla_after_message(self, message):
        if message.message_type in self.env["crm.lead.sla"]._written_types():
            self._sla_check_responses()

    def _sla_check_responses(self):
        """Note the first response to these leads, if there is one now."""
        if not self:
            return
        # sudo: clocks are kept by the system; whoever responded may see the lead
        runs = self.env["crm.lead.sla"].sudo().search(
            [("lead_id", "in", self.ids), ("responded_at", "=", False),
             ("state", "in", ("open", "warned", "breached"))]
        )  # fmt: skip
        if runs:
            runs._check_responses()

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    @api.depends_context("uid")
    @api.depends("deal_member_ids")
    def _compute_deal_team(self):
        # sudo: where one was let in oneself
        access = self.env.user.sudo()._deal_access_among(self)
        readable, writable = set(access["read"]), set(access["write"])
        for lead in self:
            lead.deal_team_read = lead._origin.id in readable
            lead.deal_team_write = lead._origin.id in writable

    @api.model
    def _search_deal_team_read(self, operator, value):
        return self._search_deal_team(operator, value, "read")

    @api.model
    def _search_deal_team_write(self, operator, value):
        return self._search_deal_team(operator, value, "write")

    @api.model
    def _search_deal_team(self, operator, value, access):
        if operator != "in":
            return NotImplemented
        # sudo: which opportunities the user was let into says nothing about anybody else's
        domain = Domain("id", "in", self.env.user.sudo()._deals_let_into(access))
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
            lead.id: (lead.stage_id if lead.type == "opportunity" else None, lead._outcome())
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
            if lead.type == "opportunity" and before.get(lead.id) != lead._outcome():
                problem = lead._outcome_problem()
                if problem:
                    raise UserError(problem)

    def _outcome(self):
        """Return the won status, where possible without the probability.

        Odoo estimates the probabilities of all changed leads together, when they go to the
        database. Whoever asks before has them estimated for one lead alone, at every write.
        """
        self.ensure_one()
        return "pending" if self.active and not self.stage_id.is_won else self.won_status

    def _mail_track(self, tracked_fields, initial_values):
        """A forecast category that follows from the outcome is no news beside it."""
        if initial_values.get("won_status", self.won_status) != self.won_status:
            tracked_fields = {
                name: field for name, field in tracked_fields.items() if name != "forecast_category"
            }
        return super()._mail_track(tracked_fields, initial_values)

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
        """Mark as lost, with reason and detail written before, as gates ask for them then."""
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

    def _auto_init(self):
        """Fill the category of existing opportunities in one statement, not one by one."""
        missing = empty_columns(self, "forecast_category")
        result = super()._auto_init()
        if missing:
            self.env.cr.execute(
                SQL(
                    """UPDATE crm_lead SET forecast_category = CASE won_status
                             WHEN 'won' THEN 'closed' WHEN 'lost' THEN 'omitted'
                             ELSE 'pipeline'
                             END"""
                )
            )
        return result

    @api.depends("stage_id.forecast_category", "forecast_override", "won_status")
    def _compute_forecast_category(self):
        decided = {"won": "closed", "lost": "omitted"}
        for lead in self:
            lead.forecast_category = decided.get(lead.won_status) or (
                lead.forecast_override or lead._forecast_category_of_stage()
            )

    def _forecast_category_of_stage(self):
        """Return what the stage says; an open opportunity is never closed."""
        category = self.stage_id.forecast_category or "pipeline"
        return "commit" if category == "closed" else category

    def _inverse_forecast_category(self):
        """Keep who chose another category than that of the stage, and when."""
        for lead in self.filtered(lambda lead: lead.won_status == "pending"):
            category = lead.forecast_category
            category = "commit" if category == "closed" else category
            override = category if category != lead._forecast_category_of_stage() else False
            if override != lead.forecast_override:
                lead.write(
                    {
                        "forecast_override": override,
                        "forecast_override_uid": override and self.env.uid,
                        "forecast_override_date": override and fields.Datetime.now(),
                    }
                )
        self.env.add_to_compute(self._fields["forecast_category"], self)
