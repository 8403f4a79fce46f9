from collections import defaultdict
from datetime import date
from decimal import Decimal

from freezegun import freeze_time

from odoo.tests import tagged

from ..engine import mrr
from ..tools import unlocked
from .common_contract import ContractCase

KINDS = ("new", "reactivation", "expansion", "contraction", "churn")


@tagged("post_install", "-at_install")
class TestContractMrr(ContractCase):
    """The view of recurring revenue says what the engine says."""

    def _term(self, partner, start, months, price, **values):
        contract = self._create_contract(
            price,
            partner_id=partner.id,
            signatory_id=partner.id,
            date_start=start,
            term_months=months,
            recurring=True,
            recurrence="1",
            template_id=False,
        )
        unlocked(contract).write({"state": "active", **values})
        return contract

    def _rows(self):
        self.env.flush_all()
        return self.env["crm.contract.mrr"].search(
            [("company_id", "=", self.company.id)], order="date, partner_id"
        )

    @freeze_time("2027-06-15 08:00:00")
    def test_movements(self):
        a, b = self.customer, self.other_customer
        self._term(a, "2026-01-10", 6, 100)
        self._term(a, "2026-07-10", 3, 150)
        self._term(a, "2026-12-01", 12, 150, terminated_on="2027-02-10")
        self._term(b, "2026-03-01", 24, 200)
        kinds = {
            (row.date.strftime("%y-%m"), row.partner_id, row.kind): row.closing - row.opening
            for row in self._rows().filtered("kind")
        }
        self.assertEqual(
            kinds,
            {
                ("26-01", a, "new"): 100,
                ("26-03", b, "new"): 200,
                ("26-07", a, "expansion"): 50,
                ("26-10", a, "churn"): -150,
                ("26-12", a, "reactivation"): 150,
                ("27-02", a, "churn"): -150,
            },
        )

    @freeze_time("2027-06-15 08:00:00")
    def test_view_equals_engine_and_adds_up(self):
        for number, partner in enumerate((self.customer, self.other_customer)):
            for start, months, price in (
                ("2026-01-01", 3, 100 + number),
                ("2026-02-15", 5, 40),
                ("2026-09-01", 2, 300),
                ("2027-01-31", 12, 20),
            ):
                self._term(partner, start, months, price)
        terms = [
            mrr.Term(
                c.commercial_partner_id.id, c.effective_from, c.effective_to, Decimal(str(c.mrr))
            )
            for c in self.env["crm.contract"].search([("company_id", "=", self.company.id)])
        ]
        expected = {
            (row.month_end, row.customer): (row.opening, row.kind, row.closing)
            for row in mrr.movements(terms, date(2027, 6, 15))
        }
        found = {
            (row.date, row.partner_id.id): (
                Decimal(str(row.opening)),
                row.kind or None,
                Decimal(str(row.closing)),
            )
            for row in self._rows()
        }
        self.assertEqual(found, expected)
        by_month = defaultdict(lambda: [0, 0, 0])
        for row in self._rows():
            sums = by_month[row.date]
            sums[0] += row.opening
            sums[1] += sum(row[kind] for kind in KINDS)
            sums[2] += row.closing
        months = sorted(by_month)
        for month in months:
            opening, moved, closing = by_month[month]
            self.assertAlmostEqual(opening + moved, closing)
        for before, after in zip(months, months[1:], strict=False):
            self.assertAlmostEqual(by_month[before][2], by_month[after][0])

    @freeze_time("2027-06-15 08:00:00")
    def test_recurring_quota_counts_contracts(self):
        """A term brings its revenue, its end takes it away; what is won is not counted twice."""
        plan = self.env["crm.recurring.plan"].create({"name": "Monthly", "number_of_months": 1})
        lead = self.env["crm.lead"].create(
            {
                "name": "Service",
                "type": "opportunity",
                "company_id": self.company.id,
                "user_id": self.li.id,
                "recurring_revenue": 100,
                "recurring_plan": plan.id,
            }
        )
        lead.action_set_won()
        lead.date_closed = "2026-01-05 00:00:00"

        def sums(first, last):
            self.env.flush_all()
            return self.env["crm.achievement"]._sums("recurring", self.company, first, last)

        self.assertEqual(sums("2026-01-01", "2026-03-31"), {self.li.id: 100})
        self._term(self.customer, "2026-01-10", 6, 100, opportunity_id=lead.id)
        self._term(self.customer, "2026-07-10", 12, 150)
        self.assertEqual(sums("2026-01-01", "2026-03-31"), {self.li.id: 100})
        self.assertEqual(sums("2026-07-01", "2026-09-30"), {self.li.id: 50})
        self.assertEqual(sums("2026-01-01", "2027-06-15"), {self.li.id: 150})

    def test_drafts_and_one_off_contracts_do_not_count(self):
        self._create_contract(100, recurring=True, recurrence="1")
        self._active_contract()
        self.assertFalse(self._rows())

    @freeze_time("2026-06-15 08:00:00")
    def test_rights(self):
        self._term(self.customer, "2026-01-01", 12, 100)
        seen = {
            user: self.env["crm.contract.mrr"].with_user(user).search_count([])
            for user in (self.li, self.chen, self.zhao, self.accountant, self.director)
        }
        self.assertTrue(all(seen[user] for user in seen if user != self.chen))
        self.assertFalse(seen[self.chen])
