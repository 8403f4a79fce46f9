from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestPartnerRebates(TransactionCase):
    """The demonstration company grants rebates and receives them."""

    def test_agreements(self):
        agreements = self.env["crm.rebate.agreement"].search([("state", "=", "active")])
        self.assertEqual(set(agreements.mapped("direction")), {"customer", "vendor"})
        vendor = agreements.filtered(lambda a: a.direction == "vendor")
        self.assertGreater(sum(vendor.mapped("accrued")), 0)

    def test_a_quarter_is_settled(self):
        settled = self.env["crm.rebate.period"].search([("state", "=", "settled")])
        self.assertTrue(settled.settlement_ids.move_ids)
        self.assertTrue(all(m.state == "posted" for m in settled.settlement_ids.move_ids))

    def test_books_agree(self):
        ledgers = self.env["crm.subledger"].search([("kind", "in", ("rebate", "rebate_vendor"))])
        self.assertEqual(len(ledgers), 2)
        self.assertFalse(ledgers._differences())

    def test_a_dispute_is_open_and_one_answered(self):
        states = self.env["crm.rebate.dispute"].search([]).mapped("state")
        self.assertEqual(sorted(states), ["open", "rejected"])
