from collections import defaultdict
from dataclasses import dataclass

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .crm_commission_credit import Scope

MEASURES = [
    ("booked", "Booked"),
    ("invoiced", "Invoiced"),
    ("collected", "Collected"),
    ("recurring", "Recurring"),
]
DOCUMENT_MEASURES = ("booked", "invoiced", "collected")
MANY_DEALS = 50_000


@dataclass(frozen=True, slots=True)
class Lens:
    """What of the documents counts, in the words of ``crm.commission.credit``.

    :param basis: one of :data:`DOCUMENT_MEASURES`
    :param categ: product category, with those below it; empty for every product
    """

    basis: str
    company_id: models.BaseModel
    categ: models.BaseModel

    @property
    def currency_id(self):
        """Currency of all amounts."""
        return self.company_id.currency_id

    @property
    def credit_note_clawback(self):
        """Credit notes always take back what their invoice brought."""
        return True

    @property
    def team_ids(self):
        """No filter by team."""
        return self.company_id.env["crm.team"]

    @property
    def partner_ids(self):
        """No filter by customer."""
        return self.company_id.env["res.partner"]

    def _product_domain(self):
        """Return which products count; all of them without a category."""
        return Domain("categ_id", "child_of", self.categ.ids) if self.categ else Domain.TRUE


