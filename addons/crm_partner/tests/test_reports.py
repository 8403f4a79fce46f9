from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import PartnerCase


@tagged("-at_install", "post_install")
class TestSalesReport(PartnerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls._invoice(cls.alpha, "2026-02-10", 3000)
        cls._invoice(cls.alpha, "2026-02-20", 500, refund=True)
        cls._invoice(cls.gamma, "2026-03-05", 1000)
        cls._invoice(cls.outsider, "2026-02-11", 6500)
        cls._invoice(cls.beta, "2026-02-12", 9999, post=False)

    def _sums(self, group, user=None):
        report = self.env["crm.partner.sales.report"].with_user(user or self.channel)
        rows = report._read_group(
            [("company_id", "=", self.company.id), ("date", ">=", "2026-01-01")],
            [group],
            ["amount:sum", "partner_amount:sum", "share:avg"],
        )
        return {key: (amount, part, round(share, 4)) for key, amount, part, share in rows}

    def test_share_is_that_of_the_sums(self):
        self.assertEqual(
            self._sums("channel"),
            {"partner": (3500, 3500, 100), "direct": (6500, 0, 0)},
        )
        [total] = self._sums("company_id").values()
        self.assertEqual(total, (10000, 3500, 35))
        levels = self._sums("grade_id")
        self.assertEqual(levels[self.gold][0], 2500)
        self.assertEqual(levels[self.silver][0], 1000)

    def test_equals_the_journal(self):
        [[booked]] = self.env["account.move.line"]._read_group(
            [
                ("company_id", "=", self.company.id),
                ("parent_state", "=", "posted"),
                ("account_id.account_type", "=", "income"),
            ],
            [],
            ["balance:sum"],
        )
        [total] = self._sums("company_id").values()
        self.assertEqual(total[0], -booked)

    def test_row_opens_its_invoice(self):
        row = self.env["crm.partner.sales.report"].search([("partner_id", "=", self.gamma.id)])
        self.assertEqual(row.action_open_invoice()["res_id"], row.move_id.id)

    def test_rights(self):
        with self.assertRaises(AccessError):
            self._sums("channel", self.seller)
        self.assertFalse(self._sums("channel", self.stranger))
