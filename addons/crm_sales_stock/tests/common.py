from odoo import Command
from odoo.tests import Form

from odoo.addons.crm_sales.tests.common import CommissionCase
from odoo.addons.crm_subledger.tests.common import day


class DealCase(CommissionCase):
    """Story D1: 100 pumps P1 at 7,500 in stock, and an order of ten less 5 %."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stock_account = cls._account("1405")
        cls.revenue = cls._account("6001")
        cls.cost_of_sales = cls._account("6401")
        cls.pumps = cls.env["product.category"].create(
            {
                "name": "Pumps",
                "property_cost_method": "average",
                "property_valuation": "real_time",
                "property_stock_valuation_account_id": cls.stock_account.id,
            }
        )
        cls.pump = cls._create_product(
            name="P1",
            is_storable=True,
            categ_id=cls.pumps.id,
            lst_price=12000.0,
            standard_price=7500.0,
            taxes_id=cls.tax_13,
            invoice_policy="delivery",
            property_account_income_id=cls.revenue,
            property_account_expense_id=cls.cost_of_sales,
        )
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)], limit=1
        )
        cls._receive(cls.pump, 100)

    @classmethod
    def _receive(cls, product, quantity):
        cls.env["stock.quant"].with_context(inventory_mode=True).create(
            {
                "product_id": product.id,
                "location_id": cls.warehouse.lot_stock_id.id,
                "inventory_quantity": quantity,
            }
        ).action_apply_inventory()

    @classmethod
    def _earn_before(cls, amount):
        """Credit ``amount`` to Li with another deal, so that the scale does not start at zero."""
        order = cls._create_order(amount, date="2026-01-02")
        cls._pay(cls._invoice(order, date="2026-01-03"), date="2026-01-04")
        return order

    @classmethod
    def _sell_pumps(cls):
        """Return the confirmed order over ten pumps less 5 %, with presales Wang."""
        order = cls.env["sale.order"].create(
            {
                "partner_id": cls.customer.id,
                "user_id": cls.li.id,
                "team_id": cls.north.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": cls.pump.id,
                            "product_uom_qty": 10,
                            "price_unit": 12000,
                            "discount": 5,
                            "tax_ids": [Command.set(cls.tax_13.ids)],
                        }
                    )
                ],
                "participant_ids": [
                    Command.create({"user_id": cls.wang.id, "role": "overlay"}),
                ],
            }
        )
        order.action_confirm()
        order.date_order = "2026-01-05 02:00:00"
        return order

    @classmethod
    def _deliver(cls, order):
        picking = order.picking_ids.filtered(lambda p: p.state not in ("done", "cancel"))
        picking.move_ids.quantity = 10
        picking.move_ids.picked = True
        picking.button_validate()
        return picking

    @classmethod
    def _return(cls, picking, quantity):
        wizard = Form(
            cls.env["stock.return.picking"].with_context(
                active_ids=picking.ids, active_id=picking.id, active_model="stock.picking"
            )
        ).save()
        wizard.product_return_moves.quantity = quantity
        back = wizard._create_return()
        back.move_ids.quantity = quantity
        back.move_ids.picked = True
        back.button_validate()
        return back

    def _stock(self):
        """Return quantity on hand and value of the pump."""
        product = self.pump.with_company(self.company)
        product.invalidate_recordset()
        return product.qty_available, round(product.total_value, 2)


__all__ = ["DealCase", "day"]
