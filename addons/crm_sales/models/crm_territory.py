from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine.matching import Condition
from ..engine.territory import Node, RangeError, parse_cities, parse_ranges

#: fields that the search of a territory depends on
DEFINITION = (
    "model_id", "parent_id", "sequence", "country_ids", "state_ids", "cities", "zip_ranges",
    "industry_ids", "level_ids", "partner_ids",
)  # fmt: skip


class CrmTerritory(models.Model):
    """A node of a territory model: a rule, and the people who look after what meets it."""

    _name = "crm.territory"
    _description = "Sales Territory"
    _parent_store = True
    _order = "model_id, sort_path, id"
    _rec_names_search = ["name", "complete_name"]

    name = fields.Char(required=True, translate=True)
    complete_name = fields.Char(compute="_compute_complete_name", recursive=True)
    indented_name = fields.Char("Tree", compute="_compute_complete_name", recursive=True)
    model_id = fields.Many2one("crm.territory.model", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="model_id.company_id", store=True, index="btree_not_null")
    model_state = fields.Selection(related="model_id.state", string="State of the Model")
    parent_id = fields.Many2one(
        "crm.territory",
        index=True,
        ondelete="cascade",
        domain="[('model_id', '=', model_id), ('id', '!=', id)]",
    )
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("crm.territory", "parent_id", "Children")
    sequence = fields.Integer(
        default=10, help="Among siblings, the first whose rule is met takes the lead."
    )
    sort_path = fields.Char(compute="_compute_sort_path", store=True, recursive=True, index=True)
    color = fields.Integer()
    description = fields.Text()

    country_ids = fields.Many2many("res.country", string="Countries")
    state_ids = fields.Many2many("res.country.state", string="States")
    cities = fields.Char(help="Names with commas: Suzhou, Wuxi")
    zip_ranges = fields.Char(
        "Postcodes", help="Ranges with commas: 200000-209999, 31. A beginning stands for all of it."
    )
    industry_ids = fields.Many2many("res.partner.industry", string="Industries")
    level_ids = fields.Many2many("crm.customer.level", string="Customer Levels")
    partner_ids = fields.Many2many(
        "res.partner",
        "crm_territory_account_rel",
        "territory_id",
        "partner_id",
        string="Named Accounts",
        help="These customers belong here whatever the rules say.",
    )
    rule_sentence = fields.Char("Rule", compute="_compute_rule_sentence")
    conflicts = fields.Text("Warnings", compute="_compute_conflicts")

    team_id = fields.Many2one("crm.team", "Sales Team", check_company=True, ondelete="set null")
    user_id = fields.Many2one(
        "res.users", "Manager", domain="[('share', '=', False)]", ondelete="set null", index=True
    )
    member_ids = fields.Many2many(
        "res.users",
        "crm_territory_member_rel",
        "territory_id",
        "user_id",
        string="People",
        domain="[('share', '=', False)]",
        help="They may get its leads, and read the leads of this territory and those below it.",
    )
    access_user_ids = fields.Many2many(
        "res.users",
        "crm_territory_access_rel",
        "territory_id",
        "user_id",
        compute="_compute_access_user_ids",
        store=True,
        recursive=True,
        string="Who may Read",
        help="People and managers of this territory and of those above it.",
    )
    lead_count = fields.Integer("Open Leads", compute="_compute_leads")
    expected_revenue = fields.Float(compute="_compute_leads")

    # -- computes --

    @api.depends("name", "parent_id.complete_name", "parent_id.indented_name")
    def _compute_complete_name(self):
        for territory in self:
            parent = territory.parent_id
            own = territory.name or ""
            territory.complete_name = f"{parent.complete_name} / {own}" if parent else own
            level = len(parent.indented_name or "") - len(
                (parent.indented_name or "").lstrip("\u2003")
            )
            territory.indented_name = "\u2003" * (level + 1) + own if parent else own

    @api.depends("complete_name")
    def _compute_display_name(self):
        for territory in self:
            territory.display_name = territory.complete_name

    @api.depends("sequence", "parent_id.sort_path")
    def _compute_sort_path(self):
        for territory in self:
            own = f"{territory.sequence or 0:06d}.{territory._origin.id or 0:09d}"
            parent = territory.parent_id
            territory.sort_path = f"{parent.sort_path}/{own}" if parent else own

    @api.depends("user_id", "member_ids", "parent_id.access_user_ids")
    def _compute_access_user_ids(self):
        for territory in self:
            people = territory.user_id | territory.member_ids | territory.parent_id.access_user_ids
            territory.access_user_ids = people

    @api.depends(
        "country_ids", "state_ids", "cities", "zip_ranges", "industry_ids", "level_ids",
        "partner_ids", "child_ids",
    )  # fmt: skip
    @api.depends_context("lang")
    def _compute_rule_sentence(self):
        for territory in self:
            territory.rule_sentence = territory._in_words()

    def _in_words(self):
        parts = [
            ", ".join(names)
            for names in (
                self.country_ids.mapped("name"),
                self.state_ids.mapped("name"),
                [self.cities] if self.cities else [],
                [self.zip_ranges] if self.zip_ranges else [],
                self.industry_ids.mapped("name"),
                self.level_ids.mapped("name"),
            )
            if names
        ]
        sentence = " · ".join(parts)
        if self.partner_ids:
            named = self.env._("%s named accounts", len(self.partner_ids))
            sentence = f"{sentence} + {named}" if sentence else named
        if sentence:
            return sentence
        if self.child_ids:
            return self.env._("groups its children")
        return self.env._("the rest")

    @api.depends(*DEFINITION)
    @api.depends_context("lang")
    def _compute_conflicts(self):
        found = {model: model._conflict_sentences() for model in self.model_id}
        for territory in self:
            mine = [
                sentence
                for keys, sentence in found.get(territory.model_id, ())
                if territory._origin.id in keys
            ]
            territory.conflicts = "\n".join(mine) or False

    def _compute_leads(self):
        groups = self.env["crm.lead"]._read_group(
            [("territory_id", "in", self.ids), ("won_status", "=", "pending")],
            ["territory_id"],
            ["__count", "expected_revenue:sum"],
        )
        figures = {territory.id: row for territory, *row in groups}
        for territory in self:
            row = figures.get(territory.id, (0, 0))
            territory.lead_count, territory.expected_revenue = row

    # -- checks --

    @api.constrains("parent_id", "model_id")
    def _check_tree(self):
        if self._has_cycle():
            raise ValidationError(self._circle_message(self))
        for territory in self:
            if territory.parent_id and territory.parent_id.model_id != territory.model_id:
                raise ValidationError(
                    self.env._(
                        '"%(name)s" and its parent "%(parent)s" belong to different territory '
                        "models.",
                        name=territory.name,
                        parent=territory.parent_id.name,
                    )
                )

    def _circle_message(self, territories):
        return self.env._(
            '"%s" would lie below itself. Choose a parent that is not one of its own children.',
            ", ".join(territories.mapped("name")),
        )

    @api.constrains("zip_ranges")
    def _check_zip_ranges(self):
        for territory in self:
            try:
                parse_ranges(territory.zip_ranges)
            except RangeError as error:
                raise ValidationError(
                    self.env._(
                        'Territory "%(name)s": "%(token)s" is no range of postcodes. Write for '
                        "example 200000-209999, 31.",
                        name=territory.name,
                        token=error.token,
                    )
                ) from error

    # -- CRUD --

    @api.model_create_multi
    def create(self, vals_list):
        """The tree of a model is kept in memory: forget it."""
        territories = super().create(vals_list)
        self._forget()
        return territories

    def write(self, vals):
        """See :meth:`create`.

        :raises ValidationError: a territory would lie inside itself; the message shows the circle
        """
        if vals.get("parent_id"):
            parent = self.browse(vals["parent_id"])
            above = set(map(int, (parent.parent_path or "").split("/")[:-1]))
            if above.intersection(self.ids):
                raise ValidationError(
                    self._circle_message(self.filtered(lambda one: one.id in above))
                )
        result = super().write(vals)
        self._forget()
        return result

    def unlink(self):
        """See :meth:`create`."""
        result = super().unlink()
        self._forget()
        return result

    @api.model
    def _forget(self):
        """Forget what is kept of territories: compiled trees, and whose leads one may read."""
        self.env["res.users"].invalidate_model(["readable_territory_ids"])
        self.env.registry.clear_cache()

    @api.ondelete(at_uninstall=False)
    def _unlink_without_open_leads(self):
        # sudo: whether there are open leads at all, also such as the user may not see
        below = self.sudo().search([("id", "child_of", self.ids)])
        lead = (
            # sudo: as above
            self.env["crm.lead"]
            .sudo()
            .search([("territory_id", "in", below.ids), ("won_status", "=", "pending")], limit=1)
        )
        if lead:
            raise UserError(
                self.env._(
                    '"%s" has open leads. Copy the model as a draft, take the territory out '
                    "there and activate it: the preview says where its leads go.",
                    lead.territory_id.complete_name,
                )
            )

    def _copy_tree(self, model):
        """Copy these territories, with their places in the tree, into another model."""
        copies = {}
        for territory in self.sorted(lambda one: one.parent_path.count("/")):
            parent = copies.get(territory.parent_id.id)
            many = ("country_ids", "state_ids", "industry_ids", "level_ids", "partner_ids")
            vals = {name: [Command.set(territory[name].ids)] for name in (*many, "member_ids")}
            [values] = territory.copy_data({"model_id": model.id, "parent_id": parent, **vals})
            copy = self.create(values)
            territory.copy_translations(copy)
            copies[territory.id] = copy.id

    # -- actions --

    def action_open_leads(self):
        """Open the leads of this territory and those below it."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("crm.crm_lead_all_leads"),
            "name": self.complete_name,
            "domain": [("territory_id", "child_of", self.id)],
            "context": {"search_default_group_by_territory": 1},
        }

    def _same_place(self, other):
        """Tell whether this is the same territory in another model: of the same name and place."""
        return bool(self and other) and self.complete_name == other.complete_name

    # -- engine --

    def _nodes(self):
        """Return these territories for the engine."""
        return [territory._node() for territory in self]

    def _node(self):
        sets, ranges = self._condition_sets(), {}
        if self.zip_ranges:
            ranges["zip"] = parse_ranges(self.zip_ranges)
        has_rule = sets or ranges
        # A contact may be named as well; leads are looked up by the commercial entity.
        accounts = self.sudo().partner_ids.commercial_partner_id  # sudo: ids only
        return Node(
            self.id,
            self.parent_id.id or None,
            self.sequence,
            Condition(self.id, sets, ranges) if has_rule else None,
            frozenset(accounts.ids),
        )

    def _condition_sets(self):
        found = {
            # States say their country, so that areas of states and of countries compare.
            "country": frozenset((self.country_ids or self.state_ids.country_id).ids),
            "state": frozenset(self.state_ids.ids),
            "city": parse_cities(self.cities),
            "industry": frozenset(self.industry_ids.ids),
            "level": frozenset(self.level_ids.ids),
        }
        return {dimension: values for dimension, values in found.items() if values}
