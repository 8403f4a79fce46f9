from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

from ..engine.matching import Condition

SEVERAL = ("territory", "segment", "product", "tag")


class CrmLeadRouteRule(models.Model):
    """Which leads go where. The first rule that is met, in sequence, and has somebody decides."""

    _name = "crm.lead.route.rule"
    _description = "Lead Routing Rule"
    _inherit = ["crm.kept.mixin", "mail.thread"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True, tracking=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        index="btree_not_null",
        help="Empty: for leads of all companies.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    description = fields.Text()

    # -- conditions --
    lead_type = fields.Selection(
        [("lead", "Leads"), ("opportunity", "Opportunities")], "Only", help="Empty: both."
    )
    arrived_team_ids = fields.Many2many(
        "crm.team",
        "crm_lead_route_rule_team_rel",
        "rule_id",
        "team_id",
        string="Arrived at Team",
        help="The team that the source gives the lead, for example that of the mail alias.",
    )
    territory_ids = fields.Many2many(
        "crm.territory", string="Territories", help="These and the ones below them."
    )
    country_ids = fields.Many2many("res.country", string="Countries")
    state_ids = fields.Many2many("res.country.state", string="States")
    segment_ids = fields.Many2many("crm.segment", string="Segments")
    level_ids = fields.Many2many("crm.customer.level", string="Customer Levels")
    industry_ids = fields.Many2many("res.partner.industry", string="Industries")
    size_from = fields.Selection(selection="_size_selection", string="Company Size from")
    size_to = fields.Selection(selection="_size_selection", string="Company Size to")
    budget_from = fields.Monetary(help="Expected revenue of the lead, at least.")
    budget_to = fields.Monetary(help="Expected revenue of the lead, at most; 0: no limit.")
    source_ids = fields.Many2many("utm.source", string="Sources")
    medium_ids = fields.Many2many("utm.medium", string="Media")
    lang_ids = fields.Many2many("res.lang", string="Languages")
    product_categ_ids = fields.Many2many(
        "product.category",
        string="Product Categories",
        help="Of the products that the lead is interested in; sub-categories count.",
    )
    tag_ids = fields.Many2many("crm.tag", string="Tags")
    domain = fields.Char(
        "Further Condition", default="[]", help="Anything else about the lead, tested last."
    )
    condition_terms = fields.Json(compute="_compute_condition_terms")
    condition_sentence = fields.Char("Conditions", compute="_compute_condition_sentence")
    shadowed = fields.Text("Warnings", compute="_compute_shadowed")

    # -- target --
    target = fields.Selection(
        [
            ("person", "One person"),
            ("round_robin", "In turn"),
            ("least_loaded", "Whoever has the least open work"),
            ("team", "A team, without a person"),
        ],
        default="round_robin",
        required=True,
        tracking=True,
    )
    people_from = fields.Selection(
        [
            ("members", "People listed here"),
            ("team", "Members of the team"),
            ("territory", "People of the territory"),
        ],
        "Among",
        default="members",
        required=True,
        tracking=True,
    )
    user_id = fields.Many2one(
        "res.users", "Salesperson", domain="[('share', '=', False)]", tracking=True
    )
    team_id = fields.Many2one("crm.team", "Sales Team", check_company=True, tracking=True)
    member_ids = fields.One2many("crm.lead.route.member", "rule_id", "People", copy=True)
    availability = fields.Selection(
        [
            ("none", "Do not look"),
            ("absence", "Not to people who are away"),
            ("hours", "To people at work now, if any"),
        ],
        "Working Hours",
        default="absence",
        required=True,
        help="By the working schedule and time off of each person.",
    )
    capacity = fields.Float(
        "Capacity of Each",
        default=50.0,
        help="Open weight at most of each member of the team or territory: open leads, each with "
        "the weight of its stage.",
    )
    nobody = fields.Selection(
        [
            ("next", "Try the next rules"),
            ("person", "Give it to"),
            ("team", "Leave it to the team"),
        ],
        "If Nobody is Available",
        default="next",
        required=True,
    )
    fallback_user_id = fields.Many2one(
        "res.users", "Fallback", domain="[('share', '=', False)]", tracking=True
    )
    override_user = fields.Boolean(
        "Also if a Salesperson was Chosen",
        tracking=True,
        help="Also leads for which whoever entered them has chosen a salesperson.",
    )
    sla_policy_id = fields.Many2one(
        "crm.lead.sla.policy", "First Response", ondelete="restrict", tracking=True
    )
    log_ids = fields.One2many("crm.lead.route.log", "rule_id")
    lead_count = fields.Integer("Routed (30 Days)", compute="_compute_lead_count")

    _capacity_positive = models.Constraint(
        "CHECK (capacity > 0)", "The capacity of a person must be more than zero."
    )

    # -- computes --

    @api.model
    def _size_selection(self):
        return self.env["res.partner"]._fields["company_size"]._description_selection(self.env)

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        for rule in self:
            rule.currency_id = (rule.company_id or self.env.company).currency_id

    def _compute_lead_count(self):
        since = fields.Datetime.subtract(fields.Datetime.now(), days=30)
        counts = dict(
            self.env["crm.lead.route.log"]._read_group(
                [("rule_id", "in", self.ids), ("date", ">=", since)], ["rule_id"], ["__count"]
            )
        )
        for rule in self:
            rule.lead_count = counts.get(rule, 0)

    @api.model
    def _condition_fields(self):
        """Return the relational conditions: dimension → field; addons may add to it.

        The dimension must be among the facts of ``crm.lead.router._facts()``.
        """
        return {
            "team": "arrived_team_ids",
            "territory": "territory_ids",
            "country": "country_ids",
            "state": "state_ids",
            "segment": "segment_ids",
            "level": "level_ids",
            "industry": "industry_ids",
            "source": "source_ids",
            "medium": "medium_ids",
            "lang": "lang_ids",
            "product": "product_categ_ids",
            "tag": "tag_ids",
        }

    @api.depends(
        lambda self: [
            *self._condition_fields().values(),
            "lead_type", "size_from", "size_to", "budget_from", "budget_to", "domain",
        ]
    )  # fmt: skip
    @api.depends_context("lang")
    def _compute_condition_terms(self):
        for rule in self:
            rule.condition_terms = rule._terms()

    @api.depends("condition_terms")
    @api.depends_context("lang")
    def _compute_condition_sentence(self):
        for rule in self:
            rule.condition_sentence = rule._sentence(rule.condition_terms or [])

    def _terms(self):
        """Return the conditions as data, which a decision keeps and any language can say later.

        :return: a list of dicts, each with the ``field`` and what it asks for; names are those of
            now, for when a record has gone
        """
        self.ensure_one()
        terms = [
            {"field": name, "ids": self[name].ids, "names": self[name].mapped("display_name")}
            for name in self._condition_fields().values()
            if self[name]
        ]
        if self.lead_type:
            terms.append({"field": "lead_type", "value": self.lead_type})
        if self.size_from or self.size_to:
            terms.append({"field": "size", "low": self.size_from, "high": self.size_to})
        if self.budget_from or self.budget_to:
            ends = {"low": self.budget_from, "high": self.budget_to}
            terms.append({"field": "budget", "currency": self.currency_id.id, **ends})
        if self._extra_domain():
            terms.append({"field": "domain"})
        return terms

    @api.model
    def _sentence(self, terms):
        """Return what :meth:`_terms` returned in words, in the language of the reader."""
        return " · ".join(map(self._term_words, terms)) or self.env._("every lead")

    @api.model
    def _term_words(self, term):
        name = term["field"]
        if name in ("lead_type", "size", "budget", "domain"):
            return getattr(self, f"_{name}_words")(term)
        if name not in self._fields:  # of an addon that has been removed
            return ", ".join(term["names"])
        # sudo: names for the explanation of a decision the reader may see
        records = self.env[self._fields[name].comodel_name].sudo()
        return ", ".join(self._names_of(records, term["ids"], term["names"]))

    @api.model
    def _names_of(self, records, ids, names):
        """Return the names of now, in the language of the reader; of what has gone the old ones."""
        alive = records.browse(ids).exists()
        known = {record.id: record.display_name for record in alive}
        return [known.get(id_, name) for id_, name in zip(ids, names, strict=False)]

    @api.model
    def _between(self, low, high):
        """Return a range in words; one of the ends may be empty."""
        if not high:
            return self.env._("from %s", low)
        if not low:
            return self.env._("up to %s", high)
        return self.env._("%(low)s to %(high)s", low=low, high=high)

    @api.model
    def _lead_type_words(self, term):
        return dict(self._fields["lead_type"]._description_selection(self.env))[term["value"]]

    @api.model
    def _size_words(self, term):
        sizes = dict(self._size_selection())
        ends = sizes.get(term["low"], ""), sizes.get(term["high"], "")
        return self.env._("size %s", self._between(*ends))

    @api.model
    def _budget_words(self, term):
        currency = self.env["res.currency"].browse(term["currency"])
        ends = [currency.format(term[end]) if term[end] else "" for end in ("low", "high")]
        return self.env._("budget %s", self._between(*ends))

    @api.model
    def _domain_words(self, _term):
        return self.env._("further condition")

    @api.depends(
        lambda self: [
            *self._condition_fields().values(),
            "sequence", "active", "lead_type", "size_from", "size_to", "budget_from", "budget_to",
            "domain", "nobody", "company_id", "target", "override_user",
        ]
    )  # fmt: skip
    @api.depends_context("lang")
    def _compute_shadowed(self):
        rules = self.search([("active", "=", True)])
        conditions = {rule.id: rule._condition() for rule in rules}
        for rule in self:
            earlier = rule._shadowing(rules, conditions) if rule.active else self.browse()
            rule.shadowed = rule._shadowed_message(earlier) if earlier else False

    def _shadowed_message(self, earlier):
        return self.env._(
            'Never reached: "%(other)s" comes before "%(name)s" and takes everything. Move this '
            "rule up, or make the other one narrower.",
            other=earlier.name,
            name=self.name,
        )

    def _shadowing(self, rules, conditions):
        """Return the first earlier rule that leaves nothing for this one, if any."""
        origin = self._origin
        position = list(rules.ids).index(origin.id) if origin in rules else len(rules)
        mine = self._condition()
        for other in rules[:position]:
            if (
                other._takes_all()
                and (not other.company_id or other.company_id == self.company_id)
                and (other.override_user or not self.override_user)
                and conditions[other.id].covers(mine)
            ):
                return other
        return self.browse()

    def _takes_all(self):
        certain = self.target in ("person", "team") or self.nobody != "next"
        return certain and not self._extra_domain()

    # -- checks --

    @api.constrains("target", "people_from", "user_id", "team_id", "member_ids", "nobody",
                    "fallback_user_id")  # fmt: skip
    def _check_target(self):
        for rule in self:
            problem = rule._target_problem()
            if problem:
                raise ValidationError(
                    self.env._('Rule "%(name)s": %(problem)s', name=rule.name, problem=problem)
                )

    def _target_problem(self):
        if self.target == "person" and not self.user_id:
            return self.env._("choose the salesperson who gets the leads.")
        if self.target == "team" and not self.team_id:
            return self.env._("choose the team that gets the leads.")
        if self.target in ("round_robin", "least_loaded"):
            if self.people_from == "members" and not self.member_ids:
                return self.env._("list the people who get the leads.")
            if self.people_from == "team" and not self.team_id:
                return self.env._("choose the team whose members get the leads.")
        if self.nobody == "person" and not self.fallback_user_id:
            return self.env._("choose who gets the lead if nobody is available.")
        return None

    @api.constrains("budget_from", "budget_to", "size_from", "size_to")
    def _check_ranges(self):
        for rule in self:
            budget = rule.budget_to and rule.budget_from > rule.budget_to
            size = rule.size_from and rule.size_to and int(rule.size_from) > int(rule.size_to)
            if budget or size:
                raise ValidationError(
                    self.env._(
                        'Rule "%s": the lower end of a range is above its upper end.', rule.name
                    )
                )

    @api.constrains("domain")
    def _check_domain(self):
        for rule in self:
            try:
                # sudo(False): constraints run as superuser. No rule asks for a hidden field.
                self.sudo(False).env["crm.lead"].search_count(rule._extra_domain(), limit=1)
            except Exception as error:
                raise ValidationError(
                    self.env._(
                        'Rule "%(name)s": the further condition cannot be read: %(error)s',
                        name=rule.name,
                        error=error,
                    )
                ) from error

    # -- actions --

    def action_open_log(self):
        """Open the decisions of this rule."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_lead_route_log_action"),
            "domain": [("rule_id", "=", self.id)],
            "context": {},
        }

    # -- engine --

    def _extra_domain(self):
        return literal_eval(self.domain or "[]")

    def _condition(self):
        """Return the conditions for the engine, under the id of the rule."""
        found = {
            dimension: frozenset(self[name]._origin.ids)
            for dimension, name in self._condition_fields().items()
            if self[name]
        }
        if self.lead_type:
            found["type"] = frozenset([self.lead_type])
        ranges = {}
        if self.budget_from or self.budget_to:
            ranges["budget"] = ((self.budget_from or None, self.budget_to or None),)
        if self.size_from or self.size_to:
            ends = [int(size) if size else None for size in (self.size_from, self.size_to)]
            ranges["size"] = (tuple(ends),)
        return Condition(self._origin.id, found, ranges)

    @api.model
    @ormcache("company_id")
    def _active_ids(self, company_id):
        """Return the ids of the rules for leads of a company, in order."""
        rules = self.sudo().search(  # sudo: routing reads the configuration for whoever
            [("company_id", "in", (company_id, False))]
        )
        return tuple(rules.ids)

    @api.model
    @ormcache()
    def _any(self):
        """Tell whether there is any active rule."""
        return bool(self.sudo().search([], limit=1))  # sudo: as above
