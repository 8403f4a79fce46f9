from odoo.tests import tagged

from .common import DemoCase


@tagged("post_install", "-at_install")
class TestPartnerMdf(DemoCase):
    """Funds and statements of the demonstration company, where its partners were built."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.funds = cls.env["crm.mdf.fund"].search([("company_id", "=", cls.company.id)])

    def test_funds_and_requests(self):
        if not self.env["res.partner"].search_count([("grade_id", "!=", False)], limit=1):
            self.assertFalse(self.funds, "no partners, no funds")
            return
        self.assertEqual(set(self.funds.mapped("kind")), {"accrual", "discretionary"})
        states = set(self.funds.request_ids.mapped("state"))
        self.assertLessEqual({"draft", "submitted", "approved", "refused"}, states)
        self.assertLessEqual(
            {"submitted", "settled"}, set(self.funds.request_ids.claim_ids.mapped("state"))
        )

    def test_funds_equal_the_general_ledger(self):
        ledgers = self.funds.ledger_id
        self.assertEqual(ledgers._differences() if ledgers else [], [])

    def test_statements_add_up(self):
        statements = self.env["crm.partner.statement"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertFalse(statements.filtered("error").mapped("error"))
        for section in statements.section_ids:
            moved = section.increase - section.decrease
            self.assertAmount(section.opening + moved, section.closing)
