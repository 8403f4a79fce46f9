from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.crm_partner.tests.common_deals import HONGTAI, DealCase


@tagged("post_install", "-at_install")
class TestPartnerSales(DealCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls.env["res.config.settings"].create({"group_discount_per_so_line": True}).execute()
        cls.env["crm.approval.rule"].sudo().search([]).active = False
        cls.env["crm.discount.authority"].sudo().search([]).active = False

    # --- named accounts ---

    def _territory(self, customer, state="active"):
        model = (
            self.env["crm.territory.model"]
            .sudo()
            .create(
                {
                    "name": "Accounts",
                    "company_id": self.company.id,
                    "date_from": fields.Date.today(),
                    "territory_ids": [
                        Command.create({"name": "Key", "partner_ids": [Command.set(customer.ids)]})
                    ],
                }
            )
        )
        if state == "active":
            model._activate()
        return model

    def test_named_account_is_in_conflict(self):
        customer = self._create_partner("上海宏泰机械有限公司", vat=HONGTAI["customer_code"])
        self._territory(customer)
        deal = self._register(self.alpha, **HONGTAI)
        self.assertEqual(deal.state, "conflict")
        conflict = deal.conflict_ids
        self.assertEqual((conflict.kind, conflict.customer_id), ("account", customer))

    def test_draft_territories_name_nobody(self):
        customer = self._create_partner("上海宏泰机械有限公司", vat=HONGTAI["customer_code"])
        self._territory(customer, state="draft")
        self.assertEqual(self._register(self.alpha, **HONGTAI).state, "approved")

    # --- discount authority ---

    def _quotation(self):
        return (
            self.env["sale.order"]
            .with_user(self.seller)
            .create(
                {
                    "partner_id": self.alpha.id,
                    "user_id": self.seller.id,
                    "company_id": self.company.id,
                    "order_line": [Command.create({"product_id": self.line_machine.id})],
                }
            )
        )

    def test_registration_discount_needs_no_authority(self):
        self.env["crm.discount.authority"].sudo().create(
            {"company_id": self.company.id, "max_discount": 5}
        )
        self._register(self.alpha, products=[self.line_machine], **HONGTAI)
        order = self._quotation()
        self.assertAlmostEqual(order.amount_untaxed, 368000, places=2)
        self.assertFalse(order.is_beyond_authority, order.authority_note)
        # 5 % of the authority counts from the registered price: 349,600
        order.order_line.price_unit = 349600 / 0.8
        self.assertFalse(order._authority_broken())
        order.order_line.price_unit = 349500 / 0.8
        self.assertTrue(order._authority_broken())
        with self.assertRaisesRegex(UserError, "approval"):
            order.action_confirm()

    def test_without_a_registration_the_same_price_does(self):
        self.env["crm.discount.authority"].sudo().create(
            {"company_id": self.company.id, "max_discount": 5}
        )
        order = self._quotation()
        order.order_line.price_unit = 460000
        self.assertTrue(order._authority_broken())

    # --- routing, clock and pools ---

    def test_partner_led_leads_are_not_routed(self):
        self.env["crm.lead.route.rule"].sudo().create(
            {
                "name": "Everything",
                "company_id": self.company.id,
                "member_ids": [Command.create({"user_id": self.seller.id})],
            }
        )
        leads = self.env["crm.lead"].with_context(default_user_id=False)
        direct = leads.create({"name": "Direct", "company_id": self.company.id, "type": "lead"})
        self.assertEqual(direct.user_id, self.seller)
        deal = self._register(self.alpha, **HONGTAI)
        self.assertFalse(deal.lead_id.user_id)
        self.assertFalse(deal.lead_id.route_log_ids)
        self.assertFalse(deal.lead_id.sla_ids)

    def test_partner_led_leads_fall_into_no_pool(self):
        deal = self._register(self.alpha, **HONGTAI)
        direct = self.env["crm.lead"].create({"name": "Direct"})
        free = self.env["crm.lead"].search(self.env["crm.lead"]._pool_domain())
        self.assertIn(direct, free)
        self.assertNotIn(deal.lead_id, free)
