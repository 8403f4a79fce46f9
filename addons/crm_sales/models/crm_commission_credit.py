from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.period import Credit

INVOICE_TYPES = ("out_invoice", "out_refund")
FEW_DEALS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What of the documents is asked for; ``None`` is no limit.

    :param deals: ids of deals: of sales orders, or negative ones of invoices without an order
    :param partners: ids of payees
    :param moves: also say which journal entries stand behind a credit
    :param window: two days; the versions count as in force between them, whatever they say
    :param unlogged: booked are also orders whose value is not logged day by day, because no plan
        asked for it: with what they are worth now, on their day
    """

    deals: tuple[int, ...] | None = None
    partners: tuple[int, ...] | None = None
    moves: bool = False
    window: tuple | None = None
    unlogged: bool = False

    def is_small(self):
        """Whether looking single deals up is cheaper than reading all of them."""
        return self.deals is not None and len(self.deals) <= FEW_DEALS


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRow:
    """Basis credited to a payee of a plan, in company currency; ``rate`` is a fraction."""

    plan: int
    partner: int
    period: object
    version: int
    role: str
    rate: Decimal
    basis: Decimal
    date: object
    deal: int | None = None
    moves: tuple[int, ...] = ()

    def as_credit(self):
        """Return what the engine of a period needs of the row."""
        return Credit(
            version=self.version,
            role=self.role,
            rate=self.rate,
            basis=self.basis,
            date=self.date,
            deal=self.deal,
            moves=self.moves,
        )


class CrmCommissionCredit(models.AbstractModel):
    """Who is credited with what and when, asked of the posted documents in set-based SQL.

    Versions with the same basis and filters share one statement. It reads every invoice line
    once, adds the lines up per deal, lets a window function follow the basis of each deal from
    day to day, and joins the differences to the people who are entitled to the deal on that day.
    The rules are those of ``engine/basis.py``; a test proves that both agree.

    A deal is a sales order (its id), or for lines without an order the invoice (minus its id; a
    credit note counts with the invoice that it reverses).
    """

    _name = "crm.commission.credit"
    _description = "Commission Credits"

    # ------------------------------------------------------------------
    # Questions
    # ------------------------------------------------------------------

    @api.model
    def _totals(self, versions, scope):
        """Return one :class:`CreditRow` per payee, period, version, role and rate."""
        return self._ask(
            versions,
            scope,
            SQL(
                """SELECT plan_id, partner_id, period, version_id, role, rate::text,
                          SUM(basis)::text, MAX(date), NULL::bigint, NULL::int[]
                     FROM credit
                 GROUP BY plan_id, partner_id, period, version_id, role, rate"""
            ),
        )

    @api.model
    def _details(self, versions, scope):
        """Return one :class:`CreditRow` per payee, role, deal and day."""
        return self._ask(
            versions,
            scope,
            SQL(
                """SELECT plan_id, partner_id, period, version_id, role, rate::text,
                          basis::text, date, deal, moves
                     FROM credit"""
            ),
        )

    @api.model
    def _ask(self, versions, scope, question):
        self.env.flush_all()
        rows = []
        for stream in self._streams(versions):
            members = self._members(stream, scope)
            if not members or scope.deals == ():
                continue
            query = SQL("%s %s", self._sql_credit(stream, scope, members), question)
            rows += [
                CreditRow(
                    plan=row[0],
                    partner=row[1],
                    period=row[2],
                    version=row[3],
                    role=row[4],
                    rate=Decimal(row[5]),
                    basis=Decimal(row[6]),
                    date=row[7],
                    deal=row[8],
                    moves=tuple(row[9] or ()),
                )
                for row in self.env.execute_query(query)
            ]
        return sorted(rows, key=self._reading_order)

    @api.model
    def _reading_order(self, row):
        # Orders before invoices of the same day, both by id: an order that never changes.
        return (row.plan, row.partner, row.period, row.date, row.deal or 0, row.role, row.rate)

    @api.model
    def _streams(self, versions):
        """Group versions by what of the documents they count."""
        streams = defaultdict(versions.browse)
        for version in versions:
            streams[version._stream_key()] |= version
        return streams.values()

    @api.model
    def _members(self, versions, scope):
        domain = Domain("plan_id", "in", versions.plan_id.ids)
        if scope.partners is not None:
            domain &= Domain("partner_id", "in", scope.partners)
        # sudo: who takes part, for a query whose rows the callers filter
        return self.env["crm.commission.member"].sudo().search(domain, order="id")

    # ------------------------------------------------------------------
    # Which deals
    # ------------------------------------------------------------------

    @api.model
    def _deals_of_moves(self, moves):
        """Return the deals that the lines of invoices and credit notes belong to."""
        if not moves:
            return ()
        self.env["account.move.line"].flush_model()
        return self._deals(
            SQL(
                """SELECT COALESCE(sol.order_id, -COALESCE(m.reversed_entry_id, m.id))
                     FROM account_move m
                     JOIN account_move_line l ON l.move_id = m.id AND l.display_type = 'product'
                LEFT JOIN %(order_lines)s
                    WHERE m.id IN %(moves)s AND m.move_type IN %(types)s""",
                order_lines=self._sql_order_lines(few=True),
                moves=tuple(moves.ids),
                types=INVOICE_TYPES,
            )
        )

    @api.model
    def _deals_of_payees(self, partners, company, date_from, date_to):
        """Return the deals of ``partners`` to which something happened in a span of days.

        Theirs is a deal of which they are owner or named overlay at any time. A payee may have
        sold for years: only what a period asks for is read in full.
        """
        self.env.flush_all()
        return self._deals(
            SQL(
                """WITH mine (deal) AS (%(mine)s), document AS (
                   SELECT mine.deal, l.move_id
                     FROM mine
                     JOIN sale_order_line sol ON sol.order_id = mine.deal
                     JOIN sale_order_line_invoice_rel r ON r.order_line_id = sol.id
                     JOIN account_move_line l ON l.id = r.invoice_line_id
                UNION
                   SELECT mine.deal, m.id FROM mine JOIN account_move m ON m.id = -mine.deal
                UNION
                   SELECT mine.deal, m.id
                     FROM mine JOIN account_move m ON m.reversed_entry_id = -mine.deal)
                   SELECT document.deal
                     FROM document
                     JOIN account_move m ON m.id = document.move_id AND m.state = 'posted'
                    WHERE m.date %(span)s OR EXISTS (
                          SELECT FROM account_move_line t
                            JOIN account_partial_reconcile p
                              ON p.debit_move_id = t.id OR p.credit_move_id = t.id
                           WHERE t.move_id = m.id AND t.display_type = 'payment_term'
                             AND p.max_date %(span)s)
                UNION ALL
                   SELECT mine.deal FROM mine
                     JOIN crm_commission_booking b ON b.order_id = mine.deal AND b.date %(span)s""",
                mine=self._sql_deals_of(partners, company),
                span=SQL("BETWEEN %s AND %s", date_from, date_to),
            )
        )

    @api.model
    def _sql_deals_of(self, partners, company):
        """Return the query of the deals that ``partners`` own or take part in, at any time."""
        return SQL(
            """SELECT order_id FROM crm_commission_participant
                    WHERE partner_id IN %(partners)s AND order_id IS NOT NULL
                UNION
                   SELECT id FROM sale_order
                    WHERE user_id IN (%(users)s) AND company_id = %(company)s
                UNION
                   SELECT -COALESCE(m.reversed_entry_id, m.id) FROM account_move m
                    WHERE m.invoice_user_id IN (%(users)s) AND m.company_id = %(company)s
                      AND m.move_type IN %(types)s AND EXISTS (
                          SELECT FROM account_move_line l
                       LEFT JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id
                           WHERE l.move_id = m.id AND l.display_type = 'product'
                             AND r.invoice_line_id IS NULL)""",
            partners=tuple(partners.ids),
            users=SQL("SELECT id FROM res_users WHERE partner_id IN %s", tuple(partners.ids)),
            company=company.id,
            types=INVOICE_TYPES,
        )

    @api.model
    def _deals_between(self, company, date_from, date_to):
        """Return the deals to which something happened in a span of days."""
        self.env.flush_all()
        span = SQL("BETWEEN %s AND %s", date_from, date_to)
        return self._deals(
            SQL(
                """WITH touched AS (
                   SELECT id FROM account_move
                    WHERE company_id = %(company)s AND state = 'posted'
                      AND move_type IN %(types)s AND date %(span)s
                UNION
                   SELECT l.move_id
                     FROM account_partial_reconcile p
                     JOIN account_move_line l ON l.id IN (p.debit_move_id, p.credit_move_id)
                    WHERE p.company_id = %(company)s AND p.max_date %(span)s
                      AND l.display_type = 'payment_term')
                   SELECT COALESCE(sol.order_id, -COALESCE(m.reversed_entry_id, m.id))
                     FROM touched
                     JOIN account_move m ON m.id = touched.id AND m.move_type IN %(types)s
                     JOIN account_move_line l ON l.move_id = m.id AND l.display_type = 'product'
                LEFT JOIN %(order_lines)s
                UNION ALL
                   SELECT order_id FROM crm_commission_booking
                    WHERE company_id = %(company)s AND date %(span)s""",
                company=company.id,
                types=INVOICE_TYPES,
                span=span,
                order_lines=self._sql_order_lines(few=False),
            )
        )

    @api.model
    def _deals(self, query):
        rows = self.env.execute_query(SQL("SELECT DISTINCT * FROM (%s) AS deal(id)", query))
        return tuple(sorted(deal for (deal,) in rows))

    @api.model
    def _sql_order_lines(self, few):
        """Join ``l`` to its order line ``sol``; a line that invoices several counts once.

        :param few: look the order line up per line, instead of reading all of them in order
        """
        if few:
            return SQL(
                """LATERAL (
                   SELECT ordered.*
                     FROM sale_order_line_invoice_rel rel
                     JOIN sale_order_line ordered ON ordered.id = rel.order_line_id
                    WHERE rel.invoice_line_id = l.id
                 ORDER BY rel.order_line_id LIMIT 1) AS sol ON TRUE"""
            )
        return SQL(
            """(SELECT DISTINCT ON (invoice_line_id) invoice_line_id, order_line_id
                  FROM sale_order_line_invoice_rel
              ORDER BY invoice_line_id, order_line_id) AS r ON r.invoice_line_id = l.id
             LEFT JOIN sale_order_line sol ON sol.id = r.order_line_id"""
        )

    # ------------------------------------------------------------------
    # From documents to steps: (deal, date, amount, moves)
    # ------------------------------------------------------------------

    @api.model
    def _sql_credit(self, versions, scope, members):
        """Return the common table expressions that end in ``credit``."""
        return SQL(
            """WITH %(steps)s, %(entitled)s, credit AS (
                SELECT v.plan_id, v.id AS version_id, e.partner_id, e.role, e.rate,
                       date_trunc(p.period, s.date)::date AS period,
                       s.date, s.deal, s.amount * e.share AS basis, s.moves
                  FROM step s
                  JOIN entitled e ON e.deal = s.deal AND s.date BETWEEN e.date_from AND e.date_to
                  JOIN crm_commission_plan p ON p.id = e.plan_id
                  JOIN crm_commission_plan_version v ON v.plan_id = p.id AND v.id IN %(versions)s
                   AND %(in_force)s
                 WHERE s.amount <> 0 AND e.share <> 0)""",
            steps=self._sql_steps(versions[0], scope),
            entitled=self._sql_entitled(members, scope),
            versions=tuple(versions.ids),
            in_force=SQL("s.date BETWEEN %s AND %s", *scope.window)
            if scope.window
            else SQL("s.date >= v.date_from AND s.date <= COALESCE(v.date_to, 'infinity')"),
        )

    @api.model
    def _sql_steps(self, version, scope):
        events = (
            self._sql_booked_events(version, scope)
            if version.basis == "booked"
            else self._sql_invoiced_events(version, scope)
        )
        rounding = Decimal(repr(version.currency_id.rounding))
        return SQL(
            """%(events)s, day AS (
                SELECT deal, date, SUM(untaxed) AS untaxed, SUM(total) AS total,
                       SUM(settled) AS settled, SUM(cost) AS cost, %(moves)s AS moves
                  FROM event GROUP BY deal, date
            ), standing AS (
                SELECT deal, date, moves, SUM(untaxed) OVER days AS untaxed,
                       SUM(total) OVER days AS total, SUM(settled) OVER days AS settled,
                       SUM(cost) OVER days AS cost
                  FROM day WINDOW days AS (PARTITION BY deal ORDER BY date)
            ), level AS (
                SELECT deal, date, moves,
                       ROUND(%(basis)s / %(rounding)s) * %(rounding)s AS amount
                  FROM standing
            ), step AS (
                SELECT deal, date, moves,
                       amount - LAG(amount, 1, 0::numeric)
                                OVER (PARTITION BY deal ORDER BY date) AS amount
                  FROM level)""",
            events=events,
            basis=self._sql_basis(version),
            rounding=SQL("%s::numeric", rounding),
            moves=SQL(
                "ARRAY_REMOVE(ARRAY_AGG(DISTINCT move_id) || ARRAY_AGG(DISTINCT other_id), NULL)"
            )
            if scope.moves
            else SQL("NULL::int[]"),
        )

    @api.model
    def _sql_basis(self, version):
        """Return the basis of a deal from the sums of its documents; see ``engine/basis.py``."""
        if version.basis == "collected":
            return SQL(
                "CASE WHEN total = 0 THEN 0 ELSE untaxed * LEAST(total, settled) / total END"
            )
        return SQL("(untaxed - cost)") if version.basis == "margin" else SQL("untaxed")

    @api.model
    def _sql_booked_events(self, version, scope):
        return SQL(
            """event AS (
                SELECT b.order_id AS deal, b.date, b.amount AS untaxed, 0 AS total, 0 AS settled,
                       0 AS cost, NULL::int AS move_id, NULL::int AS other_id
                  FROM crm_commission_booking b
                  JOIN sale_order o ON o.id = b.order_id
                  JOIN res_partner customer ON customer.id = o.partner_id
                 WHERE b.company_id = %(company)s AND %(deals)s AND %(filters)s%(unlogged)s)""",
            company=version.company_id.id,
            deals=self._sql_in(SQL("b.order_id"), scope.deals),
            filters=self._sql_filters(
                version,
                product=SQL("b.product_id"),
                team=SQL("o.team_id"),
                customer=SQL("customer.commercial_partner_id"),
            ),
            unlogged=self._sql_unlogged_events(version, scope) if scope.unlogged else SQL(),
        )

    @api.model
    def _sql_unlogged_events(self, version, scope):
        """What orders without a log of their value are worth now, on the day of the order."""
        return SQL(
            """
             UNION ALL
                SELECT o.id, %(day)s, ROUND(
                           l.price_subtotal / COALESCE(NULLIF(o.currency_rate::numeric, 0), 1),
                           %(digits)s), 0, 0, 0, NULL::int, NULL::int
                  FROM sale_order o
                  JOIN sale_order_line l ON l.order_id = o.id AND l.display_type IS NULL
                  JOIN res_partner customer ON customer.id = o.partner_id
                 WHERE o.company_id = %(company)s AND o.state = 'sale' AND %(deals)s
                   AND NOT EXISTS (SELECT FROM crm_commission_booking b WHERE b.order_id = o.id)
                   AND %(filters)s""",
            day=self._sql_order_day(version.company_id),
            digits=version.currency_id.decimal_places,
            company=version.company_id.id,
            deals=self._sql_in(SQL("o.id"), scope.deals),
            filters=self._sql_filters(
                version,
                product=SQL("l.product_id"),
                team=SQL("o.team_id"),
                customer=SQL("customer.commercial_partner_id"),
            ),
        )

    @api.model
    def _sql_order_day(self, company):
        """Return the day of order ``o`` in the time zone of its company."""
        zone = company.resource_calendar_id.tz or "UTC"
        return SQL("(o.date_order AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", zone)

    @api.model
    def _orders_between(self, company, date_from, date_to):
        """Return the confirmed orders of a span of days."""
        return self._deals(
            SQL(
                """SELECT o.id FROM sale_order o
                    WHERE o.company_id = %s AND o.state = 'sale' AND %s BETWEEN %s AND %s""",
                company.id,
                self._sql_order_day(company),
                date_from,
                date_to,
            )
        )

    @api.model
    def _sql_invoiced_events(self, version, scope):
        settled = version.basis == "collected"
        return SQL(
            """%(documents)s, event AS (
                SELECT deal, date, untaxed, total, 0 AS settled, cost, move_id,
                       NULL::int AS other_id FROM document%(payments)s)""",
            documents=self._sql_documents(version, scope),
            payments=self._sql_settled_events(version, scope) if settled else SQL(),
        )

    @api.model
    def _sql_documents(self, version, scope):
        """One row per posted invoice or credit note and deal; ``part`` is the deal's share."""
        types = INVOICE_TYPES if version.credit_note_clawback else INVOICE_TYPES[:1]
        return SQL(
            """document AS (
                SELECT m.id AS move_id, m.date,
                       COALESCE(sol.order_id, -COALESCE(m.reversed_entry_id, m.id)) AS deal,
                       -SUM(l.balance) AS untaxed,
                       COALESCE(SUM(l.price_total) / NULLIF(m.amount_total, 0), 0) AS part,
                       COALESCE(SUM(l.price_total) / NULLIF(m.amount_total, 0), 0)
                           * m.amount_total_signed AS total,
                       SUM(%(cost)s) AS cost
                  FROM account_move m
                  JOIN account_move_line l ON l.move_id = m.id
             LEFT JOIN %(order_lines)s
                 WHERE m.company_id = %(company)s AND m.state = 'posted'
                   AND m.move_type IN %(types)s AND l.display_type = 'product'
                   AND %(moves)s AND %(filters)s
              GROUP BY m.id, sol.order_id
                HAVING %(deals)s)""",
            company=version.company_id.id,
            types=types,
            cost=self._sql_cost(version),
            order_lines=self._sql_order_lines(few=scope.is_small()),
            moves=self._sql_moves_of_deals(scope.deals),
            deals=self._sql_in(
                SQL("COALESCE(sol.order_id, -COALESCE(m.reversed_entry_id, m.id))"), scope.deals
            ),
            filters=self._sql_filters(
                version,
                product=SQL("l.product_id"),
                team=SQL("m.team_id"),
                customer=SQL("m.commercial_partner_id"),
            ),
        )

    @api.model
    def _sql_cost(self, version):
        """Return the cost of sales of an invoice line ``l``, in company currency.

        Without stock in the books: what its order line says, where margins are kept, else
        nothing. Extended where journal items of cost of sales exist.
        """
        if version.basis != "margin" or "purchase_price" not in self.env["sale.order.line"]._fields:
            return SQL("0::numeric")
        return SQL(
            """COALESCE(sol.purchase_price, 0)::numeric * l.quantity
                   * CASE m.move_type WHEN 'out_refund' THEN -1 ELSE 1 END
                   / COALESCE((SELECT NULLIF(ordered.currency_rate, 0)::numeric
                                 FROM sale_order ordered WHERE ordered.id = sol.order_id), 1)"""
        )

    @api.model
    def _sql_settled_events(self, version, scope):
        """What reconciliations closed of the receivables, one row per document and partial."""
        only_money = (
            SQL()
            if version.credit_note_clawback
            else SQL(
                """ JOIN account_move_line other ON other.id = p.other_id
                    JOIN account_move om ON om.id = other.move_id
                     AND om.move_type <> 'out_refund'"""
            )
        )
        other = SQL()
        if scope.moves:
            other = SQL(" JOIN account_move_line source ON source.id = p.other_id")
        return SQL(
            """
             UNION ALL
                SELECT d.deal, p.date, 0, 0, p.amount * d.part, 0, d.move_id, %(source)s
                  FROM document d
                  JOIN account_move_line receivable ON receivable.move_id = d.move_id
                   AND receivable.display_type = 'payment_term'
                  JOIN (SELECT debit_move_id AS line_id, credit_move_id AS other_id,
                               max_date AS date, amount FROM account_partial_reconcile
                     UNION ALL
                        SELECT credit_move_id, debit_move_id, max_date, -amount
                          FROM account_partial_reconcile) p ON p.line_id = receivable.id
                %(only_money)s%(other)s""",
            source=SQL("source.move_id") if scope.moves else SQL("NULL::int"),
            only_money=only_money,
            other=other,
        )

    @api.model
    def _sql_moves_of_deals(self, deals):
        """Restrict ``m`` to documents that may belong to ``deals``."""
        if deals is None:
            return SQL("TRUE")
        return SQL(
            """m.id IN (
                SELECT invoiced.move_id FROM sale_order_line ordered
                  JOIN sale_order_line_invoice_rel rel ON rel.order_line_id = ordered.id
                  JOIN account_move_line invoiced ON invoiced.id = rel.invoice_line_id
                 WHERE ordered.order_id IN %(orders)s
             UNION ALL SELECT id FROM account_move WHERE id IN %(invoices)s
             UNION ALL SELECT id FROM account_move WHERE reversed_entry_id IN %(invoices)s)""",
            orders=tuple(deal for deal in deals if deal > 0) or (0,),
            invoices=tuple(-deal for deal in deals if deal < 0) or (0,),
        )

    @api.model
    def _sql_filters(self, version, *, product, team, customer):
        """Return the conditions of the version's filters on the given columns."""
        conditions = [SQL("TRUE")]
        products = version._product_domain()
        if not products.is_true():
            found = (
                # sudo: a plan counts products whoever may read them; only ids go into the query
                self.env["product.product"]
                .sudo()
                .with_context(active_test=False)
                ._search(products)
                .subselect()
            )
            conditions.append(SQL("%s IN %s", product, found))
        if version.team_ids:
            conditions.append(self._sql_in(team, version.team_ids.ids))
        if version.partner_ids:
            customers = version.partner_ids.commercial_partner_id
            conditions.append(self._sql_in(customer, customers.ids))
        return SQL(" AND ").join(conditions)

    @api.model
    def _sql_in(self, column, ids):
        return SQL("TRUE") if ids is None else SQL("%s IN %s", column, tuple(ids) or (0,))

    # ------------------------------------------------------------------
    # Who is entitled to which deal, on which days, to which share and rate
    # ------------------------------------------------------------------

    @api.model
    def _sql_entitled(self, members, scope):
        """Return ``entitled``: plan, payee, deal, role, flat rate, share and days."""
        overlays = members.filtered(lambda member: member.role == "overlay")
        branches = {
            self._sql_owners: members.filtered(lambda member: member.role == "owner"),
            self._sql_named_overlays: overlays,
            self._sql_standing_overlays: overlays.filtered("every_deal"),
            self._sql_managers: members.filtered(lambda member: member.role == "manager"),
        }
        return SQL(
            """member AS (
                SELECT id, plan_id, partner_id, rate / 100 AS rate,
                       COALESCE(date_from, '-infinity') AS date_from,
                       COALESCE(date_to, 'infinity') AS date_to
                  FROM crm_commission_member WHERE id IN %(members)s
            ), deal AS (SELECT DISTINCT deal AS id FROM step WHERE amount <> 0
            ), entitled (plan_id, partner_id, deal, role, rate, share, date_from, date_to)
                AS (%(branches)s)""",
            members=tuple(members.ids),
            branches=SQL(" UNION ALL ").join(
                branch(tuple(found.ids), scope) for branch, found in branches.items() if found
            ),
        )

    @api.model
    def _sql_owners(self, members, scope):
        return SQL(
            """SELECT member.plan_id, member.partner_id, owner.deal, 'owner' AS role,
                      0::numeric AS rate, owner.share,
                      GREATEST(owner.date_from, member.date_from) AS date_from,
                      LEAST(owner.date_to, member.date_to) AS date_to
                 FROM (%(owners)s) owner
                 JOIN member ON member.partner_id = owner.partner_id
                  AND member.id IN %(members)s""",
            members=members,
            owners=self._sql_shares(scope),
        )

    @api.model
    def _sql_shares(self, scope):
        """Named owners; else the salesperson of the order; else that of the invoice.

        Of the deals in ``deal``: deal, payee, their user if any, share and days.
        """
        return SQL(
            """SELECT order_id AS deal, partner_id, user_id, share / 100 AS share,
                      COALESCE(date_from, '-infinity') AS date_from,
                      COALESCE(date_to, 'infinity') AS date_to
                 FROM crm_commission_participant named
                WHERE role = 'owner' AND order_id IS NOT NULL AND %(named)s
            UNION ALL
               SELECT o.id, u.partner_id, u.id, 1, '-infinity', 'infinity'
                 FROM deal
                 JOIN sale_order o ON o.id = deal.id
                 JOIN res_users u ON u.id = o.user_id
                WHERE %(orders)s AND NOT EXISTS (
                      SELECT FROM crm_commission_participant named
                       WHERE named.order_id = o.id AND named.role = 'owner')
            UNION ALL
               SELECT deal.id, u.partner_id, u.id, 1, '-infinity', 'infinity'
                 FROM deal
                 JOIN account_move m ON m.id = -deal.id
                 JOIN res_users u ON u.id = m.invoice_user_id""",
            named=self._sql_in(SQL("named.order_id"), scope.deals),
            orders=self._sql_in(SQL("o.id"), scope.deals),
        )

    @api.model
    def _sql_named_overlays(self, members, scope):
        return SQL(
            """SELECT member.plan_id, member.partner_id, named.order_id, 'overlay',
                      COALESCE(NULLIF(named.rate, 0) / 100, member.rate), 1::numeric,
                      GREATEST(COALESCE(named.date_from, '-infinity'), member.date_from),
                      LEAST(COALESCE(named.date_to, 'infinity'), member.date_to)
                 FROM crm_commission_participant named
                 JOIN member ON member.partner_id = named.partner_id AND member.id IN %s
                WHERE named.role = 'overlay' AND named.order_id IS NOT NULL AND %s""",
            members,
            self._sql_in(SQL("named.order_id"), scope.deals),
        )

    @api.model
    def _sql_standing_overlays(self, members, scope):
        """Overlays of every deal, where they are not named with conditions of their own."""
        return SQL(
            """SELECT member.plan_id, member.partner_id, deal.id, 'overlay', member.rate,
                      1::numeric, member.date_from, member.date_to
                 FROM deal
                 JOIN member ON member.id IN %s
                WHERE NOT EXISTS (
                      SELECT FROM crm_commission_participant named
                       WHERE named.order_id = deal.id AND named.role = 'overlay'
                         AND named.partner_id = member.partner_id)""",
            members,
        )

    @api.model
    def _sql_managers(self, members, scope):
        return SQL(
            """SELECT member.plan_id, member.partner_id, deal.id, 'manager', member.rate,
                      1::numeric, member.date_from, member.date_to
                 FROM deal
            LEFT JOIN sale_order o ON o.id = deal.id
            LEFT JOIN account_move m ON m.id = -deal.id
                 JOIN crm_commission_member_crm_team_rel team
                   ON team.crm_team_id = COALESCE(o.team_id, m.team_id)
                 JOIN member ON member.id = team.crm_commission_member_id
                  AND member.id IN %s""",
            members,
        )
