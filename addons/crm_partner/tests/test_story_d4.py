"""D4: a channel rebate from the accrual to the claw-back, with all its variants."""

from datetime import date

from odoo.tests import tagged

from .common_rebate import RebateCase

SCALE = [(5000, 2), (20000, 4)]


@tagged("-at_install", "post_install")
class TestStoryD4(RebateCase):
    def _story(self, december=20000, **values):
        values.setdefault("expected_volume", 27000)
        self.agreement = self._agreement(SCALE, **values)
        self.period = self.agreement.period_ids
        self.invoices = {}
        for month, amount in (("10-15", 3000), ("11-14", 4000)):
            self._buy(month, amount)
            self.run_subledger()
            if month == "11-14":
                self._settle(self.period, until=date(2025, 11, 30), date=date(2025, 11, 30))
        if december:
            self._buy("12-10", december)

    def _buy(self, day, amount):
        self.invoices[day] = self._invoice(self.alpha, f"2025-{day}", amount)

    def _moves_of(self, month, kinds=("accrual", "true_up")):
        """Return {account code: balance} of what the loop posted in a month."""
        entries = self.period._subledger_entries().filtered(
            lambda e: e.date.month == month and e.kind in kinds
        )
        found = {}
        for line in entries.move_id.line_ids:
            found[line.account_id] = found.get(line.account_id, 0) + line.balance
        return {account: round(balance, 2) for account, balance in found.items()}

    def assertAccrued(self, month, amount):
        self.assertEqual(
            self._moves_of(month),
            {self.revenue: amount, self.rebates: -amount} if amount else {},
        )

    def test_expected_tier(self):
        self._story(december=0)
        self.assertAccrued(10, 120)
        self.assertAccrued(11, 160)
        [partial] = self.period.settlement_ids
        self.assertRecordValues(
            partial.move_ids,
            [
                {
                    "move_type": "out_refund",
                    "state": "posted",
                    "amount_untaxed": 140.00,
                    "amount_tax": 18.20,
                    "amount_total": 158.20,
                }
            ],
        )
        self.assertRecordValues(
            self.period, [{"accrued": 280, "settled": 140, "balance": 140, "state": "partial"}]
        )
        self.assertBalance(self.rebates, "-140.00", self.alpha)
        self._buy("12-10", 20000)
        self.run_subledger()
        self.assertAccrued(12, 800)
        final = self._settle(self.period, final=True, date=date(2025, 12, 31))
        self.assertRecordValues(
            final.move_ids,
            [{"amount_untaxed": 940.00, "amount_tax": 122.20, "amount_total": 1062.20}],
        )
        self.assertEqual(sum(self.period.settlement_ids.move_ids.mapped("amount_total")), 1220.40)
        self.assertAccrued(12, 800)
        self.assertBalance(self.rebates, "0.00")
        self.assertRecordValues(
            self.period,
            [{"entitlement": 1080, "settled": 1080, "balance": 0, "state": "settled"}],
        )
        self.assertLedgerEqualsGL(self.rebate_ledger)
        self.assertFalse(self.period._subledger_run(), "I6")

    def test_reached_tier(self):
        self._story(accrual_method="reached")
        self.run_subledger()
        self.assertAccrued(10, 0)
        self.assertAccrued(11, 140)
        self.assertAccrued(12, 940)
        self._settle(self.period, final=True, date=date(2025, 12, 31))
        self.assertEqual(sum(self.period.settlement_ids.move_ids.mapped("amount_total")), 1220.40)
        self.assertBalance(self.rebates, "0.00")
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def test_shortfall(self):
        self._story(december=5000)
        final = self._settle(self.period, final=True, date=date(2025, 12, 31))
        self.assertAccrued(12, -40)
        [true_up] = self.period._subledger_entries().filtered(lambda e: e.kind == "true_up")
        self.assertRecordValues(true_up, [{"amount": 40, "date": date(2025, 12, 31)}])
        self.assertEqual(final.move_ids.amount_untaxed, 100)
        self.assertRecordValues(
            self.period, [{"entitlement": 240, "settled": 240, "balance": 0, "state": "settled"}]
        )
        self.assertBalance(self.rebates, "0.00")
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def test_tier_fall_after_settlement(self):
        self._story()
        self._settle(self.period, final=True, date=date(2025, 12, 31))
        self._return(self.invoices["12-10"], "2026-01-15", 8000)
        self.run_subledger()
        self.assertAccrued(1, -700)
        self.assertRecordValues(
            self.period,
            [
                {
                    "revenue": 19000,
                    "entitlement": 380,
                    "settled": 1080,
                    "payable": -700,
                    "state": "claim",
                }
            ],
        )
        claim = self._settle(self.period, date=date(2026, 1, 31))
        self.assertEqual(claim.kind, "claim")
        self.assertRecordValues(
            claim.move_ids,
            [
                {
                    "move_type": "out_invoice",
                    "amount_untaxed": 700.00,
                    "amount_tax": 91.00,
                    "amount_total": 791.00,
                }
            ],
        )
        self.assertRecordValues(self.period, [{"settled": 380, "balance": 0, "state": "settled"}])
        self.assertBalance(self.rebates, "0.00", self.alpha)
        self.assertLedgerEqualsGL(self.rebate_ledger)
        self.assertFalse(self.period._subledger_run())

    def test_volume_variant(self):
        tiers = [(0, 1), (1_500_000, 2), (3_000_000, 3), (4_500_000, 5)]
        year = self._agreement(
            tiers,
            name="Year",
            date_from="2025-01-01",
            measure_interval="year",
            settle_interval="quarter",
            expected_volume=4_800_000,
        )
        growth = self._agreement(
            [(0, 2)],
            name="Growth",
            kind="growth",
            paid_on="part",
            date_from="2025-01-01",
            measure_interval="year",
            accrual_method="reached",
            participants=[{"partner_id": self.alpha.id, "baseline": 4_000_000}],
        )
        period = year.period_ids
        accruals, payouts, before = [], [], 0
        quarters = ((2, 900_000), (5, 1_100_000), (8, 1_300_000), (11, 1_500_000))
        for number, (month, amount) in enumerate(quarters, 1):
            self._invoice(self.alpha, date(2025, month, 15), amount)
            self.run_subledger()
            accruals.append(period.accrued - before)
            before = period.accrued
            end = date(2025, month + 1, 30)
            settlement = self._settle(period, until=end, date=end, final=number == 4)
            payouts.append(settlement.amount)
        self.assertEqual(accruals, [45_000, 55_000, 65_000, 75_000])
        self.assertEqual(payouts, [9_000, 31_000, 59_000, 141_000])
        self.assertEqual((period.settled, period.balance), (240_000, 0))
        self.assertEqual(growth.period_ids.entitlement, 16_000)
        self.assertLedgerEqualsGL(self.rebate_ledger)
