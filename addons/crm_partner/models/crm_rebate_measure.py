from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.rebate import Volume

ZERO = Decimal(0)
TYPES = {
    "customer": ("out_invoice", "out_refund"),
    "vendor": ("in_invoice", "in_refund"),
}
# what is bought from us is a credit on revenue; applied to sums, not to every line
SIGNS = {"customer": -1, "vendor": 1}


class Window(NamedTuple):
    """What is measured: the purchases of a participant between two days, under a key."""

    key: int
    base: bool  # the year before, for growth
    agreement: int
    participant: int
    date_from: object
    date_to: object


class Measured:
    """What the documents of one key say."""

    __slots__ = (
        "company_revenue",
        "last",
        "lost",
        "no_rate",
        "odd_units",
        "purchases",
        "rivals",
        "volume",
    )

    def __init__(self):
        self.volume = Volume()
        self.purchases = []
        self.company_revenue = ZERO  # in company currency, to convert what was earned
        self.last = None  # accounting date of the last document
        self.lost = ZERO  # counted by an agreement of better priority instead
        self.rivals = ()  # ids of the agreements that may count it
        self.odd_units = 0  # lines in units that cannot be converted
        self.no_rate = None  # first day without a rate of the currency


class CrmRebateMeasure(models.AbstractModel):
    """The purchases behind rebates: one aggregate query over posted invoice lines.

    Every line of a posted invoice or credit note counts in the period of its invoice date, a
    credit note in the period of the invoice that it credits. Down payments do not count (their
    final invoice does), nor do the lines of settlements themselves.
    """

    _name = "crm.rebate.measure"
    _description = "Measurement of Rebate Purchases"

    @api.model
    def _measure(self, windows):
        """Return ``{key: Measured}`` of the windows, in one query per direction.

        :param windows: list of :class:`Window`; the windows of a key are of one agreement
        :raises UserError: a currency has no rate on the day of a purchase
        """
        agreements = self._agreements(windows)
        found = defaultdict(Measured)
        self._flush()
        for direction, group in agreements.grouped("direction").items():
            chosen = [window for window in windows if window.agreement in group._ids]
            context = self._context_of(direction, group)
            for row in self.env.execute_query(self._query_sums(chosen, context)):
                self._add_row(found, row, context["sign"])
            self._add_rivals(found, chosen, context["rivals"])
        self._check_rates(found, windows)
        for entry in found.values():
            if entry.purchases:
                entry.volume = replace(entry.volume, purchases=tuple(entry.purchases))
        return found

    @api.model
    def _measure_taxes(self, windows):
        """Return ``{key: {tax ids: revenue in company currency}}`` of the windows."""
        agreements = self._agreements(windows)
        found = defaultdict(dict)
        self._flush()
        for direction, group in agreements.grouped("direction").items():
            chosen = [window for window in windows if window.agreement in group._ids]
            query = self._query_taxes(chosen, self._context_of(direction, group))
            for key, taxes, revenue in self.env.execute_query(query):
                found[key][tuple(taxes or ())] = Decimal(revenue) * SIGNS[direction]
        return found

    @api.model
    def _measure_orders(self, windows):
        """Return ``{key: {order id: (net purchases, ids of the documents)}}`` of the windows.

        Only what was invoiced for sales orders is there, in the currency of the agreement. A line
        that bills several lines of orders counts for each with an equal part.
        """
        agreements = self._agreements(windows)
        found = defaultdict(dict)
        if not windows:
            return found
        self._flush()
        self.env["sale.order.line"].flush_model(["order_id", "invoice_lines"])
        for direction, group in agreements.grouped("direction").items():
            chosen = [window for window in windows if window.agreement in group._ids]
            query = self._query_orders(chosen, self._context_of(direction, group))
            for key, order, money, moves in self.env.execute_query(query):
                found[key][order] = (Decimal(money or 0) * SIGNS[direction], tuple(moves))
        return found

    def _agreements(self, windows):
        # sudo: the engine measures for whoever posts a document
        Agreement = self.env["crm.rebate.agreement"].sudo()
        return Agreement.browse({window.agreement for window in windows})

    def _flush(self):
        for name in (
            "account.move",
            "account.move.line",
            "crm.rebate.agreement",
            "crm.rebate.participant",
            "product.category",
            "product.product",
            "product.template",
            "res.currency.rate",
            "uom.uom",
        ):
            self.env[name].flush_model()

    # ------------------------------------------------------------------
    # Parts of the query; those that no agreement of the run needs are left out
    # ------------------------------------------------------------------

    def _context_of(self, direction, agreements):
        """Return what the agreements need: options that make parts of the query necessary."""
        rivals = agreements._rivals()
        involved = agreements | agreements.browse({rival for _own, rival, *_rest in rivals})
        return {
            "direction": direction,
            "sign": SIGNS[direction],
            "companies": agreements.company_id,
            "rivals": rivals,
            "involved": involved,
            "filtered": any(a.is_filtered or a.kind == "mix" for a in involved),
            "focus": any(a.kind == "mix" for a in involved),
            "foreign": any(a.currency_id != a.company_id.currency_id for a in agreements),
            "units": any(agreements.mapped("uom_id")),
            "purchases": any(a.kind == "transaction" for a in agreements),
        }

    def _query_sums(self, windows, context):
        """Return the query of one row per key, base and (single) purchase; see ``_add_row``."""
        purchase = SQL("NULL::int")
        if context["purchases"]:
            purchase = SQL(
                "CASE WHEN w.kind = 'transaction' THEN COALESCE(m.reversed_entry_id, m.id) END"
            )
        own = SQL("FILTER (WHERE NOT v.lost)") if context["rivals"] else SQL()
        return SQL(
            """%(ctes)s
               SELECT w.key, w.base, %(purchase)s AS purchase,
                      (SUM(v.money) %(own)s)::text,
                      %(quantity)s,
                      %(focus)s,
                      (%(company)s)::text,
                      (%(lost)s)::text,
                      MAX(m.date) %(own)s,
                      %(odd)s,
                      %(no_rate)s
                 FROM %(from)s
                CROSS JOIN LATERAL (SELECT %(money_of_line)s AS money,
                                           %(quantity_of_line)s AS quantity,
                                           %(lost_line)s AS lost) v
                WHERE %(conditions)s
             GROUP BY 1, 2, 3""",
            ctes=self._sql_ctes(windows, context),
            purchase=purchase,
            own=own,
            focus=self._sql_focus_sums(context),
            lost=SQL("SUM(v.money) FILTER (WHERE v.lost)") if context["rivals"] else SQL("NULL"),
            money_of_line=self._sql_money(context),
            quantity_of_line=self._sql_quantity(context),
            lost_line=self._sql_lost(context),
            **self._sql_unit_sums(context, own),
            **self._sql_currency_sums(context, own),
            **self._sql_source(context),
        )

    def _sql_focus_sums(self, context):
        """Return money and quantity of focus products, where an agreement asks for their share."""
        if not context["focus"]:
            return SQL("NULL, NULL")
        focus = SQL("f.focus") if context["filtered"] else SQL("FALSE")
        where = SQL("%s AND NOT v.lost", focus) if context["rivals"] else focus
        return SQL(
            "SUM(v.money) FILTER (WHERE %s)::text, SUM(v.quantity) FILTER (WHERE %s)::text",
            where,
            where,
        )

    def _sql_unit_sums(self, context, own):
        """Return the quantity, and the number of lines whose unit cannot be converted."""
        if not context["units"]:
            return {"quantity": SQL("NULL"), "odd": SQL("0")}
        return {
            "quantity": SQL("(SUM(v.quantity) %s)::text", own),
            "odd": SQL("COUNT(*) FILTER (WHERE w.uom_id IS NOT NULL AND v.quantity IS NULL)"),
        }

    def _sql_currency_sums(self, context, own):
        """Return the revenue in company currency, and the first day without a rate."""
        if not context["foreign"]:
            return {"company": SQL("NULL"), "no_rate": SQL("NULL")}
        return {
            "company": SQL("SUM(l.balance) %s", own),
            "no_rate": SQL("MIN(m.invoice_date) FILTER (WHERE v.money IS NULL)"),
        }

    def _query_taxes(self, windows, context):
        return SQL(
            """%(ctes)s
               SELECT w.key, t.taxes, SUM(l.balance)::text
                 FROM %(from)s
                 CROSS JOIN LATERAL (
                     SELECT array_agg(r.account_tax_id ORDER BY r.account_tax_id) AS taxes
                       FROM account_move_line_account_tax_rel r
                      WHERE r.account_move_line_id = l.id
                 ) t
                WHERE %(conditions)s AND NOT w.base AND NOT (%(lost)s)
             GROUP BY 1, 2""",
            ctes=self._sql_ctes(windows, context),
            lost=self._sql_lost(context),
            **self._sql_source(context),
        )

    def _query_orders(self, windows, context):
        return SQL(
            """%(ctes)s
               SELECT w.key, sol.order_id,
                      SUM(%(money)s / (SELECT COUNT(*) FROM sale_order_line_invoice_rel other
                                        WHERE other.invoice_line_id = l.id))::text,
                      array_agg(DISTINCT m.id ORDER BY m.id)
                 FROM %(from)s
                 JOIN sale_order_line_invoice_rel link ON link.invoice_line_id = l.id
                 JOIN sale_order_line sol ON sol.id = link.order_line_id
                WHERE %(conditions)s AND NOT w.base AND NOT (%(lost)s)
             GROUP BY 1, 2
             ORDER BY 1, 2""",
            ctes=self._sql_ctes(windows, context),
            money=self._sql_money(context),
            lost=self._sql_lost(context),
            **self._sql_source(context),
        )

    def _sql_ctes(self, windows, context):
        columns = list(zip(*windows, strict=True))
        ctes = [
            # Nothing is materialized that need not be: no parallel worker could read it.
            SQL(
                """win AS NOT MATERIALIZED (
                   SELECT w.key, w.base, w.date_from, w.date_to, b.partner_id AS buyer,
                          a.id AS agreement_id, a.company_id, a.kind, a.uom_id, a.currency_id,
                          a.is_filtered%s
                     FROM unnest(%s::int[], %s::bool[], %s::int[], %s::int[], %s::date[],
                                 %s::date[])
                          AS w(key, base, agreement_id, participant_id, date_from, date_to)
                     JOIN crm_rebate_agreement a ON a.id = w.agreement_id
                     JOIN crm_rebate_participant_buyer_rel b
                          ON b.participant_id = w.participant_id%s)""",
                SQL(", c.currency_id AS company_currency_id") if context["foreign"] else SQL(),
                *(list(column) for column in columns),
                SQL(" JOIN res_company c ON c.id = a.company_id") if context["foreign"] else SQL(),
            ),
            self._sql_documents(windows, context),
        ]
        if context["filtered"]:
            ctes.append(self._sql_chosen(context))
        if context["rivals"]:
            ctes.append(self._sql_rivals(context["rivals"]))
        return SQL("WITH %s", SQL(", ").join(ctes))

    def _sql_documents(self, windows, context):
        """Return the posted documents with the day on which they count.

        Only credit notes with an invoice are looked up a second time: they are few, and an index
        finds them.
        """
        return SQL(
            """document AS NOT MATERIALIZED (
               SELECT m.id, m.commercial_partner_id, m.company_id, m.move_type, m.date,
                      m.invoice_date, m.reversed_entry_id,
                      COALESCE(o.invoice_date, m.invoice_date) AS counted_on
                 FROM account_move m
            LEFT JOIN (account_move r
                       JOIN account_move o ON o.id = r.reversed_entry_id)
                   ON r.id = m.id
                WHERE m.state = 'posted' AND m.move_type IN %s AND m.company_id IN %s
                  AND m.invoice_date >= %s
                  AND (m.invoice_date <= %s OR m.reversed_entry_id IS NOT NULL))""",
            TYPES[context["direction"]],
            tuple(context["companies"].ids),
            min(window.date_from for window in windows),
            max(window.date_to for window in windows),
        )

    def _sql_source(self, context):
        """Return the tables and conditions of every line that may count."""
        joins = [
            SQL(
                """win w
                   JOIN document m ON m.commercial_partner_id = w.buyer
                   JOIN account_move_line l ON l.move_id = m.id"""
            )
        ]
        conditions = [
            SQL("l.display_type = 'product'"),
            SQL("l.subledger_key_id IS NULL"),
            SQL("l.is_downpayment IS NOT TRUE"),
            # As comparisons PostgreSQL would take them to let one document in twenty pass, where
            # nearly all do; a CASE it takes to be an even chance.
            SQL(
                """CASE WHEN m.company_id = w.company_id
                         AND m.invoice_date >= w.date_from
                         AND m.counted_on BETWEEN w.date_from AND w.date_to
                        THEN TRUE END"""
            ),
        ]
        if context["filtered"]:
            joins.append(
                SQL(
                    "LEFT JOIN chosen f ON f.agreement_id = w.agreement_id"
                    " AND f.product_id = l.product_id"
                )
            )
            conditions.append(SQL("(w.is_filtered IS NOT TRUE OR f.counted)"))
        if context["foreign"]:
            joins.append(self._sql_rate())
        if context["units"]:
            joins.append(
                SQL(
                    """LEFT JOIN uom_uom lu ON lu.id = l.product_uom_id
                       LEFT JOIN uom_uom au ON au.id = w.uom_id"""
                )
            )
        return {"from": SQL(" ").join(joins), "conditions": SQL(" AND ").join(conditions)}

    def _sql_rate(self):
        """Rates of the currency of the agreement and of the company on the day of the line."""
        rate = SQL(
            """(SELECT r.rate FROM res_currency_rate r
                 WHERE r.currency_id = %s AND r.name <= m.invoice_date
                   AND (r.company_id IS NULL OR r.company_id = root.id)
              ORDER BY r.company_id NULLS LAST, r.name DESC LIMIT 1)""",
            SQL("w.currency_id"),
        )
        own = SQL(
            """(SELECT r.rate FROM res_currency_rate r
                 WHERE r.currency_id = w.company_currency_id AND r.name <= m.invoice_date
                   AND (r.company_id IS NULL OR r.company_id = root.id)
              ORDER BY r.company_id NULLS LAST, r.name DESC LIMIT 1)"""
        )
        return SQL(
            """LEFT JOIN LATERAL (
                   SELECT %s / COALESCE(%s, 1) AS rate
                     FROM res_company comp
                     JOIN res_company root
                       ON root.id = split_part(comp.parent_path, '/', 1)::int
                    WHERE comp.id = w.company_id
                      AND w.currency_id != w.company_currency_id
                      AND l.currency_id != w.currency_id
               ) x ON TRUE""",
            rate,
            own,
        )

    def _sql_money(self, context):
        if not context["foreign"]:
            return SQL("l.balance")
        return SQL(
            """CASE
                   WHEN w.currency_id = w.company_currency_id THEN l.balance
                   WHEN l.currency_id = w.currency_id THEN l.amount_currency
                   ELSE l.balance * x.rate
               END"""
        )

    def _sql_quantity(self, context):
        if not context["units"]:
            return SQL("NULL::numeric")
        return SQL(
            """CASE WHEN m.move_type IN ('out_refund', 'in_refund') THEN -l.quantity
                    ELSE l.quantity END
               * CASE WHEN split_part(lu.parent_path, '/', 1) = split_part(au.parent_path, '/', 1)
                      THEN lu.factor / au.factor END"""
        )

    def _sql_lost(self, context):
        """Whether an exclusive agreement of better priority counts the line."""
        if not context["rivals"]:
            return SQL("FALSE")
        covered = SQL("NOT r.is_filtered")
        if context["filtered"]:
            covered = SQL(
                """(NOT r.is_filtered OR EXISTS (
                        SELECT 1 FROM chosen rc
                         WHERE rc.agreement_id = r.rival_id AND rc.product_id = l.product_id
                           AND rc.counted))"""
            )
        return SQL(
            """(NOT w.base AND EXISTS (
                    SELECT 1 FROM rival r
                     WHERE r.agreement_id = w.agreement_id AND r.buyer = w.buyer
                       AND m.counted_on BETWEEN r.date_from AND r.date_to
                       AND %s))""",
            covered,
        )

    def _sql_rivals(self, rivals):
        columns = list(zip(*rivals, strict=True))
        return SQL(
            """rival AS MATERIALIZED (
               SELECT * FROM unnest(%s::int[], %s::int[], %s::int[], %s::date[], %s::date[],
                                    %s::bool[])
                   AS r(agreement_id, rival_id, buyer, date_from, date_to, is_filtered))""",
            *(list(column) for column in columns),
        )

    def _sql_chosen(self, context):
        """Products that the agreements name, by themselves, their category or their tag."""
        ids = context["involved"].ids
        return SQL(
            """chosen AS %s (
               SELECT agreement_id, product_id, bool_or(NOT focus) AS counted,
                      bool_or(focus) AS focus
                 FROM (%s) named GROUP BY 1, 2)""",
            # rivals look into it line by line
            SQL("MATERIALIZED") if context["rivals"] else SQL("NOT MATERIALIZED"),
            SQL(" UNION ALL ").join(
                part
                for focus in ((False, True) if context["focus"] else (False,))
                for part in self._sql_named(ids, focus)
            ),
        )

    def _sql_named(self, ids, focus):
        prefix = "crm_rebate_focus" if focus else "crm_rebate"
        categories, tags, products = (
            SQL.identifier(f"{prefix}_{name}_rel") for name in ("category", "tag", "product")
        )
        return (
            SQL(
                """SELECT r.agreement_id, r.product_id, %s AS focus
                     FROM %s r WHERE r.agreement_id = ANY(%s)""",
                focus,
                products,
                ids,
            ),
            SQL(
                """SELECT r.agreement_id, p.id, %s
                     FROM %s r
                     JOIN product_category top ON top.id = r.category_id
                     JOIN product_category c ON c.parent_path LIKE top.parent_path || '%%'
                     JOIN product_template t ON t.categ_id = c.id
                     JOIN product_product p ON p.product_tmpl_id = t.id
                    WHERE r.agreement_id = ANY(%s)""",
                focus,
                categories,
                ids,
            ),
            SQL(
                """SELECT r.agreement_id, p.id, %s
                     FROM %s r
                     JOIN product_tag_product_template_rel tt ON tt.product_tag_id = r.tag_id
                     JOIN product_product p ON p.product_tmpl_id = tt.product_template_id
                    WHERE r.agreement_id = ANY(%s)""",
                focus,
                tags,
                ids,
            ),
            SQL(
                """SELECT r.agreement_id, tp.product_product_id, %s
                     FROM %s r
                     JOIN product_tag_product_product_rel tp ON tp.product_tag_id = r.tag_id
                    WHERE r.agreement_id = ANY(%s)""",
                focus,
                tags,
                ids,
            ),
        )

    # ------------------------------------------------------------------
    # Reading the answer
    # ------------------------------------------------------------------

    def _add_row(self, found, row, sign):
        """Add one row of the query to what was found for its key."""
        (
            key, base, purchase, money, quantity, focus_money, focus_quantity, company, lost,
            last, odd_units, no_rate,
        ) = row  # fmt: skip
        entry = found[key]
        money, quantity = Decimal(money or 0) * sign, Decimal(quantity or 0)
        if base:
            entry.volume += Volume(base_revenue=money, base_quantity=quantity)
        else:
            entry.volume += Volume(
                revenue=money,
                quantity=quantity,
                focus_revenue=Decimal(focus_money or 0) * sign,
                focus_quantity=Decimal(focus_quantity or 0),
            )
            if purchase:
                entry.purchases.append((money, quantity))
            entry.company_revenue += money if company is None else Decimal(company) * sign
            entry.lost += Decimal(lost or 0) * sign
            entry.odd_units += odd_units
            entry.last = max(filter(None, (entry.last, last)), default=None)
        if no_rate:
            entry.no_rate = min(filter(None, (entry.no_rate, no_rate)))

    def _add_rivals(self, found, windows, rivals):
        """Note whose priority it was, on the keys that lost purchases by it."""
        rivals_of = defaultdict(dict)
        for agreement, rival, *_rest in rivals:
            rivals_of[agreement][rival] = True
        for window in windows:
            if window.key in found and found[window.key].lost:
                found[window.key].rivals = tuple(rivals_of[window.agreement])

    def _check_rates(self, found, windows):
        agreement_of = {window.key: window.agreement for window in windows}
        for key, entry in found.items():
            if entry.no_rate:
                # sudo: whoever posts the document learns what is missing
                agreement = self.env["crm.rebate.agreement"].sudo().browse(agreement_of[key])
                raise UserError(
                    self.env._(
                        "Agreement “%(agreement)s” counts in %(currency)s, which has no rate on"
                        " %(day)s. Enter the rate under Invoicing > Configuration > Currencies;"
                        " nothing was accrued.",
                        agreement=agreement.name,
                        currency=agreement.currency_id.name,
                        day=entry.no_rate,
                    )
                )
