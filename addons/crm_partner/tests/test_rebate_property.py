from datetime import date
from decimal import Decimal as D

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from odoo.addons.crm_subledger.engine.scale import Scale, Tier

from ..engine.rebate import Terms, Volume, earned
from .common_rebate import RebateCase

TIERS = [(5000, 2), (20000, 4)]
DAYS = ("2025-10-10", "2025-11-10", "2025-12-10")


@st.composite
def histories(draw):
    """Return amounts of three invoices, whether each stands in the end, and events in some order.

    The events of one invoice keep their order; those of different invoices, settlements,
    reversals of settlements and runs of the loop are mixed at random.
    """
    amounts = draw(st.lists(st.integers(1000, 15000), min_size=3, max_size=3))
    plots, final = [], []
    for number, amount in enumerate(amounts):
        plot = ["post"]
        if draw(st.booleans()):
            plot += ["draft", "post"]
        returned = draw(st.integers(0, 2)) * amount // 4
        if returned:
            plot.append(("return", returned))
        elif draw(st.booleans()):
            plot += ["draft", "cancel"]
            amount = 0
        plots.append([(number, event) for event in plot])
        final.append(amount - returned)
    extra = draw(st.lists(st.sampled_from(["run", "settle", "reverse"]), max_size=5))
    plots += [[(None, event)] for event in extra]
    events = []
    while any(plots):
        plot = draw(st.sampled_from([p for p in plots if p]))
        events.append(plot.pop(0))
    return amounts, final, events


@tagged("-at_install", "post_install")
class TestRebateProperty(RebateCase):
    """I3: what is accrued and settled depends on the final documents only."""

    @given(history=histories(), expected=st.sampled_from([0, 27000]))
    @settings(
        max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    def test_order_of_events_does_not_matter(self, history, expected):
        savepoint = self.env.cr.savepoint()
        try:
            self._play(*history, expected)
        finally:
            self.env.cr.precommit.clear()
            savepoint.close(rollback=True)
            self.env.invalidate_all()
            self.registry.clear_cache()

    def _play(self, amounts, final, events, expected):
        agreement = self._agreement(
            TIERS,
            accrual_method="expected" if expected else "reached",
            expected_volume=expected,
        )
        period = agreement.period_ids
        invoices = [
            self._invoice(self.alpha, day, amount, post=False)
            for day, amount in zip(DAYS, amounts, strict=True)
        ]
        for number, event in events:
            self._happen(period, number is not None and invoices[number], event)
        self.run_subledger()
        terms = Terms(
            scale=Scale(
                "retroactive",
                (Tier(D(0), D(0)), *(Tier(D(low), D(rate) / 100) for low, rate in TIERS)),
                inclusive=True,
            )
        )
        owed = float(earned(terms, Volume(revenue=D(sum(final)))).amount)
        self.assertEqual((period.revenue, period.entitlement), (sum(final), owed))
        if not expected:
            self.assertEqual(period.accrued, owed)
        if self.env.company.currency_id.compare_amounts(period.payable, 0):
            self._settle(period, final=True, date=date(2026, 1, 31))
        else:
            period.action_close()
            self.run_subledger()
        self.assertEqual((period.accrued, period.settled, period.balance), (owed, owed, 0))
        self.assertBalance(self.rebates, "0.00")
        self.assertLedgerEqualsGL(self.rebate_ledger)
        self.assertFalse(period._subledger_run(force_split=True), "I6")

    def _happen(self, period, invoice, event):
        if event == "run":
            self.run_subledger()
        elif event == "settle":
            self.run_subledger()
            if period.payable:
                self._settle(period, date=date(2025, 12, 15))
        elif event == "reverse":
            paid = period.settlement_ids.filtered(lambda s: s.state == "done")[:1]
            paid.move_ids._reverse_moves([{"invoice_date": "2025-12-20"}] * len(paid), cancel=True)
        elif event == "post":
            invoice.action_post()
        elif event == "draft":
            invoice.button_draft()
        elif event == "cancel":
            invoice.button_cancel()
        else:
            self._return(invoice, "2026-01-20", event[1])
