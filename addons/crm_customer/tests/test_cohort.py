from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_score import ScoreCase


@tagged("post_install", "-at_install")
class TestCohort(ScoreCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dora = cls.env["res.partner"].create({"name": "Dora"})
        for partner, amount, date in (
            (cls.anna, 100, "2026-01-05"),
            (cls.anna, 50, "2026-01-20"),
            (cls.anna, 70, "2026-03-02"),
            (cls.bert, 200, "2026-01-31"),
            (cls.cora, 300, "2026-02-01"),
            (cls.cora, 30, "2026-03-09"),
            (cls.dora, 10, "2026-01-15"),
        ):
            cls._sell(partner, amount, date)
        cls._sell(cls.bert, 80, "2026-02-03", cost=0, move_type="out_refund")

    def _row(self, cohort, months):
        return self.env["crm.customer.cohort"].search(
            [
                ("company_id", "=", self.company.id),
                ("cohort", "=", cohort),
                ("months_since", "=", months),
            ]
        )

    def test_figures(self):
        for cohort, months, size, customers, retention, revenue in (
            ("2026-01-01", 0, 3, 3, 100.0, 360),
            ("2026-01-01", 1, 3, 0, 0.0, -80),
            ("2026-01-01", 2, 3, 1, 33.3, 70),
            ("2026-02-01", 0, 1, 1, 100.0, 300),
            ("2026-02-01", 1, 1, 1, 100.0, 30),
        ):
            with self.subTest(cohort=cohort, months=months):
                row = self._row(cohort, months)
                self.assertEqual(
                    (row.size, row.customers, round(row.retention, 1), row.revenue),
                    (size, customers, retention, revenue),
                )

    def test_groups_are_weighted_by_size(self):
        [(retention, customers)] = self.env["crm.customer.cohort"]._read_group(
            [
                ("company_id", "=", self.company.id),
                ("month", "=", "2026-03-01"),
                ("months_since", "in", (1, 2)),
            ],
            [],
            ["retention:avg", "customers:sum"],
        )
        self.assertEqual((retention, customers), (50.0, 2))

    def test_a_cell_leads_to_its_customers(self):
        for cohort, months, partners in (
            ("2026-01-01", 0, self.anna | self.bert | self.dora),
            ("2026-01-01", 2, self.anna),
            ("2026-02-01", 1, self.cora),
        ):
            action = self._row(cohort, months).action_open_customers()
            self.assertEqual(self.env["res.partner"].search(action["domain"]), partners)

    def test_table(self):
        table = self.env["crm.customer.cohort"].with_company(self.company).cohort_table()
        january = next(row for row in table["cohorts"] if row["cohort"] == "2026-01-01")
        self.assertEqual(january["size"], 3)
        self.assertEqual([round(cell, 1) for cell in january["cells"][:3]], [100.0, 0.0, 33.3])
        today = fields.Date.context_today(self.anna)
        self.assertEqual(len(january["cells"]), min(37, (today.year - 2026) * 12 + today.month))

    def test_rights(self):
        self._create_users()
        Cohort = self.env["crm.customer.cohort"]
        table = Cohort.with_user(self.seller).cohort_table("contribution")
        self.assertEqual(table["measure"], "retention", "contribution is not for everybody")
        self.assertFalse(Cohort.with_user(self.stranger).cohort_table()["cohorts"])
        stolen = Cohort.with_user(self.stranger).open_customers("2026-01-01", 0, self.company.id)
        self.assertFalse(self.env["res.partner"].search(stolen["domain"]))
        with self.assertRaises(AccessError):
            Cohort.with_user(self.nobody).cohort_table()
        with self.assertRaises(AccessError):
            Cohort.with_user(self.nobody).open_customers("2026-01-01")
