from collections import defaultdict
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import SQL

from ..engine.basis import Event, increments
from ..models.crm_commission_credit import Scope
from .common import CommissionCase

FIRST = fields.Date.to_date("2026-01-01")
days = st.integers(0, 300).map(lambda number: fields.Date.add(FIRST, days=number))
cents = st.integers(0, 3000000).map(lambda number: Decimal(number) / 100)


@tagged("post_install", "-at_install")
class TestEngineEqualsSQL(CommissionCase):
    """The SQL over whole companies and the engine over events in memory say the same.

    A small company is built once: orders, an invoice of two orders, one without order, credit
    notes, payments. Then dates and amounts are drawn at random.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plans = {}
        for basis in ("collected", "invoiced"):
            plan = cls._create_plan(name=basis, members=False)
            cls._add_member(plan, cls.li, role="owner")
            cls.plans[basis] = cls._create_version(plan, tiers=((0, 1),), basis=basis)
        cls._create_documents()
        cls.env.flush_all()
        cls.env.cr.precommit.clear()

    @classmethod
    def _create_documents(cls):
        orders = cls.env["sale.order"].concat(
            *(cls._create_order(amount) for amount in (1000, 2000, 3000, 4000))
        )
        first = cls._invoice(orders[0])
        both = cls._invoice(orders[1:3])
        last = cls._invoice(orders[3])
        plain = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.customer.id,
                "invoice_user_id": cls.li.id,
                "invoice_date": "2026-01-10",
                "invoice_line_ids": [
                    Command.create(
                        {"name": "x", "price_unit": 500, "tax_ids": [Command.set(cls.tax_13.ids)]}
                    )
                ],
            }
        )
        plain.action_post()
        cls._pay(first, 400)
        cls._pay(first, 300)
        cls._pay(both | last, group_payment=True)
        cls._reconcile(plain, cls._credit(plain, amount=200))
        cls._credit(both, amount=250)
        cls._pay(cls._credit(last, amount=100), 60)

    def test_engine_equals_sql(self):
        moves, partials = self._documents()

        @settings(
            max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None
        )
        @given(
            st.sampled_from(["collected", "invoiced"]),
            st.lists(days, min_size=len(moves), max_size=len(moves)),
            st.lists(st.tuples(days, cents), min_size=len(partials), max_size=len(partials)),
            st.sets(st.sampled_from(moves)),
            st.booleans(),
        )
        def check(basis, dates, settled, cancelled, few):
            savepoint = self.env.cr.savepoint()
            try:
                self._scramble(
                    zip(moves, dates, strict=True), zip(partials, settled, strict=True), cancelled
                )
                self.assertSame(basis, few)
            finally:
                savepoint.close(rollback=True)

        check()

    def _documents(self):
        moves = self.env["account.move"].search(
            [
                ("company_id", "=", self.company.id),
                ("move_type", "in", ("out_invoice", "out_refund")),
            ]
        )
        lines = moves.line_ids
        return moves.ids, (lines.matched_debit_ids | lines.matched_credit_ids).ids

    def _scramble(self, moves, partials, cancelled):
        for move, day in moves:
            state = "cancel" if move in cancelled else "posted"
            self.env.cr.execute(
                "UPDATE account_move SET date = %s, state = %s WHERE id = %s", [day, state, move]
            )
        for partial, (day, amount) in partials:
            self.env.cr.execute(
                "UPDATE account_partial_reconcile SET max_date = %s, amount = %s WHERE id = %s",
                [day, amount, partial],
            )
        self.env.invalidate_all()

    def assertSame(self, basis, few):
        version = self.plans[basis]
        scope = Scope()
        if few:
            asked = self.env["crm.commission.credit"]
            span = (fields.Date.add(FIRST, days=-1), fields.Date.add(FIRST, days=400))
            scope = Scope(deals=asked._deals_of_payees(self.li.partner_id, self.company, *span))
        rows = self.env["crm.commission.credit"]._details(version, scope)
        rounding = Decimal("0.01")
        expected = {
            (step.deal, step.date): step.amount
            for step in increments(basis, self._events(), rounding)
        }
        self.assertEqual({(row.deal, row.date): row.basis for row in rows}, expected)
        self.assertEqual(
            sum(row.basis for row in self.env["crm.commission.credit"]._totals(version, scope)),
            sum(expected.values()),
        )

    def _events(self):
        """Read the documents row by row, as a person would."""
        moves = self.env["account.move"].search(
            [
                ("company_id", "=", self.company.id),
                ("move_type", "in", ("out_invoice", "out_refund")),
                ("state", "=", "posted"),
            ]
        )
        for move in moves:
            parts = defaultdict(lambda: [Decimal(0), Decimal(0)])
            for line in move.invoice_line_ids:
                origin = move.reversed_entry_id.id or move.id
                deal = line.sale_line_ids[:1].order_id.id or -origin
                parts[deal][0] -= self._exact(line.balance)
                parts[deal][1] += self._exact(line.price_total)
            for deal, (untaxed, gross) in parts.items():
                part = gross / self._exact(move.amount_total)
                total = part * self._exact(move.amount_total_signed)
                yield Event(deal=deal, date=move.date, untaxed=untaxed, total=total)
                for day, amount in self._settled(move):
                    yield Event(deal=deal, date=day, settled=amount * part)

    def _settled(self, move):
        for line in move.line_ids.filtered(lambda line: line.display_type == "payment_term"):
            rows = self.env.execute_query(
                SQL(
                    """SELECT max_date, debit_move_id = %(line)s, amount::text
                         FROM account_partial_reconcile
                        WHERE %(line)s IN (debit_move_id, credit_move_id)""",
                    line=line.id,
                )
            )
            for day, is_debit, amount in rows:
                yield day, Decimal(amount) if is_debit else -Decimal(amount)

    @staticmethod
    def _exact(amount):
        return Decimal(str(round(amount, 2)))
