from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date, ormcache

from ..engine.territory import Tree

#: leads moved within the transaction of the user who activates a model; the rest in background
AT_ONCE = 2000
BATCH = 1000


class CrmTerritoryModel(models.Model):
    """A plan of territories: drafted and compared in peace, in effect between two dates."""

    _name = "crm.territory.model"
    _description = "Territory Model"
    _inherit = ["mail.thread"]
    _order = "state, date_from desc, id desc"

    name = fields.Char(required=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        index="btree_not_null",
        help="Empty: for leads of all companies that have no model of their own.",
    )
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active"), ("archived", "Archived")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    date_from = fields.Date("In Effect from", copy=False, tracking=True)
    date_to = fields.Date(
        "Until", copy=False, tracking=True, help="Last day in effect; empty: until further notice."
    )
    in_effect = fields.Boolean(compute="_compute_in_effect")
    territory_ids = fields.One2many("crm.territory", "model_id", "Territories")
    territory_count = fields.Integer(compute="_compute_territory_count")
    lead_count = fields.Integer("Open Leads", compute="_compute_lead_count")
    conflicts = fields.Text("Warnings", compute="_compute_conflicts")
    reassign = fields.Boolean(
        "Route Again",
        copy=False,
        readonly=True,
        help="Leads that change their territory are routed again, whoever has them.",
    )
    move_pointer = fields.Integer(
        copy=False, readonly=True, help="Open leads up to this id have been moved; -1: all."
    )
    error = fields.Text(readonly=True, copy=False)

    _dates_ordered = models.Constraint(
        "CHECK (date_to IS NULL OR date_from IS NULL OR date_from <= date_to)",
        "A territory model cannot end before it begins.",
    )

    # -- computes --

    @api.depends("state", "date_from", "date_to")
    def _compute_in_effect(self):
        today = fields.Date.context_today(self)
        for model in self:
            model.in_effect = model._covers(today)

    def _covers(self, day):
        """Tell whether the model is in effect on a day."""
        return (
            self.state == "active"
            and (not self.date_from or self.date_from <= day)
            and (not self.date_to or day <= self.date_to)
        )

    @api.depends("territory_ids")
    def _compute_territory_count(self):
        counts = dict(
            self.env["crm.territory"]._read_group(
                [("model_id", "in", self.ids)], ["model_id"], ["__count"]
            )
        )
        for model in self:
            model.territory_count = counts.get(model, 0)

    def _compute_lead_count(self):
        for model in self:
            model.lead_count = self.env["crm.lead"].search_count(
                [("territory_id.model_id", "=", model.id), ("won_status", "=", "pending")]
            )

    @api.depends(
        "territory_ids.parent_id", "territory_ids.sequence", "territory_ids.name",
        "territory_ids.country_ids", "territory_ids.state_ids", "territory_ids.cities",
        "territory_ids.zip_ranges", "territory_ids.industry_ids", "territory_ids.level_ids",
        "territory_ids.partner_ids",
    )  # fmt: skip
    @api.depends_context("lang")
    def _compute_conflicts(self):
        for model in self:
            found = model._conflict_sentences()
            model.conflicts = "\n".join(sentence for _keys, sentence in found) or False

    def _conflict_sentences(self):
        """Return ``[(territories concerned, sentence)]`` of all contradictions in the tree."""
        territories = self.territory_ids._origin
        if not territories:
            return []
        tree = Tree(territories._nodes())
        names = {territory.id: territory.complete_name for territory in territories}
        accounts = {
            partner.id: partner.display_name
            for partner in territories.sudo().partner_ids  # sudo: the name for the message
        }
        return [
            (
                {conflict.winner, conflict.loser} - {None},
                self._conflict_sentence(conflict, names, accounts),
            )
            for conflict in tree.conflicts()
        ]

    def _conflict_sentence(self, conflict, names, accounts):
        loser, winner = names[conflict.loser], names.get(conflict.winner)
        if conflict.kind == "empty":
            return self.env._(
                '"%s" can never be reached: its rule lies outside of the rule of a territory '
                "above it.",
                loser,
            )
        if conflict.kind == "account":
            return self.env._(
                '"%(winner)s" and "%(loser)s" both name %(account)s; "%(winner)s" wins, as it '
                "comes first.",
                winner=winner,
                loser=loser,
                account=accounts.get(conflict.account, ""),
            )
        if conflict.kind == "never":
            return self.env._(
                '"%(loser)s" can never be reached: "%(winner)s" comes before it and takes '
                "everything. Move it before it, or make its rule narrower.",
                winner=winner,
                loser=loser,
            )
        return self.env._(
            '"%(winner)s" and "%(loser)s" overlap; "%(winner)s" wins, as it comes first in '
            "sequence.",
            winner=winner,
            loser=loser,
        )

    # -- checks --

    @api.constrains("state", "date_from", "date_to", "company_id")
    def _check_one_in_effect(self):
        for model in self.filtered(lambda one: one.state == "active"):
            if not model.date_from:
                raise ValidationError(
                    self.env._(
                        'Say from which day "%s" is in effect before activating.', model.name
                    )
                )
            other = self.search(model._domain_same_time() & Domain("id", "!=", model.id), limit=1)
            if other:
                raise ValidationError(
                    self.env._(
                        '"%(one)s" and "%(other)s" would be in effect at the same time. End one '
                        "of them before the other begins.",
                        one=model.name,
                        other=other.name,
                    )
                )

    def _domain_same_time(self):
        """Return the active models of the same company whose time overlaps."""
        domain = Domain("state", "=", "active") & Domain("company_id", "=", self.company_id.id)
        domain &= Domain("date_to", "=", False) | Domain("date_to", ">=", self.date_from)
        if self.date_to:
            domain &= Domain("date_from", "<=", self.date_to)
        return domain

    # -- CRUD --

    @api.model_create_multi
    def create(self, vals_list):
        """Which model is active when is kept with the trees: forget it."""
        models_ = super().create(vals_list)
        self.env["crm.territory"]._forget()
        return models_

    def write(self, vals):
        """See :meth:`create`."""
        result = super().write(vals)
        self.env["crm.territory"]._forget()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_only_drafts(self):
        if self.filtered(lambda model: model.state != "draft"):
            raise UserError(
                self.env._(
                    "Only drafts can be deleted: archive the model, its leads show where they were."
                )
            )

    def copy_data(self, default=None):
        """Mark the copy, which is a draft to work on."""
        default = dict(default or {})
        return [
            {**vals, "name": default.get("name") or self.env._("%s (copy)", model.name)}
            for model, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def copy(self, default=None):
        """Copy the model as a draft, with its tree."""
        copies = super().copy(default)
        for old, new in zip(self, copies, strict=True):
            old.territory_ids._copy_tree(new)
        return copies

    # -- actions --

    def action_preview(self):
        """Show what would move, with the button that activates."""
        self.ensure_one()
        self.check_access("write")
        wizard = self.env["crm.territory.activate"].create({"model_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What Would Move"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_archive_model(self):
        """End the model today; its leads keep their territory for the record."""
        today = fields.Date.context_today(self)
        for model in self:
            end = min(model.date_to, today) if model.date_to else today
            begin = model.date_from and min(model.date_from, end)
            model.write({"state": "archived", "date_to": end, "date_from": begin})

    def action_new_draft(self):
        """Copy the model as a draft and open it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.copy().id,
            "view_mode": "form",
        }

    def action_open_tree(self):
        """Open the territories as a chart."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_territory_action"),
            "domain": [("model_id", "=", self.id)],
            "context": {"default_model_id": self.id, "search_default_in_use": 0},
        }

    def action_open_leads(self):
        """Open the open leads of these territories."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("crm.crm_lead_all_leads"),
            "name": self.env._("Leads by Territory"),
            "domain": [("territory_id.model_id", "=", self.id)],
            "context": {"search_default_group_by_territory": 1},
        }

    # -- activation --

    def _activate(self, reassign=False):
        """Put a draft into effect from its date on, ending the model that was.

        :param bool reassign: have leads that change their territory routed again
        :raises UserError: not a draft, or without a territory
        """
        self.ensure_one()
        if self.state != "draft":
            raise UserError(self.env._('"%s" is not a draft.', self.name))
        if not self.territory_ids:
            raise UserError(self.env._('"%s" has no territory yet: add one first.', self.name))
        self.date_from = self.date_from or fields.Date.context_today(self)
        self._end_predecessors()
        self.write({"state": "active", "reassign": reassign, "move_pointer": 0})
        if self.in_effect and not self._move_batch(AT_ONCE):
            return
        self._wake_up()

    def _end_predecessors(self):
        """End what this model replaces on the day before it begins."""
        for other in self.search(self._domain_same_time()):
            if other.date_from >= self.date_from:
                raise UserError(
                    self.env._(
                        '"%(other)s" is to be in effect from %(day)s. Archive it first, or let '
                        'this one end before (set "Until").',
                        other=other.name,
                        day=format_date(self.env, other.date_from),
                    )
                )
            other.date_to = fields.Date.subtract(self.date_from, days=1)

    def _wake_up(self):
        cron = self.env.ref("crm_sales.ir_cron_territories", raise_if_not_found=False)
        if cron:
            cron.sudo()._trigger()  # sudo: the scheduled action follows the activation

    def _move_batch(self, limit=BATCH):
        """Give the next open leads their territory; return whether more are left."""
        leads = self._leads_to_move(limit)
        if not leads:
            self.move_pointer = -1
            return False
        moved = self.env["crm.lead.router"]._move(leads, self)
        if self.reassign and moved:
            self.env["crm.lead.router"]._route(moved, "territory", override=True)
        self.move_pointer = -1 if len(leads) < limit else leads[-1].id
        return self.move_pointer != -1

    def _leads_to_move(self, limit):
        # sudo: all open leads of the company move, whoever activates the model
        return self.env["crm.lead"].sudo().search(self._domain_leads(), limit=limit, order="id")

    def _domain_leads(self):
        domain = Domain("won_status", "=", "pending") & Domain("id", ">", self.move_pointer)
        if self.company_id:
            return domain & Domain("company_id", "in", (self.company_id.id, False))
        own = self.search([("state", "=", "active"), ("company_id", "!=", False)])
        return domain & Domain("company_id", "not in", own.company_id.ids)

    @api.model
    def _cron_apply(self):
        """Archive what has ended and move leads to what has begun, a batch a transaction."""
        cron = self.env["ir.cron"]
        today = fields.Date.context_today(self)
        ended = self.search([("state", "=", "active"), ("date_to", "<", today)])
        ended.state = "archived"
        begun = self.search(
            [("state", "=", "active"), ("date_from", "<=", today), ("move_pointer", ">=", 0)]
        )
        cron._commit_progress(len(ended), remaining=len(begun))
        for model in begun:
            while more := model._move_isolated():
                if not cron._commit_progress():
                    return
            cron._commit_progress(1, remaining=0 if more is None else None)

    def _move_isolated(self):
        """Move a batch; note an error on the model. Return whether more are left."""
        try:
            with self.env.cr.savepoint():
                more = self._move_batch()
                self.error = False
                return more
        except Exception as error:  # pylint: disable=broad-except  # isolated: on the record
            self.error = str(error)
            return None

    # -- look-up --

    @api.model
    @ormcache("company_id", "day")
    def _in_effect_id(self, company_id, day):
        """Return the id of the model in effect for a company on a day, or False."""
        models_ = self.sudo().search(  # sudo: routing reads the configuration for whoever
            [
                ("state", "=", "active"),
                ("company_id", "in", (company_id, False)),
                ("date_from", "<=", day),
                "|",
                ("date_to", "=", False),
                ("date_to", ">=", day),
            ]
        )
        return models_.sorted(lambda model: not model.company_id)[:1].id

    @api.model
    @ormcache("model_id")
    def _tree(self, model_id):
        """Return the compiled tree of a model; shared, so nothing may change it."""
        # sudo: routing reads the configuration for whoever creates a lead
        return Tree(self.sudo().browse(model_id).territory_ids._nodes())
