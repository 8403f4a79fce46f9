from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestQuotations(TransactionCase):
    """The demonstration company has a discount matrix, versions and expired quotations."""

    def test_matrix(self):
        rows = self.env["crm.discount.authority"].search([])
        self.assertEqual(len(rows), 3)
        self.assertFalse(rows.filtered("problem"), "each row decides something")

    def test_versions_differ(self):
        versions = self.env["crm.quotation.version"].search([("number", ">", 1)])
        self.assertGreaterEqual(len(versions.order_id), 3)
        for order in versions.order_id:
            amounts = order.version_ids.sorted("number").mapped("amount_untaxed")
            self.assertEqual(len(set(amounts)), len(amounts), "each version says something new")

    def test_expired(self):
        expired = self.env["sale.order"].search(
            [("state", "=", "sent"), ("validity_date", "<", "today")]
        )
        self.assertTrue(expired)
