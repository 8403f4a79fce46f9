from datetime import date

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common_rebate import RebateCase

SCALE = [(5000, 2), (20000, 4)]
FLAT = [(0, 10)]


@tagged("-at_install", "post_install")
class TestRebateTargets(RebateCase):
    """What counts for whom, and what it earns."""

    def _earned(self, agreement):
        self.run_subledger()
        return {p.partner_id.name.split()[0]: p.entitlement for p in agreement.period_ids}

    def _reached(self, tiers, partners=None, **values):
        return self._agreement(tiers, partners, accrual_method="reached", **values)

    def test_past_purchases_count_when_an_agreement_starts(self):
        self._invoice(self.alpha, "2025-10-05", 6000)
        agreement = self._reached(SCALE)
        self.assertEqual(self._earned(agreement), {"Alpha": 120})
        self.assertBalance(self.rebates, "-120.00", self.alpha)

    def test_days_and_documents_that_do_not_count(self):
        agreement = self._reached(FLAT)
        self._invoice(self.alpha, "2025-09-30", 100)
        self._invoice(self.alpha, "2026-01-01", 200)
        self._invoice(self.alpha, "2025-11-01", 400, post=False)
        self._invoice(self.beta, "2025-11-01", 800)
        self.assertEqual(self._earned(agreement), {"Alpha": 0})
        for day in ("2025-10-01", "2025-12-31"):
            self._invoice(self.alpha, day, 1000)
        self.assertEqual(self._earned(agreement), {"Alpha": 200})

    def test_a_contact_buys_for_its_company(self):
        agreement = self._reached(FLAT)
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": self.alpha.id})
        self._invoice(contact, "2025-10-10", 1000)
        self.assertEqual(self._earned(agreement), {"Alpha": 100})

    def test_a_return_counts_where_it_was_bought(self):
        agreement = self._reached(FLAT, date_to="2026-03-31")
        first, second = agreement.period_ids.sorted("date_from")
        invoice = self._invoice(self.alpha, "2025-12-20", 5000)
        self._return(invoice, "2026-02-02", 2000)
        self.run_subledger()
        self.assertEqual((first.entitlement, second.entitlement), (300, 0))
        entries = first._subledger_entries()
        self.assertEqual(max(entries.mapped("date")), date(2026, 2, 2))
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def test_products_categories_and_brands(self):
        category = self.env["product.category"].create({"name": "Valves"})
        below = self.env["product.category"].create(
            {"name": "Ball valves", "parent_id": category.id}
        )
        brand = self.env["product.tag"].create({"name": "Brand A"})
        valve = self._create_product(name="Valve", categ_id=below.id, taxes_id=self.tax_13)
        branded = self._create_product(name="Branded", taxes_id=self.tax_13)
        branded.product_tmpl_id.product_tag_ids = brand
        for product, amount in ((self.pump, 1000), (valve, 2000), (branded, 4000)):
            self._invoice(self.alpha, "2025-10-10", amount, product=product)
        for values, earned in (
            ({"categ_ids": category}, 200),
            ({"tag_ids": brand}, 400),
            ({"product_ids": self.pump}, 100),
            ({"categ_ids": category, "tag_ids": brand}, 600),
        ):
            agreement = self._reached(
                FLAT, **{name: [Command.set(chosen.ids)] for name, chosen in values.items()}
            )
            self.assertEqual(self._earned(agreement), {"Alpha": earned})
        mix = self._reached(
            [(0, 0), (50, 1)],
            kind="mix",
            focus_tag_ids=[Command.set(brand.ids)],
        )
        self.assertEqual(self._earned(mix), {"Alpha": 70}, "57 % of 7,000 are focus products")
        valve.categ_id = self.pump.categ_id
        agreement = self._reached(FLAT, categ_ids=[Command.set(category.ids)])
        self.assertEqual(self._earned(agreement), {"Alpha": 0})

    def test_scheduled_refresh_follows_a_category(self):
        category = self.env["product.category"].create({"name": "Valves"})
        agreement = self._reached(FLAT, categ_ids=[Command.set(category.ids)])
        self._invoice(self.alpha, "2025-10-10", 1000)
        self.assertEqual(self._earned(agreement), {"Alpha": 0})
        self.pump.categ_id = category
        self._run_cron("ir_cron_rebate_refresh")
        self.assertEqual(self._earned(agreement), {"Alpha": 100})
        entries = agreement.period_ids._subledger_entries()
        self._run_cron("ir_cron_rebate_refresh")
        self.assertEqual(agreement.period_ids._subledger_entries(), entries, "I6")

    def test_each_purchase_by_itself(self):
        agreement = self._reached(SCALE, kind="transaction")
        big = self._invoice(self.alpha, "2025-10-10", 6000)
        self._invoice(self.alpha, "2025-10-11", 4000)
        self.assertEqual(self._earned(agreement), {"Alpha": 120})
        self._return(big, "2025-11-02", 2000)
        self.assertEqual(self._earned(agreement), {"Alpha": 0}, "4,000 are left of the purchase")

    def test_amount_per_unit_in_another_unit(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        agreement = self._reached(
            [(24, 3)], basis="quantity", reward="unit", uom_id=self.pump.uom_id.id
        )
        invoice = self._invoice(self.alpha, "2025-10-10", 1200, quantity=2, post=False)
        invoice.invoice_line_ids.product_uom_id = dozen
        invoice.invoice_line_ids.price_unit = 600
        invoice.action_post()
        self.assertEqual(self._earned(agreement), {"Alpha": 72})
        odd = self._invoice(self.alpha, "2025-10-12", 100, quantity=5, post=False)
        odd.invoice_line_ids.product_uom_id = self.env.ref("uom.product_uom_kgm")
        odd.action_post()
        self.assertEqual(self._earned(agreement), {"Alpha": 72})

    def test_growth_against_last_year(self):
        self._invoice(self.alpha, "2024-11-10", 10000)
        agreement = self._reached([(0, 5)], kind="growth", paid_on="part")
        self._invoice(self.alpha, "2025-11-10", 14000)
        self.assertEqual(self._earned(agreement), {"Alpha": 200})
        late = self._invoice(self.alpha, "2024-12-01", 1000)
        self.assertEqual(self._earned(agreement), {"Alpha": 150}, "the baseline follows, too")
        late.button_draft()
        self.assertEqual(self._earned(agreement), {"Alpha": 200})

    def test_target(self):
        agreement = self._reached(
            [(80, 1), (100, 2)],
            kind="target",
            participants=[
                {"partner_id": self.alpha.id, "target": 10000},
                {"partner_id": self.beta.id, "target": 20000},
            ],
        )
        for partner in self.alpha, self.beta:
            self._invoice(partner, "2025-10-10", 16000)
        self.assertEqual(self._earned(agreement), {"Alpha": 320, "Beta": 160})
        period = agreement.period_ids.filtered(lambda p: p.partner_id == self.beta)
        self.assertEqual((period.next_rate, period.next_missing), (2, 4000))

    def test_marginal_with_expectation_and_cap(self):
        agreement = self._agreement(SCALE, method="marginal", expected_volume=27000, cap=500)
        self._invoice(self.alpha, "2025-10-10", 13500)
        self.run_subledger()
        self.assertEqual(agreement.period_ids.accrued, 250, "half of 580, limited to 500")

    def test_expectation_is_revised(self):
        agreement = self._agreement(SCALE, expected_volume=27000)
        self._invoice(self.alpha, "2025-10-10", 10000)
        self.run_subledger()
        self.assertEqual(agreement.accrued, 400)
        agreement.expected_volume = 12000
        self.run_subledger()
        self.assertEqual(agreement.accrued, 200)
        agreement.participant_ids.expected_volume = 30000
        self.run_subledger()
        self.assertEqual(agreement.accrued, 400)

    def test_tree(self):
        city = self._create_partner("City Reseller", parent_id=self.alpha.id)
        agreement = self._reached(SCALE, participation="tree")
        self._invoice(self.alpha, "2025-10-10", 4000)
        self._invoice(city, "2025-10-11", 2000)
        self.assertEqual(self._earned(agreement), {"Alpha": 120})
        self.assertBalance(self.rebates, "-120.00", self.alpha)
        new = self._create_partner("New City")
        self._invoice(new, "2025-10-12", 4000)
        new.parent_id = self.alpha
        self.assertEqual(self._earned(agreement), {"Alpha": 200})

    def test_buying_group(self):
        agreement = self._reached(SCALE, self.alpha + self.beta, participation="group")
        self._invoice(self.alpha, "2025-10-10", 15000)
        self.run_subledger()
        self._invoice(self.beta, "2025-11-10", 5000)
        self.assertEqual(self._earned(agreement), {"Alpha": 600, "Beta": 200})
        self.assertBalance(self.rebates, "-600.00", self.alpha)
        self.assertBalance(self.rebates, "-200.00", self.beta)

    def test_priority_decides_where_agreements_meet(self):
        self._invoice(self.alpha, "2025-10-10", 1000)
        special = self._reached(
            FLAT, name="Special", exclusive=True, priority=1,
            product_ids=[Command.set(self.pump.ids)],
        )  # fmt: skip
        other = self._create_product(name="Other", taxes_id=self.tax_13)
        self._invoice(self.alpha, "2025-10-11", 500, product=other)
        general = self._reached([(0, 2)], name="General")
        self.assertEqual(self._earned(special), {"Alpha": 100})
        self.assertEqual(self._earned(general), {"Alpha": 10}, "only what Special does not count")
        self.assertEqual(general.overlap_ids, special)
        explanation = general.period_ids.explanation_html
        self.assertIn("Special", explanation)
        self.assertIn("1,000.00", explanation)
        special.exclusive = False
        self.assertEqual(self._earned(general), {"Alpha": 30}, "both count: they stack")
        special.exclusive = True
        self.assertEqual(self._earned(general), {"Alpha": 10})
        special.action_cancel()
        self.assertEqual(self._earned(general), {"Alpha": 30})
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def test_rivals_are_looked_up_once(self):
        """The note about purchases that another agreement counts costs no query per period."""
        partners = self.alpha + self.beta + self.gamma
        for partner in partners:
            self._invoice(partner, "2025-10-10", 1000)
        self._reached(FLAT, partners, name="Special", exclusive=True, priority=1)
        periods = self._reached([(0, 2)], partners, name="General").period_ids
        self.run_subledger()
        few, many = (self._queries_of_targets(chosen) for chosen in (periods[:1], periods))
        self.assertLessEqual(many, few)
        self.assertEqual(len(periods), 3)
        for period in periods:
            [note] = period._subledger_targets()[0].explanation["notes"]
            self.assertEqual((note["code"], note["names"]), ("overlap", "Special"))

    def _queries_of_targets(self, periods):
        periods = periods.browse(periods.ids)  # read together
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        periods._subledger_targets()
        return self.env.cr.sql_log_count - before

    def test_agreement_in_another_currency(self):
        euro = self.setup_other_currency("EUR", rates=[("2025-01-01", 0.125)])
        agreement = self._reached([(1000, 10)], currency_id=euro.id)
        self._invoice(self.alpha, "2025-10-10", 16000)
        self.run_subledger()
        period = agreement.period_ids
        self.assertEqual((period.revenue, period.entitlement), (2000, 1600))
        self.assertIn("EUR", period.explanation_html)

    def test_currency_without_rate(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        dollar.rate_ids.unlink()
        with self.assertRaisesRegex(UserError, "USD"), self.cr.savepoint():
            self._reached(FLAT, currency_id=dollar.id)
        rate = self.env["res.currency.rate"].create(
            {"name": "2025-01-01", "rate": 0.125, "currency_id": dollar.id}
        )
        agreement = self._reached(FLAT, currency_id=dollar.id)
        self._invoice(self.alpha, "2025-10-10", 16000)
        rate.unlink()
        self.run_subledger()
        self.assertFalse(agreement.period_ids._subledger_entries(), "nothing half written")
        failed = self.env["crm.subledger.queue"].search(
            [("res_model", "=", "crm.rebate.period"), ("state", "=", "failed")]
        )
        self.assertIn("USD", failed.error)

    def test_documents_of_other_companies(self):
        other = self.setup_other_company(name="Third Company")["company"]
        agreement = self._reached(FLAT)
        self.alpha.company_id = False
        invoice = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.alpha.id,
                    "invoice_date": "2025-10-10",
                    "company_id": other.id,
                    "invoice_line_ids": [
                        Command.create({"name": "Pump", "price_unit": 1000, "tax_ids": []})
                    ],
                }
            )
        )
        invoice.action_post()
        self.assertEqual(self._earned(agreement), {"Alpha": 0}, "I5")

    def test_what_if(self):
        self._invoice(self.alpha, "2024-10-10", 19000)
        agreement = self._reached(SCALE)
        trial = self.env["crm.rebate.what.if"].create({"agreement_id": agreement.id})
        trial.action_compute()
        self.assertEqual((trial.total_now, trial.total_then), (380, 380))
        trial.change = 10
        trial.tier_ids.filtered(lambda t: t.lower_bound == 20000).rate = 5
        trial.action_compute()
        self.assertEqual((trial.total_now, trial.total_then), (836, 1045))

    def test_forecast(self):
        agreement = self._reached(SCALE, date_from="2025-10-01", date_to="2025-10-31")
        self._invoice(self.alpha, "2025-10-05", 9000)
        self.run_subledger()
        period = agreement.period_ids
        self.assertEqual(period._forecast(date(2025, 10, 10)), (27900, 1116))
        self.assertEqual((period.next_rate, period.next_missing), (4, 11000))

    def test_forecast_of_a_group_is_money(self):
        agreement = self._reached(
            FLAT,
            self.alpha + self.beta,
            participation="group",
            date_from="2025-10-01",
            date_to="2025-10-31",
        )
        self._invoice(self.alpha, "2025-10-05", 1000)
        self.run_subledger()
        period = agreement.period_ids.filtered(lambda one: one.partner_id == self.alpha)
        self.assertEqual(period._forecast(date(2025, 10, 7))[1], 442.86, "100 × 31 / 7")

    def test_cancelled_agreement_takes_back(self):
        agreement = self._reached(FLAT)
        self._invoice(self.alpha, "2025-10-05", 9000)
        self.run_subledger()
        self.assertBalance(self.rebates, "-900.00")
        agreement.action_cancel()
        self.run_subledger()
        self.assertBalance(self.rebates, "0.00")
        self.assertLedgerEqualsGL(self.rebate_ledger)

    def test_end_and_longer_agreement(self):
        agreement = self._reached(FLAT)
        self.assertEqual(len(agreement.period_ids), 1)
        agreement.date_to = "2026-06-30"
        self.assertEqual(len(agreement.period_ids), 3)
        agreement.date_to = "2025-11-30"
        self.assertEqual(agreement.period_ids.mapped("date_to"), [date(2025, 11, 30)])
        self._invoice(self.alpha, "2025-12-05", 9000)
        self.assertEqual(self._earned(agreement), {"Alpha": 0})

    def test_vendor_side(self):
        vendor = self._create_partner("Vendor")
        agreement = self._reached(SCALE, vendor, direction="vendor")
        bill = self._bill(vendor, "2025-10-10", 25000)
        self._invoice(vendor, "2025-10-10", 99000)
        self.assertEqual(self._earned(agreement), {"Vendor": 1000}, "sales to it do not count")
        self.assertBalance(self.rebates_in, "1000.00", vendor)
        self.assertBalance(self.cost, self.balance(self.cost))
        settlement = self._settle(agreement.period_ids, final=True, date=date(2025, 12, 31))
        self.assertRecordValues(
            settlement.move_ids,
            [{"move_type": "in_refund", "amount_untaxed": 1000, "amount_tax": 130}],
        )
        self.assertBalance(self.rebates_in, "0.00", vendor)
        refund = self._bill(vendor, "2025-10-20", 6000, refund=True)
        self.assertEqual(self._earned(agreement), {"Vendor": 380})
        refund.button_draft()
        self.assertEqual(self._earned(agreement), {"Vendor": 1000})
        bill.button_draft()
        self.assertEqual(self._earned(agreement), {"Vendor": 0})
        claim = self._settle(agreement.period_ids)
        self.assertEqual(claim.move_ids.move_type, "in_invoice")
        self.assertBalance(self.rebates_in, "0.00")
        self.assertLedgerEqualsGL(self.vendor_ledger)

    # ------------------------------------------------------------------
    # Bad input
    # ------------------------------------------------------------------

    def _refused(self, error, message, **values):
        with self.assertRaisesRegex(error, message), self.cr.savepoint():
            self._agreement(values.pop("tiers", SCALE), **values)
        self.assertFalse(self.env["crm.rebate.agreement"].search([("name", "=", "Rebate 2025")]))

    def test_bad_input(self):
        expected = {"expected_volume": 10000}
        for message, values in (
            ("ends on", {"date_to": "2025-09-30"}),
            ("Choose the unit", {"basis": "quantity"}),
            ("marginal scale", {"basis": "quantity", "uom_id": 1, "method": "marginal"}),
            ("wrong side", {"ledger_id": self.vendor_ledger.id}),
            ("begin at", {"tiers": [(0, 1), (5000, 2), (5000, 3)]}),
        ):
            with self.subTest(message=message):
                self._refused(ValidationError, message, **expected | values)
        for message, values in (
            ("expected volume", {}),
            ("enter the scale", {"tiers": [], **expected}),
            ("target of every", {"kind": "target", **expected}),
            ("focus products", {"kind": "mix"}),
        ):
            with self.subTest(message=message):
                self._refused(UserError, message, **values)

    def test_gap_and_overlap_in_the_scale(self):
        for rows, message in (
            ([(0, 5000, 1), (6000, 0, 2)], "gap"),
            ([(0, 5000, 1), (4000, 0, 2)], "overlap"),
            ([(0, 5000, 1), (5000, 9000, 2)], "last tier"),
        ):
            tiers = [
                Command.create({"lower_bound": lower, "upper_bound": upper, "rate": rate})
                for lower, upper, rate in rows
            ]
            with self.subTest(message=message):
                self._refused(ValidationError, message, tiers=[], tier_ids=tiers)

    def test_nobody_counts_twice(self):
        self._create_partner("City Reseller", parent_id=self.alpha.id)
        city = self.env["res.partner"].search([("name", "=", "City Reseller")])
        self._refused(
            ValidationError,
            "would count",
            partners=self.alpha + city,
            participation="tree",
            expected_volume=1,
        )
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": self.alpha.id})
        self._refused(ValidationError, "Enter the company", partners=contact, expected_volume=1)

    def test_settled_terms_stay(self):
        agreement = self._reached(FLAT)
        self._invoice(self.alpha, "2025-10-05", 9000)
        self.run_subledger()
        self._settle(agreement.period_ids)
        for attack in (
            lambda: agreement.write({"method": "marginal"}),
            lambda: agreement.tier_ids.write({"rate": 1}),
            agreement.action_draft,
            agreement.action_cancel,
        ):
            with self.assertRaisesRegex(UserError, "has been settled"), self.cr.savepoint():
                attack()
        with self.assertRaises(UserError), self.cr.savepoint():
            agreement.unlink()
