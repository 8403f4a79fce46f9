from odoo.tests import TransactionCase, tagged

from ..builder import quotations


@tagged("post_install", "-at_install")
class TestQuotations(TransactionCase):
    """The demonstration company has a discount matrix, versions and expired quotations."""

    def test_matrix(self):
        rows = self.env["crm.discount.authority"].search([])
        self.assertEqual(len(rows), 3)
        self.assertFalse(rows.filtered("problem"), "each row decides something")

    def test_versions(self):
        """Each offer was sent again with the discounts of the builder, and says nothing else new.

        The first version is what the month had sent before, where that was another price.
        """
        orders = self.env["crm.quotation.version"].search([("number", ">", 1)]).order_id
        self.assertEqual(len(orders), len(quotations.HISTORIES))
        for order, history in zip(orders.sorted("id"), quotations.HISTORIES, strict=True):
            versions = order.version_ids.sorted("number")
            self.assertEqual(versions.mapped("number"), list(range(1, len(versions) + 1)))
            sent = versions[-len(history) :]
            self.assertEqual(self.discounts(sent), list(history), order.name)
            self.assertLessEqual(len(versions) - len(history), 1, order.name)
            self.assertEqual(set(versions.mapped("event")), {"sent"})
            for version in sent:
                self.check_amounts(order, version)
            self.assertEqual(sent[-1].amount_untaxed, order.amount_untaxed, "as it stands")

    def discounts(self, versions):
        """Return the discount on the first product of each version."""
        return [
            version.line_ids.filtered("product_id")
            .sorted(lambda line: (line.sequence, line.id))[:1]
            .discount
            for version in versions
        ]

    def check_amounts(self, order, version):
        """The version adds up, and lists the same products in the same quantities as the order."""
        currency = order.currency_id
        total = sum(version.line_ids.mapped("price_subtotal"))
        self.assertFalse(currency.compare_amounts(total, version.amount_untaxed), order.name)

        def goods(lines):
            return sorted((line.product_id.id, line.product_uom_qty) for line in lines)

        self.assertEqual(goods(version.line_ids), goods(order.order_line), order.name)

    def test_expired(self):
        expired = self.env["sale.order"].search(
            [("state", "=", "sent"), ("validity_date", "<", "today")]
        )
        self.assertTrue(expired)
