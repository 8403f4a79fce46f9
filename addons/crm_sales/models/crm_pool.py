from ast import literal_eval
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, format_date, ormcache

from ..engine.recycling import Limits


class CrmPool(models.Model):
    """A public pool: customers or leads without an owner, and the rules by which they get there."""

    _name = "crm.pool"
    _description = "Public Pool"
    _inherit = ["mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True, tracking=True)
    sequence = fields.Integer(
        default=10, help="A customer that fits several pools goes by the first one."
    )
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        help="Its working calendar gives the time zone in which days are counted.",
    )
    res_model = fields.Selection(
        [("res.partner", "Customers"), ("crm.lead", "Leads")],
        string="Holds",
        required=True,
        default="res.partner",
    )
    domain = fields.Char("Condition", default="[]", help="Which records belong to this pool.")
    description = fields.Text(translate=True)

    user_ids = fields.Many2many(
        "res.users",
        "crm_pool_user_rel",
        "pool_id",
        "user_id",
        string="People",
        domain="[('share', '=', False)]",
    )
    team_ids = fields.Many2many("crm.team", string="Teams", help="With their leaders.")
    manager_ids = fields.Many2many(
        "res.users",
        "crm_pool_manager_rel",
        "pool_id",
        "user_id",
        string="Managers",
        domain="[('share', '=', False)]",
        help="Besides the sales administrators: they assign, lock, and undo a recycling.",
    )
    member_ids = fields.Many2many(
        "res.users",
        "crm_pool_member_rel",
        "pool_id",
        "user_id",
        string="Members",
        compute="_compute_member_ids",
        store=True,
        help="Who sees the records of the pool, and may claim them.",
    )
    members_only = fields.Boolean(
        "Only Members See it",
        default=True,
        help="Salespeople who are no members do not see the records of the pool at all. "
        "Without it they see customers, but only members claim.",
    )

    is_recycling = fields.Boolean("Recycle Automatically", default=True, tracking=True)
    recycle_from = fields.Selection(
        [("members", "Members of the pool"), ("all", "Everybody")],
        string="Records of",
        required=True,
        default="members",
    )
    rule_ids = fields.One2many("crm.pool.rule", "pool_id", string="Rules", copy=True)
    exempt_opportunity = fields.Boolean(
        "Spare Open Opportunities",
        default=True,
        help="Customers with an open opportunity, and leads that are one, are not recycled.",
    )
    exempt_dealt = fields.Boolean(
        "Spare Who Bought",
        default=True,
        help="Customers with a confirmed order or a posted invoice are not recycled.",
    )
    exempt_locked = fields.Boolean("Spare Locked Ones", default=True)
    remind_days = fields.Integer(
        "Remind before (Days)",
        default=3,
        help="The owner gets an activity once, this many days before. 0: no reminder.",
    )
    claim_quota = fields.Integer(
        "Claims per Day", default=3, help="For each member; 0: as many as they like."
    )
    holding_limit = fields.Integer(
        "Records per Member",
        help="Whoever has this many records that fit the pool cannot claim more; 0: no limit.",
    )
    cooling_days = fields.Integer(
        "Cooling-off (Days)",
        default=7,
        help="Whoever lost a record to the pool, or handed it back, cannot claim it for so long.",
    )

    run_ids = fields.One2many("crm.pool.run", "pool_id", string="Runs")
    run_count = fields.Integer(compute="_compute_run_count")
    record_count = fields.Integer("In the Pool", compute="_compute_figures")
    held_count = fields.Integer("Mine", compute="_compute_figures")
    quota_left = fields.Integer("Claims Left Today", compute="_compute_figures")
    can_manage = fields.Boolean(compute="_compute_can_manage")

    _days = models.Constraint(
        "CHECK (remind_days >= 0 AND claim_quota >= 0 AND holding_limit >= 0"
        " AND cooling_days >= 0)",
        "Days, quotas and limits of a pool are 0 or more.",
    )

    # ------------------------------------------------------------------
    # Computes and constraints

    @api.depends(
        "user_ids",
        "manager_ids",
        "team_ids.user_id",
        "team_ids.crm_team_member_ids.user_id",
        "team_ids.crm_team_member_ids.active",
    )
    def _compute_member_ids(self):
        for pool in self:
            teams = pool.team_ids
            people = teams.crm_team_member_ids.filtered("active").user_id | teams.user_id
            pool.member_ids = pool.user_ids | pool.manager_ids | people
        if any(self._ids):  # saved ones: nobody sees less while a form is filled in
            self._forget_strangers()

    def _compute_run_count(self):
        counts = dict(
            self.env["crm.pool.run"]._read_group(
                [("pool_id", "in", self.ids)], ["pool_id"], ["__count"]
            )
        )
        for pool in self:
            pool.run_count = counts.get(pool, 0)

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_figures(self):
        counts = {}
        for name in ("res.partner", "crm.lead"):
            pools = self.filtered(lambda pool, name=name: pool.res_model == name)
            model = self.env[name]
            if pools and model.has_access("read"):
                domain = Domain("pool_id", "in", pools.ids) & Domain(model._pool_domain())
                counts |= dict(model._read_group(domain, ["pool_id"], ["__count"]))
        for pool in self:
            pool.record_count = counts.get(pool, 0)
            pool.held_count = pool._count_held(self.env.user)
            pool.quota_left = pool._quota_left(self.env.user)

    @api.depends("manager_ids")
    @api.depends_context("uid")
    def _compute_can_manage(self):
        for pool in self:
            pool.can_manage = pool._managed_by(self.env.user)

    @api.constrains("domain", "res_model")
    def _check_domain(self):
        for pool in self:
            try:
                # sudo(False): constraints run as superuser. Nobody may ask, by a pool, for a field
                # that is hidden from them.
                self.sudo(False).env[pool.res_model]._search(pool._parsed_domain(), limit=1)
            except Exception as error:
                raise ValidationError(
                    self.env._(
                        "Pool %(name)s: the condition cannot be used: %(error)s",
                        name=pool.name,
                        error=error,
                    )
                ) from error

    @api.constrains("res_model")
    def _check_res_model(self):
        for pool in self:
            other = {"res.partner": "crm.lead", "crm.lead": "res.partner"}[pool.res_model]
            # sudo: whether anything is left in the pool does not depend on who asks
            model = self.env[other].sudo().with_context(active_test=False)
            if model.search_count([("pool_id", "=", pool.id)], limit=1):
                raise ValidationError(
                    self.env._(
                        "Pool %s is not empty. Create another pool for the other kind of records.",
                        pool.name,
                    )
                )

    def _parsed_domain(self):
        return Domain(literal_eval(self.domain or "[]"))

    # ------------------------------------------------------------------
    # CRUD, and who is kept out

    @api.model_create_multi
    def create(self, vals_list):
        """The rules of the records inside keep ids of pools with members only: forget them."""
        pools = super().create(vals_list)
        self._forget_strangers()
        return pools

    def write(self, vals):
        """See :meth:`create`."""
        result = super().write(vals)
        if "members_only" in vals:
            self._forget_strangers()
        return result

    def unlink(self):
        """See :meth:`create`."""
        result = super().unlink()
        self._forget_strangers()
        return result

    @api.model
    def _strange_ids(self, access):
        """Return the ids of the pools whose records the current user may not read, or not change.

        They are kept until pools or their members change.

        :param access: ``read`` or ``write``
        """
        self.flush_model(["member_ids", "members_only"])  # who became a member has to be forgotten
        return self._kept_strange_ids(access)

    @api.model
    @ormcache("self.env.uid", "access")
    def _kept_strange_ids(self, access):
        domain = Domain("member_ids", "not in", self.env.uid)
        if access == "read":
            domain &= Domain("members_only", "=", True)
        # sudo: which pools keep somebody out, for the record rules of what is in them
        return tuple(self.sudo().with_context(active_test=False).search(domain, order="id").ids)

    @api.model
    def _forget_strangers(self):
        self.env.registry.clear_cache()
        for name in ("res.partner", "crm.lead"):
            self.env[name].invalidate_model(["pool_readable", "pool_writable"], flush=False)

    # ------------------------------------------------------------------
    # Days and people

    def _zone(self):
        """Return the time zone in which this pool counts days, that of the company's calendar."""
        self.ensure_one()
        # sudo: the time zone of the company, for who may use its pool
        company = self.company_id.sudo()
        return pytz.timezone(company.resource_calendar_id.tz or company.partner_id.tz or "UTC")

    def _local_day(self, moment):
        """Return the day of a UTC datetime in the time zone of the company."""
        return moment and pytz.utc.localize(moment).astimezone(self._zone()).date()

    def _today(self):
        return self._local_day(fields.Datetime.now())

    def _utc_start(self, day):
        """Return the UTC datetime at which a day of the company begins."""
        local = self._zone().localize(datetime.combine(day, time.min))
        return local.astimezone(pytz.utc).replace(tzinfo=None)

    def _managed_by(self, user):
        """Whether ``user`` may assign, lock and undo in this pool."""
        self.ensure_one()
        if user.sudo().has_group("sales_team.group_sale_manager"):
            return True
        return user in self.sudo().manager_ids

    def _check_managed(self):
        for pool in self:
            if not (self.env.su or pool._managed_by(self.env.user)):
                raise AccessError(
                    self.env._(
                        # sudo: the name of the pool in a refusal
                        "Only managers of the pool %s may do this.",
                        pool.sudo().display_name,
                    )
                )

    # ------------------------------------------------------------------
    # Which records

    def _matching_domain(self):
        """Return the domain of the records that fit this pool, whoever owns them."""
        self.ensure_one()
        model = self.env[self.res_model]
        companies = Domain("company_id", "in", [self.company_id.id, False])
        return Domain(model._pool_domain()) & companies & self._parsed_domain()

    def _scope_domain(self):
        """Return the domain of owned records that the rules of this pool govern.

        Pools come in their order: what an earlier one governs is none of the later one's.
        """
        self.ensure_one()
        domain = self._owned_domain()
        earlier = self.search(
            [("res_model", "=", self.res_model), ("is_recycling", "=", True)]
        ).filtered(lambda pool: (pool.sequence, pool.id) < (self.sequence, self.id))
        for pool in earlier:
            domain &= ~pool._owned_domain()
        return domain

    def _owned_domain(self):
        owned = Domain("user_id", "!=", False)
        if self.recycle_from == "members":
            owned = Domain("user_id", "in", self.member_ids.ids)
        return self._matching_domain() & owned

    def _limits(self):
        """Return {level id or 0: Limits} of this pool for every level."""
        self.ensure_one()
        found = {}
        for rule in self.rule_ids:
            found.setdefault(rule.level_id.id or 0, {})[rule.measure] = rule.days
        levels = self.env["crm.customer.level"].search([("active", "in", (True, False))])
        general = found.get(0, {})
        return {
            level: Limits(
                found.get(level, general).get("follow_up"),
                found.get(level, general).get("deal"),
                self.remind_days,
            )
            for level in (0, *levels.ids)
        }

    # ------------------------------------------------------------------
    # Claims

    def _quota_left(self, user):
        """Return how many records ``user`` may still claim today; 0 without a quota too."""
        self.ensure_one()
        if self.claim_quota <= 0:
            return 0
        # sudo: one's own claims of the day
        quota = self.env["crm.pool.quota"].sudo()
        day = [("pool_id", "=", self.id), ("user_id", "=", user.id), ("day", "=", self._today())]
        return max(self.claim_quota - quota.search(day, limit=1).claimed, 0)

    def _count_held(self, user):
        self.ensure_one()
        # sudo: how many records somebody has, for the limit and the card of the pool
        model = self.env[self.res_model].sudo()
        return model.search_count(self.sudo()._matching_domain() & Domain("user_id", "=", user.id))

    def _check_holding(self, user, count):
        """Refuse to give ``count`` more records to whoever would have too many."""
        held = self._count_held(user) if self.holding_limit else 0
        if self.holding_limit and held + count > self.holding_limit:
            raise UserError(
                self.env._(
                    "Pool %(pool)s: nobody may hold more than %(limit)s records, you have "
                    "%(held)s. Hand some back first.",
                    pool=self.name,
                    limit=self.holding_limit,
                    held=held,
                )
            )

    def _cooling_until(self, records, user):
        """Return {record id: first day on which ``user``, who lost it, may claim it again}."""
        self.ensure_one()
        if not self.cooling_days:
            return {}
        today = self._today()
        since = self._utc_start(today - timedelta(days=self.cooling_days))
        # sudo: only when this person lost these records
        rows = (
            self.env["crm.pool.ownership"]
            .sudo()
            ._read_group(
                [
                    (records._pool_link, "in", records.ids),
                    ("from_user_id", "=", user.id),
                    ("how", "in", ("recycle", "release")),
                    ("date", ">=", since),
                ],
                [records._pool_link],
                ["date:max"],
            )
        )
        days = {
            record.id: self._local_day(moment) + timedelta(days=self.cooling_days)
            for record, moment in rows
        }
        return {record: day for record, day in days.items() if day > today}

    def _check_claim(self, records, user):
        """Raise unless ``user`` may claim these records of this pool."""
        self.ensure_one()
        if user not in self.sudo().member_ids or self.company_id not in user.company_ids:
            raise AccessError(
                self.env._(
                    "You are no member of the pool %s. Ask its manager to add you.", self.name
                )
            )
        locked = records.filtered(lambda record: record._pool_is_locked(self))
        if locked:
            raise UserError(
                self.env._(
                    "%(record)s is locked: %(reason)s. A manager of the pool can unlock it.",
                    record=locked[0].display_name,
                    reason=locked[0].pool_lock_reason or self.env._("no reason given"),
                )
            )
        for record, day in self._cooling_until(records, user).items():
            raise UserError(
                self.env._(
                    "%(record)s was yours until recently. You may claim it again from %(day)s on; "
                    "until then it is for your colleagues.",
                    record=records.browse(record).display_name,
                    day=format_date(self.env, day),
                )
            )

    # ------------------------------------------------------------------
    # Actions

    def action_open_records(self):
        """Open what lies in this pool."""
        self.ensure_one()
        return self._action_records(
            self.env._("%s: to Claim", self.name), [("pool_id", "=", self.id)]
        )

    def action_open_mine(self):
        """Open the records of the user that fit this pool, those soon recycled first."""
        self.ensure_one()
        # sudo: the condition of a pool that members may use; the list obeys the rights
        domain = self.sudo()._matching_domain() & Domain("user_id", "=", self.env.uid)
        return self._action_records(self.env._("%s: Mine", self.name), list(domain))

    def _action_records(self, name, domain):
        action = {
            "res.partner": "crm_sales.crm_pool_partner_action",
            "crm.lead": "crm_sales.crm_pool_lead_action",
        }[self.res_model]
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(action),
            "display_name": name,
            "domain": domain,
        }

    def action_open_runs(self):
        """Open the recycling runs of this pool."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("crm_sales.crm_pool_run_action"),
            "domain": [("pool_id", "=", self.id)],
        }

    def action_run_now(self):
        """Recycle now; large runs go on in the background."""
        self.ensure_one()
        self._check_managed()
        # sudo: checked above; the rules look at the documents of everybody
        run = self.env["crm.pool.run"].sudo()._start(self)
        run._work_off_now()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.pool.run",
            "res_id": run.id,
            "views": [(False, "form")],
        }

    @api.model
    def _for_record(self, record):
        """Return the first pool that fits a record, in which it would be handed back."""
        pools = self.search(
            [("res_model", "=", record._name), ("company_id", "in", self._companies_of(record))]
        )
        for pool in pools:
            # sudo: only tells which pool fits
            if record.sudo().filtered_domain(pool._matching_domain()):
                return pool
        return pools.browse()

    @api.model
    def _companies_of(self, record):
        # sudo: as above
        return record.sudo().company_id.ids or self.env.companies.ids

    def _sql_zone(self):
        return SQL("%s", self._zone().zone)