class CrmAchievement(models.Model):
    """What was booked, invoiced and collected, by whom and when: deal by deal.

    Not a table: each read asks the documents, with the statement that commissions are computed
    from, so that a salesperson's quota and their commission never disagree. Booked are confirmed
    orders, untaxed; invoiced are posted invoices less credit notes; collected is the untaxed share
    of what was reconciled, see ``engine/basis.py``. A deal counts for the people who own it on
    that day by their shares, and for the team of its order or invoice.

    Keys of the context limit what is read: ``achievement_measures``, ``achievement_from``,
    ``achievement_to``, ``achievement_categ_id``.
    """

    _name = "crm.achievement"
    _description = "Sales Achievement"
    _auto = False
    _order = "date desc, id"
    _rec_name = "order_id"

    measure = fields.Selection(MEASURES, readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales Team", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    order_id = fields.Many2one("sale.order", readonly=True)
    invoice_id = fields.Many2one("account.move", "Invoice without Order", readonly=True)
    lead_id = fields.Many2one("crm.lead", "Opportunity", readonly=True)
    amount = fields.Monetary(readonly=True, aggregator="sum")

    # ------------------------------------------------------------------
    # Rows
    # ------------------------------------------------------------------

    @property
    def _table_query(self):
        self.env.flush_all()
        context = self.env.context
        first, last = context.get("achievement_from"), context.get("achievement_to")
        # sudo: the rules of this model decide which rows may be read
        asked = self.sudo()
        categ = asked.env["product.category"].browse(context.get("achievement_categ_id") or ())
        queries = [
            asked._sql_rows(measure, company, categ, first, last)
            # sudo: as above
            for company in self.env.companies.sudo()
            for measure in context.get("achievement_measures") or DOCUMENT_MEASURES
        ]
        return SQL(" UNION ALL ").join(queries)

    @api.model
    def _sql_rows(self, measure, company, categ, first, last):
        return SQL(
            """(%(credit)s
            SELECT ('x' || SUBSTR(MD5(CONCAT_WS(',', %(measure)s::text, deal, lead_id, user_id,
                                                date)), 1, 12))::bit(48)::bigint AS id,
                   %(measure)s AS measure, %(company)s AS company_id, date, user_id, team_id,
                   partner_id, CASE WHEN deal > 0 THEN deal END AS order_id,
                   CASE WHEN deal < 0 THEN -deal END AS invoice_id, lead_id,
                   amount
              FROM credit WHERE %(span)s)""",
            credit=self._sql_credit(measure, company, categ, first, last),
            measure=measure,
            company=company.id,
            span=self._sql_span(first, last),
        )

    @api.model
    def _sql_span(self, first, last):
        return SQL(
            "date BETWEEN %s AND %s",
            fields.Date.to_date(first) or fields.Date.to_date("1900-01-01"),
            fields.Date.to_date(last) or fields.Date.to_date("9999-12-31"),
        )

    @api.model
    def _sql_credit(self, measure, company, categ=None, first=None, last=None, moves=False):
        """Return the common table expressions that end in ``credit``.

        Its columns: deal (of ``crm.commission.credit``), lead_id, date, user_id, team_id,
        partner_id, amount, moves. Only deals are read to which something happened between the
        days, but those in full: filter by the date what you use.
        """
        if measure == "recurring":
            return self._sql_recurring(company)
        # sudo: builds a query; the callers decide which of its rows may be read
        credits = self.env["crm.commission.credit"].sudo()
        lens = Lens(measure, company.sudo(), (categ or self.env["product.category"]).sudo())
        scope = Scope(
            deals=self._deals(measure, company, first, last),
            moves=moves,
            unlogged=measure == "booked",
        )
        return SQL(
            """WITH %(steps)s, deal AS (SELECT DISTINCT deal AS id FROM step WHERE amount <> 0
            ), owner AS (%(owners)s), credit AS (
                SELECT s.deal, NULL::int AS lead_id, s.date, owner.user_id,
                       COALESCE(o.team_id, m.team_id) AS team_id,
                       COALESCE(o.partner_id, m.partner_id) AS partner_id,
                       s.amount * COALESCE(owner.share, 1) AS amount, s.moves
                  FROM step s
             LEFT JOIN sale_order o ON o.id = s.deal
             LEFT JOIN account_move m ON m.id = -s.deal
             LEFT JOIN owner ON owner.deal = s.deal
                   AND s.date BETWEEN owner.date_from AND owner.date_to
                 WHERE s.amount <> 0)""",
            steps=credits._sql_steps(lens, scope),
            owners=credits._sql_shares(scope),
        )

    @api.model
    def _deals(self, measure, company, first, last):
        """Return the deals to which something happened between two days; ``None`` for all."""
        if not first and not last:
            return None
        # sudo: ids only, for the query of the callers
        credits = self.env["crm.commission.credit"].sudo()
        span = (first or "1900-01-01", last or "9999-12-31")
        deals = credits._deals_between(company, *span)
        if measure == "booked":
            deals = tuple(sorted({*deals, *credits._orders_between(company, *span)}))
        # Reading everything in order is cheaper than looking most of it up.
        return deals if len(deals) <= MANY_DEALS else None

    @api.model
    def _sql_recurring(self, company):
        """Return ``credit`` of the measure “recurring”: monthly recurring revenue, won and lost.

        A recurring contract counts from the first day of its term; the end of a term takes it away
        again, the next term brings what it is worth. A won opportunity counts by itself where it
        has no such contract.
        """
        return SQL(
            """WITH contract AS (
                SELECT c.opportunity_id AS lead_id, c.effective_from, c.effective_to, c.user_id,
                       c.team_id, c.partner_id, c.mrr::numeric AS amount
                  FROM crm_contract c
                 WHERE c.recurring AND c.state IN ('active', 'ended', 'replaced')
                   AND c.effective_from IS NOT NULL AND c.company_id = %(company)s
            ), credit AS (
                SELECT NULL::int AS deal, l.id AS lead_id, l.date_closed::date AS date, l.user_id,
                       l.team_id, l.partner_id, l.recurring_revenue_monthly::numeric AS amount,
                       NULL::int[] AS moves
                  FROM crm_lead l
                 WHERE l.won_status = 'won' AND l.date_closed IS NOT NULL
                   AND COALESCE(l.recurring_revenue_monthly, 0) <> 0
                   AND l.company_id = %(company)s
                   AND NOT EXISTS (SELECT FROM contract WHERE contract.lead_id = l.id)
             UNION ALL
                SELECT NULL, lead_id, effective_from, user_id, team_id, partner_id, amount, NULL
                  FROM contract
             UNION ALL
                SELECT NULL, lead_id, effective_to + 1, user_id, team_id, partner_id, -amount, NULL
                  FROM contract
                 WHERE effective_to < %(today)s)""",
            company=company.id,
            today=fields.Date.context_today(self),
        )

    @api.model
    def _sql_team_tree(self):
        """Return the body of a recursive expression: (root, id) of each team and those below."""
        return SQL(
            """SELECT id AS root, id FROM crm_team
                UNION
               SELECT tree.root, child.id FROM team_tree tree
                 JOIN crm_team child ON child.parent_id = tree.id"""
        )

    # ------------------------------------------------------------------
    # Sums for many at once
    # ------------------------------------------------------------------

    @api.model
    def _sums(self, measure, company, first, last, by="user_id", categ=None):
        """Return what was achieved between two days: ``{key: amount}``, company currency.

        :param by: columns of ``credit``, separated by a comma; ``month`` is the first of a month
        """
        self.env.flush_all()
        columns = [
            SQL("date_trunc('month', date)::date AS month")
            if name.strip() == "month"
            else SQL.identifier(name.strip())
            for name in by.split(",")
        ]
        count = len(columns)
        rows = self.env.execute_query(
            SQL(
                "%(credit)s SELECT %(by)s, SUM(amount) FROM credit WHERE %(span)s GROUP BY %(all)s",
                credit=self._sql_credit(measure, company, categ, first, last),
                by=SQL(", ").join(columns),
                span=self._sql_span(first, last),
                all=SQL(", ").join(SQL(str(n + 1)) for n in range(count)),
            )
        )
        return {
            (row[0] if count == 1 else row[:-1]): company.currency_id.round(float(row[-1]))
            for row in rows
        }

    @api.model
    def _goal_value(self, goal, measure):
        """Return what the person of a goal of ``gamification`` achieved in its days.

        :param measure: a measure, or ``attainment``: percentage of the quota, company measure
        """
        # sudo: scheduled for everybody by the owner of a challenge; only the sum is shown
        user = goal.sudo().user_id
        company = user.company_id
        today = fields.Date.context_today(self)
        first, last = goal.start_date or today.replace(month=1, day=1), goal.end_date or today
        if measure == "attainment":
            # sudo: as above
            return self.env["crm.quota"].sudo()._attainment_of(user, company, first, last)
        sums = self.sudo()._sums(measure, company, first, last)
        return sums.get(user.id, 0.0)

    # ------------------------------------------------------------------
    # Documents behind
    # ------------------------------------------------------------------

    @api.model
    def _moves(self, measure, company, first, last, condition, categ=None):
        """Return the ids of the journal entries behind what was achieved.

        :param condition: SQL on the columns of ``credit``
        """
        if measure not in ("invoiced", "collected"):
            return []
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """%s SELECT DISTINCT UNNEST(moves) FROM credit WHERE %s AND %s""",
                self._sql_credit(measure, company, categ, first, last, moves=True),
                self._sql_span(first, last),
                condition,
            )
        )
        return sorted(row[0] for row in rows)

    @api.model
    def _action_items(self, measure, moves, categ=None):
        """Return the action that lists the journal items which a figure is made of."""
        domain = Domain("move_id", "in", moves)
        if measure == "collected":
            domain &= Domain("account_id.account_type", "=", "asset_receivable")
        else:
            domain &= Domain("display_type", "=", "product")
            if categ:
                domain &= Domain("product_id.categ_id", "child_of", categ.ids)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Journal Items"),
            "res_model": "account.move.line",
            "view_mode": "list,pivot,form",
            "views": [(False, "list"), (False, "pivot"), (False, "form")],
            "domain": list(domain),
            "context": {"create": False, "edit": False},
        }

    def action_open_document(self):
        """Open the order, the invoice or the opportunity of a row."""
        self.ensure_one()
        document = self.order_id or self.invoice_id or self.lead_id
        return {
            "type": "ir.actions.act_window",
            "res_model": document._name,
            "res_id": document.id,
            "views": [(False, "form")],
        }

    def action_open_items(self):
        """Open the journal items of these rows."""
        moves = set()
        for (measure, company), rows in self._by_measure().items():
            days = rows.mapped("date")
            deals = tuple(row.order_id.id or -row.invoice_id.id for row in rows)
            condition = SQL("deal IN %s AND date IN %s", deals, tuple(days))
            # sudo: rows that the user may read, as they were browsed by their rules
            moves |= set(self.sudo()._moves(measure, company, min(days), max(days), condition))
        return self._action_items(self[:1].measure, sorted(moves))

    def _by_measure(self):
        self.check_access("read")
        groups = defaultdict(self.browse)
        for row in self:
            groups[row.measure, row.company_id] |= row
        return groups
