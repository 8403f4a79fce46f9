from odoo import Command
from odoo.tests import tagged

from odoo.addons.crm_customer.tests.common_360 import Customer360Case


@tagged("post_install", "-at_install")
class TestStockTimeline(Customer360Case):
    """What was delivered and what came back are kinds of the timeline."""

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("stock.group_stock_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls.pump = cls._create_product(
            name="Pump", type="consu", is_storable=True, lst_price=100.0, taxes_id=False
        )
        warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)], limit=1
        )
        cls.env["stock.quant"]._update_available_quantity(cls.pump, warehouse.lot_stock_id, 10)
        cls.order = cls.env["sale.order"].create(
            {
                "partner_id": cls.chen.id,
                "user_id": cls.li.id,
                "order_line": [Command.create({"product_id": cls.pump.id, "product_uom_qty": 2})],
            }
        )
        cls.order.action_confirm()
        cls.delivery = cls.order.picking_ids

    def validate(self, picking, days):
        picking.move_ids.write({"picked": True})
        picking.button_validate()
        picking.date_done = self.moment(days)

    def give_back(self):
        wizard = self.env["stock.return.picking"].create({"picking_id": self.delivery.id})
        wizard.product_return_moves.quantity = 1
        return wizard._create_return()

    def transfers(self, user=None):
        return self.timeline(user, kinds=["delivery", "return"])["rows"]

    def test_delivery_and_return(self):
        self.assertFalse(self.transfers())
        self.validate(self.delivery, 5)
        back = self.give_back()
        self.assertEqual([row["kind"] for row in self.transfers()], ["delivery"])
        self.validate(back, 2)
        rows = self.transfers()
        self.assertEqual([row["kind"] for row in rows], ["return", "delivery"])
        self.assertEqual([row["open_id"] for row in rows], [back.id, self.delivery.id])
        self.assertEqual(rows[1]["title"], self.delivery.name)
        self.assertEqual(rows[1]["contact_name"], "Chen Fang")

    def test_mails_on_a_delivery_belong_to_the_customer(self):
        elsewhere = self.env["res.partner"].create({"name": "Carrier"})
        self._mail(self.delivery, 1, author=elsewhere)
        [row] = self.timeline(kinds=["mail"])["rows"]
        self.assertEqual((row["open_model"], row["open_id"]), ("stock.picking", self.delivery.id))

    def test_rights(self):
        self.validate(self.delivery, 5)
        self.assertTrue(self.transfers(self.li))
        self.assertFalse(self.transfers(self.reader))
        self.assertFalse(self.transfers(self.stranger))
