from odoo import api, fields, models
from odoo.fields import Domain

from .crm_commission_participant import NESTED
from .crm_lead_router import PLACE

#: context of creations by hand in the web client, where the default salesperson is meant
BY_HAND = "crm_lead_by_hand"


class CrmLead(models.Model):
    _inherit = "crm.lead"

    participant_ids = fields.One2many(
        "crm.commission.participant",
        "lead_id",
        string="Participants",
        copy=True,
        help="Who shares the commission of this deal; its orders take them over.",
    )

    @api.constrains("participant_ids")
    def _check_participant_shares(self):
        for lead in self:
            lead.participant_ids._check_sum()

    @api.model_create_multi
    def create(self, vals_list):
        nested = self.with_context(**{NESTED: True})
        vals_list, kept = self._routing_before_create(vals_list)
        leads = super(CrmLead, nested).create(vals_list).with_env(self.env)
        leads._routing_after_create(kept)
        return leads

    def write(self, vals):
        before = self._routing_before_write(vals)
        if "participant_ids" in vals:
            self = self.with_context(**{NESTED: True})
        result = super().write(vals)
        self._routing_after_write(vals, before)
        return result

    def _merge_dependences(self, opportunities):
        """The surviving opportunity keeps its own participants, or takes over the first ones."""
        if not self.participant_ids:
            donor = opportunities.filtered("participant_ids")[:1]
            donor.participant_ids.with_context(**{NESTED: True}).lead_id = self
        self._routing_merge(opportunities)
        return super()._merge_dependences(opportunities)

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
        return super(CrmLead, self.with_context(**{BY_HAND: True})).name_create(name)

    def web_save(self, vals, specification, next_id=None):
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
                self.filtered(lambda lead: lead.won_status == "pending")
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
        self.env["crm.lead.sla"].sudo()._keep_last(self)

    def message_post(self, **kwargs):
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
