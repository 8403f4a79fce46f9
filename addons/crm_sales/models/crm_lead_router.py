from collections import defaultdict
from dataclasses import dataclass, field

from odoo import api, fields, models
from odoo.tools import ormcache

from ..engine.matching import Compiled
from ..engine.routing import choose
from ..engine.territory import clean_city, clean_zip
from .crm_lead_route_log import NOBODY

PERSONAL = ("round_robin", "least_loaded")
#: fields of the lead that its territory depends on
PLACE = frozenset({"country_id", "state_id", "city", "zip", "partner_id", "company_id"})


@dataclass(slots=True)
class Decision:
    """Where a lead goes; ``facts`` explain it (see ``crm.lead.route.log``)."""

    rule_id: int = None
    user_id: int = None
    team_id: int = None
    facts: dict = field(default_factory=dict)
    weight: float = 1.0


class CrmLeadRouter(models.AbstractModel):
    """Finds the territory of leads and who gets them; one way for all sources.

    Configuration is read as superuser, as the decision must not depend on who brings the lead.
    """

    _name = "crm.lead.router"
    _description = "Lead Router"

    # ------------------------------------------------------------------
    # Routing
    # ------------------------------------------------------------------

    @api.model
    def _is_active(self):
        """Tell whether there is any routing rule, of whatever company."""
        return self.env["crm.lead.route.rule"]._any()

    @api.model
    def _route(self, leads, kind, override=False, kept=(), exclude=None, facts=None):
        """Route leads, write where they go, log why, and start the clock of the response.

        :param leads: with the rights of whoever may route them; as superuser within
        :param str kind: cause, see ``crm.lead.route.log``
        :param bool override: also leads that have a salesperson
        :param kept: ids of leads whose salesperson was chosen: only rules that say so route them
        :param dict exclude: lead id → ids of users who must not get it
        :param dict facts: lead id → more facts for the log
        :return: ``{lead id: Decision}`` of the leads that a rule decided on
        """
        decisions = {}
        for company, group in self._by_company(leads):
            places = self._places(group, company)
            decided = self._decide(group, company, places, override, set(kept), exclude or {})
            self._apply(group, places, decided, kind, set(kept), facts or {})
            decisions |= decided
        return decisions

    @api.model
    def _by_company(self, leads):
        """Yield ``(company, leads)``; a lead without company counts for the one it came to."""
        # sudo: the router reads and writes for whoever brings the lead
        groups = leads.sudo().grouped(lambda lead: lead.company_id or self.env.company)
        return groups.items()

    @api.model
    def _move(self, leads, model):
        """Give leads the territory they have in a model; return those that really moved.

        The same territory in a new model is a new record, but not another place.
        """
        tree, facts = self.env["crm.territory.model"]._tree(model.id), self._place_facts(leads)
        wanted, moved = defaultdict(leads.browse), leads.browse()
        for lead in leads:
            # sudo: see the class
            new = self.env["crm.territory"].sudo().browse(tree.find(facts[lead.id]) or ())
            if lead.territory_id != new:
                wanted[new] |= lead
                moved |= lead if not lead.territory_id._same_place(new) else leads.browse()
        for territory, group in wanted.items():
            group.with_context(**self._quiet()).write({"territory_id": territory.id})
        return moved

    @api.model
    def _place(self, leads):
        """Give leads the territory of the model in effect, without routing them."""
        for company, group in self._by_company(leads):
            if model_id := self._model_id(company):
                self._move(group, self.env["crm.territory.model"].browse(model_id))

    @api.model
    def _start_clock(self, leads):
        """Start the clock of leads without any rule, as their team says."""
        self.env["crm.lead.sla"]._start(leads.sudo(), {}, "create")  # sudo: see the class

    @api.model
    def _handed_over(self, leads, before):
        """Note that somebody changed the salesperson by hand; the clock goes on for the new one."""
        # sudo: decisions and clocks are written by the router only
        known = leads.sudo().filtered("route_log_ids")
        self.env["crm.lead.route.log"].sudo().create(
            [
                {
                    "lead_id": lead.id,
                    "kind": "manual",
                    "territory_id": lead.territory_id.id,
                    "team_id": lead.team_id.id,
                    "user_id": lead.user_id.id,
                    "previous_user_id": before[lead.id].id,
                    "facts": {
                        "code": "manual",
                        "actor": self.env.user.name,
                        # sudo: the name of the colleague, for the explanation
                        "before": before[lead.id].sudo().name or NOBODY,
                        "user": lead.user_id.name or NOBODY,
                    },
                }
                for lead in known
            ]
        )
        runs = (
            # sudo: clocks are kept by the router only
            self.env["crm.lead.sla"]
            .sudo()
            .search([("lead_id", "in", leads.ids), ("state", "in", ("open", "warned"))])
        )
        for run in runs:
            run.write({"user_id": run.lead_id.user_id.id, "team_id": run.lead_id.team_id.id})

    @api.model
    def _quiet(self):
        # The log says what a tracked change would, and the salesperson is told as usual.
        return {"mail_notrack": True, "crm_lead_routing": True}

    # ------------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------------

    @api.model
    def _model_id(self, company):
        today = fields.Date.to_string(fields.Date.context_today(self))
        return self.env["crm.territory.model"]._in_effect_id(company.id, today)

    @api.model
    def _place_facts(self, leads):
        """Return ``{lead id: facts}`` of what territories ask for."""
        found = {}
        for lead in leads:
            entity = lead.partner_id.commercial_partner_id
            country = lead.country_id or lead.state_id.country_id
            facts = {
                "country": country.ids,
                "state": lead.state_id.ids,
                "city": (clean_city(lead.city),) if lead.city else (),
                "zip": (clean_zip(lead.zip),) if lead.zip else (),
                "industry": entity.industry_id.ids,
                "level": entity.customer_level_id.ids,
                "account": entity.ids,
            }
            found[lead.id] = facts
        return found

    @api.model
    def _places(self, leads, company):
        """Return ``{lead id: (facts, territory id, path upwards)}``."""
        facts, model_id = self._place_facts(leads), self._model_id(company)
        tree = model_id and self.env["crm.territory.model"]._tree(model_id)
        result = {}
        for lead in leads:
            territory = tree.find(facts[lead.id]) if tree else None
            path = tree.paths[territory] if territory else ()
            result[lead.id] = facts[lead.id], territory, path
        return result

    @api.model
    def _facts(self, lead, place, segments):
        """Return the facts of a lead for the conditions of rules; addons may add dimensions."""
        facts, _territory, path = place
        size = lead.partner_id.commercial_partner_id.company_size
        categories = lead.interest_product_ids.categ_id
        return {
            **facts,
            "type": (lead.type,),
            "team": lead.team_id.ids,
            "territory": path,
            "segment": segments.get(lead.partner_id.commercial_partner_id.id, ()),
            "size": (int(size),) if size else (),
            "budget": (lead.expected_revenue or 0.0,),
            "source": lead.source_id.ids,
            "medium": lead.medium_id.ids,
            "lang": lead.lang_id.ids,
            "product": self._with_parents(categories),
            "tag": lead.tag_ids.ids,
        }

    @api.model
    def _with_parents(self, categories):
        return {
            int(key) for path in categories.mapped("parent_path") for key in path.split("/")[:-1]
        }

    @api.model
    def _segments(self, leads, rules):
        """Return ``{customer id: segment ids}``, of the segments that rules ask for."""
        segments = rules.segment_ids
        if not segments:
            return {}
        groups = (
            self.env["crm.segment.member"]
            # sudo: as the router
            .sudo()
            ._read_group(
                [
                    ("segment_id", "in", segments.ids),
                    ("partner_id", "in", leads.partner_id.commercial_partner_id.ids),
                    ("date_out", "=", False),
                ],
                ["partner_id"],
                ["segment_id:array_agg"],
            )
        )
        return {partner.id: ids for partner, ids in groups}

    # ------------------------------------------------------------------
    # Decision
    # ------------------------------------------------------------------

    @api.model
    @ormcache("company_id")
    def _compiled(self, company_id):
        """Return the compiled conditions of the rules of a company; shared, not to be changed."""
        rules = self.env["crm.lead.route.rule"]
        # sudo: configuration, see the class
        rules = rules.sudo().browse(rules._active_ids(company_id))
        return Compiled([rule._condition() for rule in rules])

    @api.model
    def _decide(self, leads, company, places, override, kept, exclude):
        rules = self.env["crm.lead.route.rule"]
        rules = rules.sudo().browse(rules._active_ids(company.id))  # sudo: see the class
        if not rules:
            return {}
        compiled, segments = self._compiled(company.id), self._segments(leads, rules)
        fits = self._further_conditions(leads, rules)
        wanted = {}
        for lead in leads.sorted("id"):
            facts = self._facts(lead, places[lead.id], segments)
            forced = override or not (lead.id in kept or lead.user_id)
            wanted[lead.id] = [
                rule
                for rule in map(rules.browse, (c.key for c in compiled.matching(facts)))
                if (forced or rule.override_user)
                and (rule.id not in fits or lead.id in fits[rule.id])
            ]
        pools = self._pools(wanted, places, company)
        return {
            lead.id: decision
            for lead in leads.sorted("id")
            if (decision := self._first_decision(lead, wanted, pools, places, exclude))
        }

    @api.model
    def _further_conditions(self, leads, rules):
        """Return ``{rule id: ids of leads}`` for the rules with a domain."""
        return {
            rule.id: set(leads.filtered_domain(domain).ids)
            for rule in rules
            if (domain := rule._extra_domain())
        }

    @api.model
    def _pools(self, wanted, places, company):
        """Load the people of all rules that a lead meets, at once."""
        rows = {}
        for lead_id, rules in wanted.items():
            for rule in rules:
                key = self._pool_key(rule, places[lead_id])
                if key and key not in rows:
                    rows[key] = rule, None
        found = {key: (rule, self._rows(rule, key[1])) for key, (rule, _none) in rows.items()}
        people = self.env["crm.lead.route.people"]._load(found, company)
        return _Pools(people)

    @api.model
    def _pool_key(self, rule, place):
        if rule.target not in PERSONAL:
            return None
        return rule.id, place[1] if rule.people_from == "territory" else None

    @api.model
    def _rows(self, rule, territory_id):
        """Return the people of a rule, see ``crm.lead.route.people``."""
        if rule.people_from == "members":
            return [self._member_row(member) for member in rule.member_ids]
        if rule.people_from == "team":
            return self._team_rows(rule)
        territory = self.env["crm.territory"].sudo().browse(territory_id or ())  # sudo: see class
        while territory and not (territory.member_ids or territory.user_id):
            territory = territory.parent_id
        people = territory.member_ids or territory.user_id
        return [{"user": user.id, "limits": {"limit": rule.capacity}} for user in people]

    @api.model
    def _member_row(self, member):
        limits = {
            "share": member.share,
            "limit": member.capacity,
            "day_limit": member.day_limit or None,
        }
        return {"user": member.user_id.id, "limits": limits}

    @api.model
    def _team_rows(self, rule):
        """Members of the team, as its own assignment sees them: paused, monthly capacity."""
        members, counts = rule.team_id.crm_team_member_ids, {}
        if rule.team_id.assignment_enabled:
            counts = members._get_lead_from_date(
                fields.Datetime.subtract(fields.Datetime.now(), days=30)
            )
        return [
            {
                "user": member.user_id.id,
                "limits": {"limit": rule.capacity},
                "paused": member.assignment_optout
                or counts.get((member.user_id.id, rule.team_id.id), -1) >= member.assignment_max,
            }
            for member in members
        ]

    @api.model
    def _first_decision(self, lead, wanted, pools, places, exclude):
        """Return the decision of the first rule that has somebody for the lead, or None."""
        tried = []
        for rule in wanted[lead.id]:
            people = pools.people.get(self._pool_key(rule, places[lead.id]))
            decision = self._decision(rule, lead, people, exclude.get(lead.id, ()))
            if decision:
                decision.facts["tried"] = [rule.name for rule in tried]
                decision.facts["tried_ids"] = [rule.id for rule in tried]
                pools.note(decision, people)
                return decision
            tried.append(rule)
        return None

    @api.model
    def _decision(self, rule, lead, people, exclude):
        """Return what a rule decides about a lead, or None if it has nobody."""
        facts = {"code": rule.target, "rule": rule.name, "terms": rule.condition_terms or []}
        weight = lead.stage_id.routing_weight if lead.stage_id else 1.0
        decision = Decision(rule.id, team_id=rule.team_id.id, facts=facts, weight=weight)
        if rule.target == "team":
            return decision
        if rule.target == "person":
            decision.user_id = rule.user_id.id
            return decision if decision.user_id not in exclude else None
        choice = choose(rule.target, people, rule.availability, exclude, weight)
        names = self.env["res.users"].sudo()  # sudo: names for the explanation
        facts["skipped"] = [(names.browse(key).name, why) for key, why in choice.skipped]
        facts["number"] = len(people)
        if choice.person:
            decision.user_id, facts["load"] = choice.person.key, choice.person.load - weight
            return decision
        if rule.nobody == "person" and rule.fallback_user_id.id not in exclude:
            decision.user_id, facts["code"] = rule.fallback_user_id.id, "fallback"
            return decision
        if rule.nobody == "team" and rule.team_id:
            facts["code"] = "team"
            return decision
        return None

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------

    @api.model
    def _apply(self, leads, places, decisions, kind, kept, more):
        before = {lead.id: lead.user_id for lead in leads}
        self._write(leads, places, decisions)
        self._log(leads, places, decisions, kind, kept, before, more)
        self.env["crm.lead.sla"]._start(leads, decisions, kind)

    @api.model
    def _assign(self, lead, user, kind, facts):
        """Give a lead to a person outside of the rules, with the reason for the log."""
        [(company, lead)] = self._by_company(lead)
        decision = Decision(lead.route_rule_id.id, user.id, facts=facts)
        self._apply(lead, self._places(lead, company), {lead.id: decision}, kind, (), {})

    @api.model
    def _write(self, leads, places, decisions):
        """Write salesperson and team, once per group of leads with the same ones, and territory."""
        groups, teams = defaultdict(list), {}
        self._write_territories(leads, places)
        for lead in leads:
            vals, decision = {}, decisions.get(lead.id)
            if not decision:
                continue
            team_id = decision.team_id or self._team_id(lead, decision.user_id, teams)
            if team_id and team_id != lead.team_id.id:
                vals["team_id"] = team_id
            if (decision.user_id or False) != lead.user_id.id:
                vals["user_id"] = decision.user_id or False
            if vals:
                groups[tuple(sorted(vals.items()))].append(lead.id)
        for vals, ids in groups.items():
            leads.browse(ids).with_context(**self._quiet()).write(dict(vals))

    @api.model
    def _write_territories(self, leads, places):
        """Set the territory of many leads: below ``write()``, as nearly each has another one.

        What depends on it is computed as after a write.
        """
        territory, groups = leads._fields["territory_id"], defaultdict(list)
        for lead in leads:
            if (places[lead.id][1] or False) != lead.territory_id.id:
                groups[places[lead.id][1] or False].append(lead.id)
        for territory_id, ids in groups.items():
            group = leads.browse(ids)
            group.modified(["territory_id"], before=True)
            territory.write(group, territory_id)
            group.modified(["territory_id"])

    @api.model
    def _team_id(self, lead, user_id, cache):
        """Return the team with which a person gets a lead: that of the lead, else their own."""
        if not user_id:
            return False
        key = user_id, lead.team_id.id, lead.type
        if key not in cache:
            user = self.env["res.users"].sudo().browse(user_id)  # sudo: see the class
            team = lead.team_id
            if not team or user not in (team.member_ids | team.user_id):
                flag = "use_leads" if lead.type == "lead" else "use_opportunities"
                team = (
                    self.env["crm.team"]
                    # sudo: see the class
                    .sudo()
                    ._get_default_team_id(user_id=user_id, domain=[(flag, "=", True)])
                )
            cache[key] = team.id
        return cache[key]

    @api.model
    def _log(self, leads, places, decisions, kind, kept, before, more):
        """Write the decisions down; a lead that nothing was decided about only on arrival."""
        territories = self.env["crm.territory"].sudo()  # sudo: names for the explanation
        vals_list = []
        for lead in leads:
            decision = decisions.get(lead.id) or self._no_decision(lead, kind, kept)
            if not decision:
                continue
            territory = territories.browse(places[lead.id][1] or ())
            facts = {
                **decision.facts,
                "user": lead.user_id.name or "",
                "team": lead.team_id.name or "",
                "territory": territory.complete_name or "",
                **more.get(lead.id, {}),
            }
            vals_list.append(
                {
                    "lead_id": lead.id,
                    "kind": kind,
                    "rule_id": decision.rule_id,
                    "territory_id": territory.id,
                    "team_id": lead.team_id.id,
                    "user_id": lead.user_id.id,
                    "previous_user_id": before[lead.id].id,
                    "facts": {
                        name: value for name, value in facts.items() if value or name == "terms"
                    },
                }
            )
        # sudo: decisions are written by the router only
        self.env["crm.lead.route.log"].sudo().create(vals_list)

    @api.model
    def _no_decision(self, lead, kind, kept):
        if kind not in ("create", "again"):
            return None
        code = "kept" if lead.id in kept else "no_rule"
        return Decision(facts={"code": code, "actor": self.env.user.name})


class _Pools:
    """The people of one run; what one rule gives a person counts for the other rules too."""

    def __init__(self, people):
        self.people = people
        self._same = defaultdict(list)
        for pool in people.values():
            for person in pool:
                self._same[person.key].append(person)

    def note(self, decision, pool):
        """Count a lead just given for the same person in other pools."""
        mine = {id(person) for person in pool or ()}
        for person in self._same.get(decision.user_id, ()):
            if id(person) not in mine:
                person.load += decision.weight
                person.today += 1
