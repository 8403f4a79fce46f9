from psycopg2.errors import CheckViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_quotation import QuotationCase


@tagged("-at_install", "post_install")
class TestDiscountAuthority(QuotationCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_matrix()

    def _floors(self, order):
        return [round(line.price_floor, 2) for line in order.order_line]

    def test_floor_is_a_number(self):
        """The higher one of list price less 5 % and cost over 80 %."""
        order = self._quote((self.pump, 1, None, 0), (self.seal, 1, None, 0))
        self.assertEqual(self._floors(order), [950, 95])
        self.pump.standard_price = 780
        self.env.invalidate_all()
        self.assertEqual(self._floors(order)[0], 975, "780 / 0.8")
        self.assertFalse(order.is_beyond_authority)

    def test_within_authority_is_confirmed(self):
        order = self._quote((self.pump, 1, None, 5), (self.seal, 3, 95, 0))
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_discount_needs_approval(self):
        order = self._quote((self.pump, 1, None, 6))
        self.assertTrue(order.is_beyond_authority)
        self.assertIn("Pump", order.authority_note)
        with self.assertRaisesRegex(UserError, "needs an approval"):
            order.action_confirm()

    def test_every_way_of_giving_a_discount(self):
        """A lower price, another price list, a reduction of the whole: all are discounts."""
        feature = self.env.ref("product.group_product_pricelist")
        self.env.ref("base.group_user").implied_ids += feature
        self.assertTrue(self._quote((self.pump, 1, 940, 0)).is_beyond_authority)
        cheap = self.env["product.pricelist"].create(
            {
                "name": "Friends",
                "item_ids": [Command.create({"compute_price": "percentage", "percent_price": 10})],
            }
        )
        order = self._quote((self.pump, 1, None, 0), pricelist_id=cheap.id)
        self.assertEqual(order.amount_untaxed, 900)
        self.assertTrue(order.is_beyond_authority)
        self.customer.property_product_pricelist = cheap
        self.env.invalidate_all()
        self.assertFalse(order.is_beyond_authority, "now it is the customer's own price")
        reduced = self._quote((self.seal, 10, None, 0))
        wizard = (
            self.env["sale.order.discount"]
            .with_user(self.rep)
            .create(
                {
                    "sale_order_id": reduced.id,
                    "discount_type": "amount",
                    "discount_amount": 60,
                }
            )
        )
        self.assertFalse(reduced.is_beyond_authority)
        wizard.sudo().action_apply_discount()
        self.assertTrue(reduced.is_beyond_authority, "6 % off through the whole")

    def test_another_person_changes_prices(self):
        """Who changed the prices last answers for them."""
        order = self._quote((self.pump, 1, None, 10))
        self.assertEqual(order.price_user_id, self.rep)
        order.with_user(self.lead).order_line.discount = 12
        self.assertEqual(order.price_user_id, self.lead)
        self.assertFalse(order.is_beyond_authority)
        order.with_user(self.rep).order_line.product_uom_qty = 2
        self.assertTrue(order.is_beyond_authority)

    def test_salesperson_cannot_borrow_authority(self):
        order = self._quote((self.pump, 1, None, 10))
        order.with_user(self.colleague).user_id = self.lead
        self.assertTrue(order.is_beyond_authority)
        for vals in ({"price_user_id": self.lead.id}, {"price_user_id": False}):
            with self.assertRaises(AccessError):
                order.write(vals)
            with self.assertRaises(AccessError):
                order.with_context(crm_sales_pricer="crm_approval").write(vals)
        with self.assertRaises(AccessError):
            self._quote((self.pump, 1, None, 10), price_user_id=self.lead.id)
        result = order.load([".id", "price_user_id/.id"], [[str(order.id), str(self.lead.id)]])
        self.assertFalse(result["ids"])

    def test_cost_of_the_line_does_not_help(self):
        self.pump.standard_price = 780
        order = self._quote((self.pump, 1, None, 4))
        order.order_line.purchase_price = 1
        self.assertTrue(order.is_beyond_authority)

    def test_customer_cannot_sign_nor_pay(self):
        order = self._quote((self.pump, 1, None, 10), require_signature=True)
        order.action_quotation_sent()
        self.assertFalse(order._has_to_be_signed())
        order.require_payment = True
        self.assertFalse(order._has_to_be_paid())

    def test_sending_too(self):
        order = self._quote((self.pump, 1, None, 10))
        order.action_quotation_sent()
        self.assertEqual(order.state, "sent")
        self.company.authority_gates_sending = True
        order = self._quote((self.pump, 1, None, 10))
        with self.assertRaises(UserError):
            order.action_quotation_sent()
        with self.assertRaises(UserError):
            order.action_quotation_send()

    def test_who_approves(self):
        """Without a rule, the sales managers whose own authority covers the prices."""
        order = self._quote((self.pump, 1, None, 10))
        request = order._approval_request("confirm")
        self.assertEqual(request.approver_ids, self.lead | self.chief)
        order = self._quote((self.pump, 1, None, 18))
        request = order._approval_request("confirm")
        self.assertEqual(request.approver_ids, self.chief)
        with self.assertRaises(AccessError):
            request.with_user(self.lead).action_approve()
        request.with_user(self.chief).action_approve()
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_request_from_the_web_client(self):
        """The web client names the chosen companies; approvers of other companies do not matter."""
        order = self._quote((self.pump, 1, None, 10))
        order = order.with_context(allowed_company_ids=self.company.ids)
        action = order.action_request_approval()
        self.env["crm.approval.submit"].with_user(self.rep).with_context(
            allowed_company_ids=self.company.ids, **action["context"]
        ).create({}).action_submit()
        self.env.invalidate_all()
        self.assertEqual(order.approval_state, "pending")

    def test_snapshot_shows_price_and_margin(self):
        order = self._quote((self.pump, 2, 900, 0))
        request = order._approval_request("confirm")
        figures = request.sudo().snapshot["figures"]
        self.assertEqual(float(figures["below_floor"]), 100, "2 × (950 − 900)")
        self.assertEqual(float(figures["excess_discount"]), 5)
        self.assertAlmostEqual(float(figures["margin"]), 100 / 3, places=4)
        shown = " ".join(row[1] for row in request.sudo().snapshot["display"])
        self.assertIn("950.00", shown)

    def test_change_after_approval(self):
        order = self._quote((self.pump, 1, None, 10))
        order._approval_request("confirm").with_user(self.lead).action_approve()
        order.order_line.discount = 11
        with self.assertRaises(UserError):
            order.action_confirm()
        order.order_line.discount = 10
        order.action_confirm()

    def test_rule_comes_first(self):
        """A rule of the approvals decides who is asked, also on the figures of the matrix."""
        self.env["crm.approval.rule"].create(
            {
                "name": "More than 5 points beyond",
                "model_id": self.env["ir.model"]._get_id("sale.order"),
                "operation": "confirm",
                "threshold_ids": [
                    Command.create({"figure": "excess_discount", "comparison": ">", "value": 5})
                ],
                "step_ids": [
                    Command.create({"name": "Lead", "user_ids": [Command.set(self.lead.ids)]})
                ],
            }
        )
        request = self._quote((self.pump, 1, None, 20))._approval_request("confirm")
        self.assertEqual(request.approver_ids, self.lead)
        request = self._quote((self.pump, 1, None, 10))._approval_request("confirm")
        self.assertEqual(request.approver_ids, self.lead | self.chief)

    def test_levels_and_categories(self):
        gold = self.env["crm.customer.level"].create({"name": "Gold"})
        self._create_row(0, category_ids=[Command.set(self.pumps.ids)], max_discount=0)
        self._create_row(-1, level_ids=[Command.set(gold.ids)], max_discount=30)
        order = self._quote((self.pump, 1, None, 1), (self.seal, 1, None, 5))
        self.assertEqual(self._floors(order), [1000, 95])
        self.assertTrue(order.is_beyond_authority)
        self.customer.customer_level_id = gold
        self.env.invalidate_all()
        self.assertEqual(self._floors(order), [700, 70])

    def test_foreign_currency_and_unit(self):
        foreign = self.env["res.currency"].create(
            {
                "name": "XQT",
                "symbol": "Q",
                "rounding": 0.01,
                "rate_ids": [
                    Command.create({"name": "2020-01-01", "rate": 2, "company_id": self.company.id})
                ],
            }
        )
        own = self.env["product.pricelist"].create({"name": "Own", "currency_id": foreign.id})
        self.customer.property_product_pricelist = own
        self.pump.standard_price = 900
        order = self._quote((self.pump, 1, None, 0), pricelist_id=own.id)
        dozen = self.env.ref("uom.product_uom_dozen")
        self.assertEqual(order.currency_id, foreign)
        self.assertEqual(self._floors(order), [2250], "900 × 2 / 0.8")
        order.order_line.product_uom_id = dozen
        self.assertEqual(self._floors(order), [27000])

    def test_included_taxes(self):
        tax = self.env["account.tax"].create(
            {
                "name": "Included",
                "amount": 25,
                "price_include_override": "tax_included",
                "type_tax_use": "sale",
            }
        )
        self.seal.taxes_id = tax
        order = self._quote((self.seal, 1, None, 0))
        self.assertEqual(order.amount_untaxed, 80)
        self.assertEqual(self._floors(order), [76])
        self.assertFalse(order.is_beyond_authority)

    def test_no_row_no_limit(self):
        order = self._quote((self.pump, 1, 1, 0), user=self.chief)
        self.assertEqual(self._floors(order), [0])
        order.action_confirm()
        self.env["crm.discount.authority"].search([]).unlink()
        self._quote((self.pump, 1, 1, 0)).action_confirm()

    def test_hidden_row_says_so(self):
        self.assertFalse(self.rep_row.problem)
        general = self._create_row(1, max_discount=10)
        self.env.invalidate_all()
        self.assertEqual(self.rep_row.shadowed_by_id, general)
        self.assertIn("Move this row up", self.rep_row.problem)
        self.assertFalse(self.lead_row.problem)

    def test_bad_input(self):
        with self.assertRaises(ValidationError):
            self._create_row(limits_discount=False, max_discount=5)
        for values in ({"max_discount": 101}, {"max_discount": -1}, {"min_margin": 100}):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self._create_row(**values)
                self.env.flush_all()

    def test_rights(self):
        row = self.rep_row
        for user in (self.rep, self.colleague):
            self.assertEqual(row.with_user(user).max_discount, 5)
            with self.assertRaises(AccessError):
                row.with_user(user).max_discount = 50
            with self.assertRaises(AccessError):
                row.with_user(user).copy()
            with self.assertRaises(AccessError):
                row.with_user(user).unlink()
        row.with_user(self.lead).max_discount = 6
        self.assertFalse(
            self.env["crm.discount.authority"]
            .with_user(self.stranger)
            .search([("id", "=", row.id)])
        )

    def test_large_quotation_costs_no_query_per_line(self):
        def queries(count):
            order = self._quote(*[(self.seal, n + 1, None, 0) for n in range(count)])
            order._authority_verdicts()
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            order.invalidate_recordset(["is_beyond_authority"])
            order.order_line.invalidate_recordset(["price_floor", "is_below_floor"])
            self.assertFalse(order.is_beyond_authority)
            return self.env.cr.sql_log_count - before

        self.assertEqual(queries(40), queries(5))
