from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_quotation import QuotationCase


@tagged("-at_install", "post_install")
class TestQuotationVersion(QuotationCase):
    def setUp(self):
        super().setUp()
        self.order = self._quote((self.pump, 2, 1000, 0), (self.seal, 10, 100, 0))

    def _content(self, order):
        return [
            (line.product_id, line.product_uom_qty, line.price_unit, line.discount, line.name)
            for line in order.order_line
        ]

    def test_kept_when_sent_and_confirmed(self):
        self.order.action_quotation_sent()
        self.assertEqual(self.order.version_ids.mapped("number"), [1])
        self.order.action_confirm()
        self.assertEqual(self.order.version_ids.mapped("number"), [1], "nothing has changed")
        other = self._quote((self.pump, 1, None, 0))
        other.action_confirm()
        self.assertEqual(other.version_ids.event, "sale")

    def test_kept_when_sent_again(self):
        sender = self.order.with_context(mark_so_as_sent=True)
        sender.message_post(body="first")
        self.order.order_line[0].discount = 3
        sender.message_post(body="second")
        sender.message_post(body="third, the same")
        versions = self.order.version_ids.sorted("number", reverse=True)
        self.assertEqual(versions.mapped("number"), [2, 1])
        self.assertEqual(versions.mapped("amount_untaxed"), [2940, 3000])
        self.assertEqual(versions.mapped("event"), ["sent", "sent"])

    def test_by_hand_only_when_changed(self):
        self.order.action_take_version()
        with self.assertRaisesRegex(UserError, "Nothing has changed"):
            self.order.action_take_version()

    def test_restore(self):
        before = self._content(self.order)
        self.order.action_take_version()
        self.order.write(
            {
                "order_line": [
                    Command.update(self.order.order_line[0].id, {"price_unit": 900, "name": "X"}),
                    Command.delete(self.order.order_line[1].id),
                    Command.create({"product_id": self.seal.id, "product_uom_qty": 99}),
                    Command.create({"display_type": "line_note", "name": "A note"}),
                ]
            }
        )
        changed = self._content(self.order)
        first = self.order.version_ids
        first.action_restore()
        self.assertEqual(self._content(self.order), before)
        self.assertEqual(self.order.amount_untaxed, 3000)
        versions = self.order.version_ids.sorted("number")
        self.assertEqual(versions.mapped("event"), ["manual", "restore"])
        versions[-1].action_restore()
        self.assertEqual(self._content(self.order), changed, "going back can be undone")

    def test_restore_only_quotations(self):
        self.order.action_take_version()
        self.order.action_confirm()
        with self.assertRaisesRegex(UserError, "no quotation any more"):
            self.order.version_ids.sorted("number")[0].action_restore()

    def test_restored_prices_are_answered_for(self):
        self._create_matrix()
        self.order.with_user(self.chief).order_line[0].discount = 10
        self.assertFalse(self.order.is_beyond_authority)
        self.order._version_take("manual")
        self.order.with_user(self.rep).order_line[0].discount = 0
        self.order.version_ids.with_user(self.rep).action_restore()
        self.assertTrue(self.order.is_beyond_authority)

    def test_comparison(self):
        self.order.action_take_version()
        self.order.write(
            {
                "order_line": [
                    Command.update(self.order.order_line[0].id, {"price_unit": 900}),
                    Command.delete(self.order.order_line[1].id),
                    Command.create({"product_id": self.seal.id, "product_uom_qty": 5}),
                ]
            }
        )
        action = self.order.action_compare_versions()
        wizard = self.env["crm.quotation.comparison"].with_context(**action["context"]).create({})
        rows = wizard._prepare_comparison()["rows"]
        self.assertEqual(
            [(row["change"], row["delta"]) for row in rows],
            [("changed", -200), ("added", 500), ("removed", -1000)],
        )
        self.assertEqual(rows[0]["differing"], {"price_unit", "price_subtotal"})
        self.assertIn("table-success", str(wizard.comparison))
        wizard.right_id = wizard.left_id
        self.assertIn("The lines are the same", str(wizard.comparison))

    def test_rights(self):
        self.order.action_take_version()
        version = self.order.version_ids
        for user in (self.rep, self.colleague, self.lead):
            mine = version.with_user(user)
            self.assertEqual(mine.amount_untaxed, 3000)
            with self.assertRaises(AccessError):
                mine.write({"amount_untaxed": 1})
            with self.assertRaises(AccessError):
                mine.unlink()
            with self.assertRaises(AccessError):
                mine.line_ids.write({"price_unit": 1})
        outsider = self._create_user("outsider", "sales_team.group_sale_salesman")
        for user in (outsider, self.stranger):
            found = self.env["crm.quotation.version"].with_user(user).search([])
            self.assertNotIn(version, found)
            with self.assertRaises(AccessError):
                version.with_user(user).action_restore()
        with self.assertRaises(AccessError):
            self.order.with_user(outsider).action_take_version()
