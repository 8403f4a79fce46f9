from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..engine import span
from .crm_achievement import MEASURES

PERIODS = [("month", "Month"), ("quarter", "Quarter"), ("year", "Year")]


class CrmQuota(models.Model):
    """What a person, a team or a product category is to achieve in a period.

    A quota counts what meets all of its dimensions: nothing entered means everybody, every team,
    every product. What a team achieves includes its sub-teams.

    Another addon adds a dimension with a field, its name in :meth:`_dimension_fields` and a
    condition in :meth:`_sql_conditions`.
    """

    _name = "crm.quota"
    _description = "Quota"
    _inherit = ["mail.thread"]
    _order = "date_from desc, team_id, user_id, measure, id"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(
        "res.users",
        "Salesperson",
        index="btree_not_null",
        domain="[('share', '=', False)]",
        tracking=True,
        help="Empty: the quota of a whole team, or of the company.",
    )
    team_id = fields.Many2one(
        "crm.team",
        "Sales Team",
        index="btree_not_null",
        check_company=True,
        tracking=True,
        help="Deals of this team and its sub-teams count. Empty: those of every team.",
    )
    territory_id = fields.Many2one(
        "crm.territory",
        index="btree_not_null",
        check_company=True,
        tracking=True,
        ondelete="restrict",
        help="Deals whose opportunity lies in this territory or below it count.",
    )
    categ_id = fields.Many2one(
        "product.category",
        "Product Category",
        index="btree_not_null",
        help="Products of this category and those below it count. Empty: every product.",
    )
    measure = fields.Selection(MEASURES, required=True, default="invoiced", tracking=True)
    period = fields.Selection(PERIODS, required=True, default="quarter")
    date_from = fields.Date(
        "From",
        required=True,
        index=True,
        default=lambda self: span.bounds("quarter", fields.Date.context_today(self))[0],
        help="Any day of the period: its first day is kept.",
    )
    date_to = fields.Date("To", compute="_compute_date_to", store=True, index=True)
    amount = fields.Monetary("Quota", required=True, tracking=True)
    parent_id = fields.Many2one(
        "crm.quota", "Distributed from", index="btree_not_null", ondelete="set null", readonly=True
    )
    child_ids = fields.One2many("crm.quota", "parent_id", "Distributed to", readonly=True)
    distributed = fields.Monetary(compute="_compute_distributed")
    note = fields.Text()
    active = fields.Boolean(default=True)
    key = fields.Char(compute="_compute_key", store=True, precompute=True)
    achieved = fields.Monetary(compute="_compute_achieved", search="_search_achieved")
    attainment = fields.Float(
        "Attainment (%)", compute="_compute_achieved", aggregator=None, digits=(16, 1)
    )
    gap = fields.Monetary("To Go", compute="_compute_achieved")
    elapsed = fields.Float(
        "Time Elapsed (%)", compute="_compute_elapsed", aggregator=None, digits=(16, 1)
    )
    pace = fields.Selection(
        [("ahead", "Ahead"), ("on_track", "On Track"), ("behind", "Behind")],
        compute="_compute_elapsed",
        help="Attainment against the part of the period that is over.",
    )

    _amount_positive = models.Constraint(
        "CHECK(amount >= 0)", "A quota cannot be negative. Enter what is to be achieved, or 0."
    )
    _key_unique = models.UniqueIndex(
        "(key) WHERE active IS TRUE",
        "There is already a quota for the same dimensions, measure and period.",
    )

    # ------------------------------------------------------------------
    # Dimensions
    # ------------------------------------------------------------------

    @api.model
    def _dimension_fields(self):
        """Return the names of the many2one fields that say what counts, besides the measure."""
        return ["user_id", "team_id", "territory_id", "categ_id"]

    @api.model
    def _sql_conditions(self):
        """Return the conditions between quota ``q`` and what was achieved, ``c``, as SQL.

        ``c`` has the columns of ``crm.achievement._sql_credit``. The product category is no
        condition: it is applied where the documents are read.
        """
        return [
            SQL("(q.user_id IS NULL OR q.user_id = c.user_id)"),
            SQL(
                """(q.team_id IS NULL OR EXISTS (
                        SELECT FROM team_tree WHERE root = q.team_id AND id = c.team_id))"""
            ),
            SQL(
                """(q.territory_id IS NULL OR EXISTS (
                        SELECT FROM crm_lead l
                          JOIN crm_territory here ON here.id = l.territory_id
                          JOIN crm_territory root ON root.id = q.territory_id
                         WHERE l.id = COALESCE(c.lead_id, (
                                   SELECT o.opportunity_id FROM sale_order o WHERE o.id = c.deal))
                           AND starts_with(here.parent_path, root.parent_path)))"""
            ),
        ]

    @api.depends(
        lambda self: ["company_id", "measure", "period", "date_from", *self._dimension_fields()]
    )
    def _compute_key(self):
        for quota in self:
            quota.key = self._key_of(quota._key_vals())

    @api.model
    def _key_of(self, vals):
        """Return what a quota is for as one text; two active quotas never share it."""
        day = fields.Date.to_date(vals.get("date_from"))
        start = day and span.bounds(vals.get("period") or "quarter", day)[0]
        dimensions = [vals.get(name) or 0 for name in self._dimension_fields()]
        parts = [vals.get("company_id"), vals.get("measure"), vals.get("period"), start]
        return "/".join(str(part) for part in [*parts, *dimensions])

    @api.depends("date_from", "period")
    def _compute_date_to(self):
        for quota in self:
            known = quota.date_from and quota.period
            quota.date_to = known and span.bounds(quota.period, quota.date_from)[1]

    @api.depends(lambda self: ["date_from", "period", "measure", *self._dimension_fields()])
    @api.depends_context("lang")
    def _compute_display_name(self):
        measures = dict(self._fields["measure"]._description_selection(self.env))
        for quota in self:
            who = [
                quota[name].display_name for name in self._dimension_fields() if quota[name]
            ] or [quota.company_id.name or ""]
            quota.display_name = (
                f"{' · '.join(who)}, {measures.get(quota.measure)}, {quota._period_name()}"
            )

    def _period_name(self):
        self.ensure_one()
        return self._name_period(self.period, self.date_from)

    @api.model
    def _name_period(self, period, day):
        """Return what people call a period: “November 2026”, “Q4 2026”, “2026”."""
        if not day:
            return ""
        if period == "month":
            return format_date(self.env, day, date_format="MMMM y")
        if period == "quarter":
            return f"{day.year} Q{(day.month + 2) // 3}"
        return str(day.year)

    # ------------------------------------------------------------------
    # Achieved
    # ------------------------------------------------------------------

    @api.depends("amount", "key", "active")
    def _compute_achieved(self):
        sums = self._achieved_amounts()
        for quota in self:
            quota.achieved = sums.get(quota._origin.id, 0.0)
            quota.attainment = 100.0 * quota.achieved / quota.amount if quota.amount else 0.0
            quota.gap = max(0.0, quota.amount - quota.achieved)

    def _search_achieved(self, operator, value):
        """Compare in Python what the documents say: quotas are thousands, not millions."""
        quotas = self.search([("amount", ">=", 0)])
        return [("id", "in", quotas.filtered_domain([("achieved", operator, value)]).ids)]

    def _achieved_amounts(self):
        """Return what counts for each quota: ``{id: amount}``, one query per measure and category.

        The quotas are those that the user may read; the documents behind are summed whole.
        """
        groups = defaultdict(self.browse)
        for quota in self._origin:
            groups[quota.company_id, quota.measure, quota.categ_id] |= quota
        self.env.flush_all()
        sums = {}
        for (company, measure, categ), quotas in groups.items():
            digits = company.currency_id.round
            for quota_id, amount in self.env.execute_query(
                quotas._sql_achieved(company, measure, categ)
            ):
                sums[quota_id] = digits(float(amount))
        return sums

    def _sql_achieved(self, company, measure, categ):
        # sudo: read as a whole; which quotas the user may see was decided before
        achievement = self.env["crm.achievement"].sudo()
        credit = achievement._sql_credit(
            measure,
            company,
            categ,
            min(self.mapped("date_from")),
            max(self.mapped("date_to")),
        )
        return SQL(
            """WITH RECURSIVE team_tree (root, id) AS (%(tree)s)
               SELECT q.id, SUM(c.amount)
                 FROM crm_quota q
                 JOIN (%(credit)s SELECT * FROM credit WHERE %(span)s) c
                   ON c.date BETWEEN q.date_from AND q.date_to AND %(conditions)s
                WHERE q.id IN %(ids)s
             GROUP BY q.id""",
            tree=achievement._sql_team_tree(),
            credit=credit,
            span=achievement._sql_span(min(self.mapped("date_from")), max(self.mapped("date_to"))),
            conditions=SQL(" AND ").join(self._sql_conditions()),
            ids=tuple(self.ids),
        )

    @api.depends("date_from", "date_to", "attainment")
    def _compute_elapsed(self):
        today = fields.Date.context_today(self)
        for quota in self:
            if not quota.date_from or not quota.date_to:
                quota.elapsed, quota.pace = 0.0, False
                continue
            days = (quota.date_to - quota.date_from).days + 1
            gone = min(max((today - quota.date_from).days + 1, 0), days)
            quota.elapsed = 100.0 * gone / days
            quota.pace = self._pace(quota.attainment, quota.elapsed)

    @api.model
    def _pace(self, attainment, elapsed):
        """Return how an attainment compares with the part of the period gone, both in percent."""
        if not elapsed:
            return "on_track"
        if attainment >= 100 or attainment >= elapsed + 5:
            return "ahead"
        return "on_track" if attainment >= elapsed - 10 else "behind"

    @api.model
    def _attainment_of(self, user, company, first, last):
        """Return the percentage that a person attained of their quotas within two days.

        Counts quotas of the company's measure and forecast period.
        """
        quotas = self.search(
            [
                ("user_id", "=", user.id),
                ("company_id", "=", company.id),
                ("measure", "=", company.forecast_measure),
                ("period", "=", company.forecast_period),
                ("date_from", "<=", last),
                ("date_to", ">=", first),
            ]
        )
        target = sum(quotas.mapped("amount"))
        return 100.0 * sum(quotas.mapped("achieved")) / target if target else 0.0

    # ------------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------------

    @api.constrains("measure", "categ_id")
    def _check_recurring(self):
        for quota in self:
            if quota.measure == "recurring" and quota.categ_id:
                raise ValidationError(
                    self.env._(
                        "%s: recurring revenue is not known by product. Remove the category, or "
                        "choose another measure.",
                        quota.display_name,
                    )
                )

    def _refuse_twice(self, vals_list):
        """Refuse the same period twice, saying which quota is in the way.

        The index of the database refuses it too, but cannot say which.
        """
        keys = [self._key_of(vals) for vals in vals_list if vals.get("active", True)]
        # sudo: a quota in the way is in the way, whoever may read it
        found = self.sudo().search([("key", "in", keys), ("id", "not in", self.ids)], limit=1)
        if found:
            raise ValidationError(
                self.env._(
                    "There is already a quota “%(quota)s” over %(amount)s. Change that one "
                    "instead of entering the period a second time.",
                    quota=found.display_name,
                    amount=found.currency_id.format(found.amount),
                )
            )
        if len(keys) > len(set(keys)):
            raise ValidationError(
                self.env._("Two of the quotas are for the same period, person and measure.")
            )

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Move the day to the first of the period; refuse a second quota of the same place.

        :raises ValidationError: it exists already; the message says which one is in the way
        """
        vals_list = [self._align(self._add_missing_default_values(vals)) for vals in vals_list]
        self._refuse_twice(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        """Hold changes of place and period to the rules of :meth:`create`."""
        names = {"company_id", "measure", "period", "date_from", "active"}
        if not (names | set(self._dimension_fields())) & vals.keys():
            return super().write(vals)
        for quota in self:
            values = quota._key_vals() | vals
            values = self._align(values)
            quota._refuse_twice([values])
            own = {name: values[name] for name in (*vals, "date_from")}
            super(CrmQuota, quota).write(own)
        return True

    def _key_vals(self):
        """Return the values that the key is made of."""
        self.ensure_one()
        return {
            "company_id": self.company_id.id,
            "measure": self.measure,
            "period": self.period,
            "date_from": self.date_from,
            "active": self.active,
            **{name: self[name].id for name in self._dimension_fields()},
        }

    @api.model
    def _align(self, vals):
        """Return ``vals`` with the day that was entered moved to the first one of its period."""
        day, period = fields.Date.to_date(vals.get("date_from")), vals.get("period")
        return {**vals, "date_from": span.bounds(period, day)[0]} if day and period else vals

    @api.onchange("date_from", "period")
    def _onchange_period(self):
        if self.date_from and self.period:
            self.date_from = span.bounds(self.period, self.date_from)[0]

    @api.model
    def get_import_templates(self):
        """Return the file that shows how quotas are imported."""
        return [
            {
                "label": self.env._("Import Template for Quotas"),
                "template": "/crm_sales/static/import/crm_quota.csv",
            }
        ]

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_distribute(self):
        """Open the wizard that spreads the quota over people or over shorter periods."""
        self.ensure_one()
        self._check_may_distribute()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Distribute"),
            "res_model": "crm.quota.distribute",
            "view_mode": "form",
            "target": "new",
            "context": {"default_quota_id": self.id},
        }

    def _check_may_distribute(self):
        """Raise unless the user leads the team of the quota (or one above), or manages sales."""
        self.check_access("read")
        may = self.env.user.has_group("sales_team.group_sale_manager") or (
            self.team_id and self.env.user in self.team_id.sudo().leader_ids
        )
        if not may:
            raise UserError(
                self.env._(
                    "Only the leader of %s, a leader above or a sales manager distributes its "
                    "quota. Ask one of them.",
                    self.team_id.display_name or self.company_id.name,
                )
            )

    @api.depends("child_ids.amount")
    def _compute_distributed(self):
        sums = dict(
            self._read_group([("parent_id", "in", self.ids)], ["parent_id"], ["amount:sum"])
        )
        for quota in self:
            quota.distributed = sums.get(quota._origin, 0.0)

    def action_open_achievements(self):
        """Open what counts for the quota, deal by deal."""
        self.ensure_one()
        domain = Domain("company_id", "=", self.company_id.id)
        domain &= Domain("date", ">=", self.date_from) & Domain("date", "<=", self.date_to)
        if self.user_id:
            domain &= Domain("user_id", "=", self.user_id.id)
        if self.team_id:
            domain &= Domain("team_id", "child_of", self.team_id.ids)
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": "crm.achievement",
            "view_mode": "list,pivot,graph",
            "domain": list(domain),
            "context": {
                "achievement_measures": [self.measure],
                "achievement_from": fields.Date.to_string(self.date_from),
                "achievement_to": fields.Date.to_string(self.date_to),
                "achievement_categ_id": self.categ_id.id,
            },
        }

    def action_open_documents(self):
        """Open the journal items that the figure is made of; for bookings the orders."""
        self.ensure_one()
        self.check_access("read")
        if self.measure in ("booked", "recurring"):
            return self.action_open_achievements()
        # sudo: the journal entries behind a quota that the user may read, as just checked; the
        # list shows those of them that their rights allow
        moves = self.sudo()._achieved_moves()
        return self.env["crm.achievement"]._action_items(self.measure, moves, self.categ_id)

    def _achieved_moves(self):
        achievement = self.env["crm.achievement"]
        conditions = [SQL("TRUE")]
        if self.user_id:
            conditions.append(SQL("user_id = %s", self.user_id.id))
        if self.team_id:
            teams = tuple(self.team_id._with_sub_teams().ids)
            conditions.append(SQL("team_id IN %s", teams))
        return achievement._moves(
            self.measure,
            self.company_id,
            self.date_from,
            self.date_to,
            SQL(" AND ").join(conditions),
            self.categ_id,
        )

    # ------------------------------------------------------------------
    # Distribution
    # ------------------------------------------------------------------

    def _split(self, weights):
        """Return the amount of the quota split by ``weights``, to the cent of its currency."""
        self.ensure_one()
        rounding = Decimal(repr(self.currency_id.rounding))
        parts = span.distribute(
            Decimal(repr(self.amount)), [Decimal(repr(weight)) for weight in weights], rounding
        )
        return [float(part) for part in parts]
