from datetime import date, datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_partner.tools import unlocked

from .common_deals import HONGTAI, HONGTAI_AGAIN, DealCase

CRON_LOGGER = "odoo.addons.crm_partner.models.crm_deal_protection"


@tagged("post_install", "-at_install")
class TestDealRegistration(DealCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls.alpha.user_id = cls.gamma.user_id = cls.channel
        frozen = freeze_time("2026-03-02 02:00:00")
        frozen.start()
        cls.addClassCleanup(frozen.stop)

    def _cron(self, name):
        with self.enter_registry_test_mode():
            self.env.ref(f"crm_partner.{name}").method_direct_trigger()

    # --- bad input ---

    def test_wrong_code_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "check character"):
            self._register(self.alpha, customer_name="宏泰", customer_code="91310000MA1K3YJQ5X")

    def test_customer_has_to_be_identifiable(self):
        with self.assertRaisesRegex(ValidationError, "told apart"):
            self._register(self.alpha, customer_name="Somebody")
        with self.assertRaisesRegex(ValidationError, "domain"):
            self._register(self.alpha, customer_name="Somebody", customer_domain="not a domain")

    def test_currency_needs_a_rate(self):
        currency = self.env["res.currency"].create({"name": "XQQ", "symbol": "Q"})
        with self.assertRaisesRegex(ValidationError, "exchange rate"):
            self.registrations.create(
                {
                    "partner_id": self.alpha.id,
                    "amount": 1,
                    "currency_id": currency.id,
                    "company_id": self.company.id,
                    **HONGTAI,
                }
            )

    def test_level_without_registrations(self):
        self.authorised.registration_allowed = False
        partner = self._create_partner("Delta", self.authorised)
        with self.assertRaisesRegex(UserError, "do not register"):
            self._register(partner, **HONGTAI)

    def test_rate_limit(self):
        self.company.deal_rate_limit = 3
        for number in range(3):
            self._register(
                self.alpha,
                customer_name=f"Customer {number}",
                customer_domain=f"customer-{number}.example.com",
            )
        with self.assertRaisesRegex(UserError, "Wait a minute"):
            self._register(self.alpha, **HONGTAI)
        self.assertEqual(self.registrations.search_count([("partner_id", "=", self.alpha.id)]), 3)
        with freeze_time("2026-03-02 02:01:01"):
            self.assertEqual(self._register(self.alpha, **HONGTAI).state, "approved")

    # --- conflicts ---

    def _assert_conflict(self, registration, kind, **expected):
        self.assertEqual(registration.state, "conflict")
        self.assertIn(kind, registration.conflict_ids.filtered("certain").mapped("kind"))
        for name, record in expected.items():
            self.assertIn(record, registration.conflict_ids[name])

    def test_code_alone_decides(self):
        first = self._register(self.alpha, **HONGTAI)
        second = self._register(
            self.beta,
            customer_name="HT Machinery",
            customer_code=f" {HONGTAI['customer_code'].lower()} ",
        )
        self._assert_conflict(second, "registration", other_id=first)

    def test_domain_and_similar_name(self):
        first = self._register(
            self.alpha, customer_name="上海宏泰机械有限公司", customer_domain="hongtai.com.cn"
        )
        second = self._register(
            self.beta,
            customer_name="宏泰机械（上海）",
            customer_domain="http://www.hongtai.com.cn/",
        )
        self._assert_conflict(second, "registration", other_id=first)

    def test_same_domain_another_name_is_looked_at(self):
        self._register(
            self.alpha, customer_name="上海宏泰机械有限公司", customer_domain="hongtai.com.cn"
        )
        second = self._register(
            self.beta, customer_name="Northern Lights Ltd", customer_domain="hongtai.com.cn"
        )
        self.assertEqual(second.state, "review")
        self.assertTrue(second.possible_conflict)

    def test_another_customer_is_none(self):
        self._register(self.alpha, **HONGTAI)
        other = self._register(
            self.beta,
            customer_name="苏州精工电子有限公司",
            customer_phone="0512-62881234",
            customer_domain="jinggong.com.cn",
        )
        self.assertEqual(other.state, "approved")
        self.assertFalse(other.conflict_ids)

    def test_own_registration(self):
        first = self._register(self.alpha, **HONGTAI)
        again = self._register(self.alpha, **HONGTAI_AGAIN)
        self.assertEqual(again.state, "conflict")
        self.assertIn(first.name, again.decision_note)

    def test_direct_opportunity_with_a_name_only(self):
        lead = self.env["crm.lead"].create(
            {
                "name": "Direct",
                "type": "opportunity",
                "company_id": self.company.id,
                "partner_name": "宏泰机械（上海）",
                "phone": "+86 21 6888 1234",
                "country_id": self.env.ref("base.cn").id,
            }
        )
        conflict = self._register(self.alpha, **HONGTAI)
        self._assert_conflict(conflict, "lead", lead_id=lead)
        lead.action_set_lost()
        unlocked(conflict)._cancel()
        self.assertEqual(self._register(self.alpha, **HONGTAI).state, "approved")

    def test_direct_opportunity_with_a_contact(self):
        customer = self._create_partner("上海宏泰机械有限公司", phone="021-68881234")
        lead = self.env["crm.lead"].create(
            {"name": "Direct", "type": "opportunity", "partner_id": customer.id}
        )
        self._assert_conflict(self._register(self.alpha, **HONGTAI), "lead", lead_id=lead)

    def test_existing_customer(self):
        customer = self._create_partner("上海宏泰机械有限公司", vat=HONGTAI["customer_code"])
        self._invoice(customer, date(2025, 4, 1), 1000)
        conflict = self._register(self.alpha, **HONGTAI)
        self._assert_conflict(conflict, "customer", customer_id=customer)
        unlocked(conflict)._cancel()
        self.company.deal_customer_months = 6
        self.assertEqual(self._register(self.alpha, **HONGTAI).state, "approved")

    def test_dismissed_conflict(self):
        self._register(self.alpha, **HONGTAI)
        second = self._register(self.beta, **HONGTAI_AGAIN)
        second.conflict_ids.with_user(self.channel).action_dismiss()
        second.with_user(self.channel).action_check_again()
        self.assertEqual(second.state, "review")
        second.with_user(self.channel).action_approve()
        self.assertEqual(second.state, "approved")
        self.assertTrue(second.in_conflict, "the reports count it")

    # --- review ---

    def _reviewed(self, **values):
        return self._register(self.gamma, amount=200000, **{**HONGTAI, **values})

    def test_above_the_limit_somebody_decides(self):
        deal = self._reviewed()
        self.assertEqual(deal.state, "review")
        self.assertEqual(deal.review_deadline, datetime(2026, 3, 4, 2))
        self.assertEqual(deal.activity_ids.user_id, self.channel)
        with self.assertRaises(AccessError):
            deal.with_user(self.seller).action_approve()
        with freeze_time("2026-03-02 08:00:00"):
            deal.with_user(self.channel).action_approve()
        self.assertEqual((deal.state, deal.decision_hours), ("approved", 6.0))
        self.assertEqual(deal.protected_until, date(2026, 5, 1))
        self.assertFalse(deal.activity_ids)

    def test_in_review_it_keeps_others_away(self):
        deal = self._reviewed()
        self._assert_conflict(
            self._register(self.beta, **HONGTAI_AGAIN), "registration", other_id=deal
        )

    def test_refusal_lets_others_in(self):
        deal = self._reviewed()
        wizard = self.env["crm.deal.decision"].with_user(self.channel)
        wizard.create(
            {"registration_ids": deal.ids, "action": "refuse", "reason": "No project known"}
        ).action_confirm()
        self.assertEqual((deal.state, deal.decision_note), ("refused", "No project known"))
        self.assertEqual(self._register(self.beta, **HONGTAI_AGAIN).state, "approved")

    def test_approval_rule(self):
        self.env["crm.approval.rule"].sudo().create(
            {
                "name": "Deals",
                "model_id": self.env["ir.model"]._get("crm.deal.registration").id,
                "operation": "register",
                "step_ids": [
                    Command.create({"name": "Head", "user_ids": self.programme.ids}),
                ],
            }
        )
        deal = self._reviewed()
        request = deal.approval_request_ids
        self.assertEqual(request.state, "pending")
        with self.assertRaisesRegex(UserError, "needs an approval"):
            deal.with_user(self.channel).action_approve()
        request.with_user(self.programme).action_approve()
        self.assertEqual((deal.state, deal.decision), ("approved", "approval"))

    def test_overdue_review_is_escalated(self):
        deal = self._reviewed()
        with freeze_time("2026-03-04 02:30:00"):
            self._cron("ir_cron_deal_reviews")
        self.assertTrue(deal.escalated)
        self.assertIn(self.programme, deal.activity_ids.user_id)

    # --- by hand ---

    def test_states_are_not_written_by_hand(self):
        deal = self._reviewed()
        with self.assertRaisesRegex(UserError, "not by hand"):
            deal.with_user(self.channel).write({"state": "approved"})
        with self.assertRaises(AccessError):
            deal.with_user(self.seller).write({"competitor": "X"})
        deal.with_user(self.channel).action_approve()
        with self.assertRaisesRegex(UserError, "decided"):
            deal.with_user(self.channel).write({"amount": 1})
        with self.assertRaisesRegex(UserError, "Only drafts"):
            deal.with_user(self.channel).unlink()

    def test_products_do_not_move_to_what_was_decided(self):
        decided = self._register(self.alpha, products=[self.line_machine], **HONGTAI)
        self.assertEqual(decided.state, "approved")
        draft = self.registrations.with_user(self.channel).create(
            {
                "partner_id": self.beta.id,
                "company_id": self.company.id,
                "amount": 1000,
                "customer_name": "Other",
                "customer_domain": "other.example.com",
                "line_ids": [Command.create({"product_id": self.pump.id})],
            }
        )
        with self.assertRaisesRegex(UserError, "decided"), self.env.cr.savepoint():
            draft.line_ids.registration_id = decided.id
        self.assertEqual(decided.line_ids.product_id, self.line_machine)

    def test_channel_manager_registers_for_a_partner(self):
        deal = self.registrations.with_user(self.channel).create(
            {
                "partner_id": self.alpha.id,
                "amount": 1000,
                "company_id": self.company.id,
                "state": "approved",
                **HONGTAI,
            }
        )
        self.assertEqual(deal.state, "draft")
        deal.action_submit()
        self.assertEqual(deal.state, "approved")

    def test_other_company_sees_nothing(self):
        deal = self._register(self.alpha, **HONGTAI)
        self.assertFalse(self.registrations.with_user(self.stranger).search([]))
        with self.assertRaises(AccessError):
            deal.with_user(self.stranger).read(["name"])

    def test_direct_sales_sees_no_deals_nor_conflicts(self):
        self._register(self.alpha, **HONGTAI)
        self._register(self.beta, **HONGTAI_AGAIN)
        self.assertFalse(self.registrations.with_user(self.seller).search([]))
        with self.assertRaises(AccessError):
            self.env["crm.deal.conflict"].with_user(self.seller).search([])
        self.assertTrue(self.env["crm.deal.conflict"].with_user(self.channel).search([]))

    # --- ends ---

    def test_release_and_undo(self):
        deal = self._register(self.alpha, **HONGTAI)
        deal.with_user(self.channel).action_release()
        deal.with_user(self.channel).action_reopen()
        self.assertEqual(deal.state, "approved")
        deal.with_user(self.channel).action_release()
        self.assertEqual(self._register(self.beta, **HONGTAI_AGAIN).state, "approved")
        with self.assertRaisesRegex(UserError, "somebody else"):
            deal.with_user(self.channel).action_reopen()

    def test_won_and_lost_with_the_opportunity(self):
        won = self._register(self.alpha, **HONGTAI)
        won.lead_id.action_set_won()
        self.assertEqual((won.state, won.outcome), ("won", "partner"))
        lost = self._register(
            self.alpha, customer_name="苏州精工电子有限公司", customer_domain="jinggong.com.cn"
        )
        lost.lead_id.action_set_lost()
        self.assertEqual(lost.state, "lost")

    def test_partner_reports_the_result(self):
        deal = self._register(self.alpha, **HONGTAI)
        unlocked(deal)._lose("Competitor was cheaper")
        self.assertEqual(deal.lead_id.won_status, "lost")

    def test_reminders_and_take_back(self):
        self.company.write({"deal_progress_days": 45, "deal_reminder_days": 14})
        deal = self._register(self.alpha, **HONGTAI)
        with freeze_time("2026-04-02 02:00:00"):
            self._cron("ir_cron_deal_windows")
        self.assertEqual((deal.state, deal.reminded_on), ("approved", date(2026, 4, 2)))
        with freeze_time("2026-04-16 02:00:00"):
            self._cron("ir_cron_deal_windows")
        self.assertEqual(deal.state, "revoked")

    def test_progress_keeps_it(self):
        deal = self._register(self.alpha, **HONGTAI)
        with freeze_time("2026-04-10 02:00:00"):
            unlocked(deal)._report_progress({"stage": "demo", "note": "Shown on site"})
        with freeze_time("2026-04-20 02:00:00"):
            self._cron("ir_cron_deal_windows")
        self.assertEqual(deal.state, "approved")

    @mute_logger(CRON_LOGGER)
    def test_poisoned_registration_does_not_stop_the_others(self):
        bad = self._register(self.alpha, **HONGTAI)
        good = self._register(
            self.alpha, customer_name="苏州精工电子有限公司", customer_domain="jinggong.com.cn"
        )
        model = self.env.registry["crm.deal.registration"]
        original = model._expire

        def expire(registration):
            if registration.id == bad.id:
                raise ZeroDivisionError
            return original(registration)

        with freeze_time("2026-06-01 02:00:00"), patch.object(model, "_expire", expire):
            self._cron("ir_cron_deal_windows")
        self.assertEqual(good.state, "expired")
        self.assertIn(bad.state, ("approved", "revoked"))

    # --- the board ---

    def test_columns_stand_in_the_order_of_the_process(self):
        board = self.registrations.with_context(read_group_expand=True)
        groups = board.web_read_group([], ["state"], ["__count"])["groups"]
        states = [group["state"] for group in groups]
        self.assertEqual(
            states,
            ["draft", "review", "conflict", "approved", "won", "lost", "refused", "expired"]
            + ["released", "revoked", "cancelled"],
        )

    # --- keys ---

    def test_keys_are_made_anew_when_the_rules_change(self):
        self._register(self.alpha, **HONGTAI)
        self.env["crm.match.ruleset"].search([], limit=1)._changed()
        self._cron("ir_cron_deal_keys")
        self.assertEqual(self._register(self.beta, **HONGTAI_AGAIN).state, "conflict")


@tagged("post_install", "-at_install")
class TestDealPrice(DealCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls.env["res.config.settings"].create({"group_discount_per_so_line": True}).execute()
        frozen = freeze_time("2026-03-02 02:00:00")
        frozen.start()
        cls.addClassCleanup(frozen.stop)
        cls.deal = cls._register(cls.alpha, products=[cls.line_machine], **HONGTAI)

    def test_nobody_borrows_a_registration(self):
        order = self._order(self.beta)
        self.assertFalse(order.deal_registration_id)
        with self.assertRaisesRegex(ValidationError, "not a registered deal"):
            order.deal_registration_id = self.deal
        with self.assertRaisesRegex(ValidationError, "not a registered deal"):
            self._order(self.beta, deal_registration_id=self.deal.id)

    def test_manual_discount_on_top(self):
        order = self._order(self.alpha)
        line = order.order_line
        line.discount = 30
        self.assertAlmostEqual(order.amount_untaxed, 500000 * 0.92 * 0.7, places=2)
        steps = {row["name"]: round(row["change"], 2) for row in order._deal_waterfall_rows()}
        self.assertEqual(steps["registration"], -32000)
        self.assertEqual(steps["manual"], -46000)
        order.action_update_prices()
        self.assertAlmostEqual(order.amount_untaxed, 368000, places=2)

    def test_price_given_with_a_line_stays(self):
        given = {"product_id": self.line_machine.id, "price_unit": 430000}
        order = self._order(self.alpha, order_line=[Command.create(given)])
        self.assertEqual(order.deal_registration_id, self.deal)
        self.assertEqual(order.order_line.price_unit, 430000)
        order.write({"order_line": [Command.create({"product_id": self.pump.id})]})
        self.assertEqual(order.order_line[0].price_unit, 430000)
        direct = self._order(self.outsider, order_line=[Command.create(given)])
        direct.write({"order_line": [Command.create({"product_id": self.pump.id})]})
        self.assertEqual(direct.order_line[0].price_unit, 430000)

    def test_manual_price_stays(self):
        order = self._order(self.alpha)
        order.order_line.price_unit = 430000
        order.order_line.name = "changed"
        self.assertAlmostEqual(order.amount_untaxed, 344000, places=2)
        self.assertIn("manual", [row["name"] for row in order._deal_waterfall_rows()])

    def test_exact_where_two_digits_are_not(self):
        self.gold.default_pricelist_id.item_ids.percent_price = 15
        unlocked(self.deal).registration_discount = 7.5
        order = self._order(self.alpha)
        self.assertAlmostEqual(order.amount_untaxed, 500000 * 0.85 * 0.925, places=2)

    def test_other_products_are_not_discounted(self):
        order = self._order(self.alpha, self.pump, deal_registration_id=self.deal.id)
        self.assertAlmostEqual(order.amount_untaxed, 800, places=2)

    def test_choosing_and_clearing_it(self):
        other = self._register(
            self.alpha,
            products=[self.line_machine],
            customer_name="苏州精工电子有限公司",
            customer_domain="jinggong.com.cn",
        )
        order = self._order(self.alpha)
        self.assertFalse(order.deal_registration_id, "two deals fit: somebody chooses")
        self.assertAlmostEqual(order.amount_untaxed, 400000, places=2)
        order.deal_registration_id = other
        self.assertAlmostEqual(order.amount_untaxed, 368000, places=2)
        order.deal_registration_id = False
        self.assertAlmostEqual(order.amount_untaxed, 400000, places=2)

    def test_expired_gives_none(self):
        order = self._order(self.alpha)
        with freeze_time("2026-06-01 02:00:00"):
            with self.assertRaisesRegex(UserError, "not protected any more"):
                order.action_confirm()
            order.action_update_prices()
            self.assertAlmostEqual(order.amount_untaxed, 400000, places=2)
            order.action_confirm()
            late = self._order(self.alpha)
            self.assertFalse(late.deal_registration_id)
            with self.assertRaisesRegex(UserError, "not protected any more"):
                late.deal_registration_id = self.deal

    def test_confirmed_keeps_its_price_after_the_window(self):
        unlocked(self.deal.line_ids).quantity = 2
        order = self._order(self.alpha)
        order.action_confirm()
        with freeze_time("2026-06-01 02:00:00"):
            order.order_line.product_uom_qty = 2
            self.assertAlmostEqual(order.amount_untaxed, 736000, places=2)
            with self.assertRaisesRegex(UserError, "confirmed"):
                order.deal_registration_id = False

    # --- the registered quantity: list 500,000, the level's price 400,000, registered 368,000 ---

    def _ordered(self, *quantities, **values):
        lines = [
            Command.create({"product_id": self.line_machine.id, "product_uom_qty": quantity})
            for quantity in quantities
        ]
        return self._order(
            self.alpha, order_line=lines, deal_registration_id=self.deal.id, **values
        )

    def _prices(self, order):
        return [round(line.price_subtotal / line.product_uom_qty) for line in order.order_line]

    def test_no_more_than_the_registered_quantity(self):
        unlocked(self.deal.line_ids).quantity = 10
        first = self._ordered(4)
        self.assertEqual(self._prices(first), [368000])
        self.assertFalse(first.deal_notice)
        first.action_confirm()
        line = self.deal.line_ids
        self.assertEqual((line.quantity_taken, line.quantity_left), (4, 6))
        # a line that goes beyond it has the plain price of the level, and says so
        second = self._ordered(8)
        self.assertEqual(self._prices(second), [400000])
        self.assertIn("6 of 10 are left", second.deal_notice)
        self.assertNotIn("registration", [row["name"] for row in second._deal_waterfall_rows()])
        self.assertIn("left at the registered price", str(second.deal_waterfall))
        second.order_line.product_uom_qty = 6
        self.assertEqual(self._prices(second), [368000])
        self.assertFalse(second.deal_notice)
        more = {"product_id": self.line_machine.id, "product_uom_qty": 2}
        second.write({"order_line": [Command.create(more)]})
        self.assertEqual(self._prices(second), [368000, 400000])
        self.assertTrue(second.deal_notice)
        second.action_confirm()
        self.assertEqual(self._prices(second), [368000, 400000])
        line.invalidate_recordset()
        self.assertEqual((line.quantity_taken, line.quantity_left), (10, 0))
        self.assertEqual(self._prices(self._ordered(1)), [400000])
        second._action_cancel()
        self.assertEqual(self._prices(self._ordered(6)), [368000])

    def test_units_are_counted_as_the_product_is(self):
        unlocked(self.deal.line_ids).quantity = 10
        order = self._ordered(1)
        order.order_line.product_uom_id = self.env.ref("uom.product_uom_dozen")
        self.assertIn("12 are ordered", order.deal_notice)
        self.assertEqual(order.order_line.deal_discount, 0)
        unlocked(self.deal.line_ids).quantity = 12
        order.action_update_prices()
        self.assertEqual(order.order_line.deal_discount, 8)

    def test_two_quotations_do_not_take_it_twice(self):
        unlocked(self.deal.line_ids).quantity = 10
        orders = self._ordered(6) | self._ordered(6)
        self.assertEqual([self._prices(order) for order in orders], [[368000], [368000]])
        at_once = "registered with 10 of Line M5"
        with self.assertRaisesRegex(UserError, at_once), self.env.cr.savepoint():
            orders.action_confirm()
        first, second = orders
        first.action_confirm()
        later = "would take 12 at its price"
        with self.assertRaisesRegex(UserError, later), self.env.cr.savepoint():
            second.action_confirm()
        second.action_update_prices()
        self.assertEqual(self._prices(second), [400000])
        second.action_confirm()

    def test_confirmed_order_does_not_grow_beyond_it(self):
        unlocked(self.deal.line_ids).quantity = 10
        order = self._ordered(6)
        order.action_confirm()
        order.order_line.product_uom_qty = 11
        self.assertEqual(self._prices(order), [400000])
        order.order_line.product_uom_qty = 9
        self.assertEqual(self._prices(order), [368000])
        # an invoiced line keeps its price: it cannot take more
        order._create_invoices().action_post()
        with self.assertRaisesRegex(UserError, "would take 11"):
            order.order_line.product_uom_qty = 11

    # --- without products: up to the registered amount, 500,000 at list prices ---

    def _amount_deal(self, amount):
        deal = unlocked(self.deal)
        deal.line_ids.unlink()
        deal.amount = amount
        return deal

    def test_without_products_up_to_the_amount(self):
        deal = self._amount_deal(1500000)
        first = self._ordered(1)
        self.assertEqual(self._prices(first), [368000])
        self.assertFalse(first.deal_notice)
        self.assertEqual(first.order_line.deal_list_amount, 500000)
        first.action_confirm()
        self.assertEqual((deal.amount_taken, deal.amount_left), (500000, 1000000))
        second = self._ordered(3)
        self.assertEqual(self._prices(second), [400000])
        for said in ("1,000,000", "1,500,000", "Without its discount: Line M5"):
            self.assertIn(said, second.deal_notice)
        self.assertIn("left at the registered price", str(second.deal_waterfall))
        second.order_line.product_uom_qty = 2
        self.assertEqual(self._prices(second), [368000])
        # any product counts, and the lines further up come first
        more = {"product_id": self.pump.id, "product_uom_qty": 1}
        second.write({"order_line": [Command.create(more)]})
        self.assertEqual(second.order_line[1].deal_discount, 0)
        self.assertIn(self.pump.name, second.deal_notice)
        second.action_confirm()
        deal.invalidate_recordset()
        self.assertEqual((deal.amount_taken, deal.amount_left), (1500000, 0))
        self.assertEqual(self._prices(self._ordered(1)), [400000])
        second._action_cancel()
        self.assertEqual(self._prices(self._ordered(2)), [368000])

    def test_two_quotations_do_not_take_the_amount_twice(self):
        self._amount_deal(1500000)
        first, second = self._ordered(2), self._ordered(2)
        first.action_confirm()
        with self.assertRaisesRegex(UserError, "would take .*2,000,000"), self.env.cr.savepoint():
            second.action_confirm()
        second.action_update_prices()
        self.assertEqual(self._prices(second), [400000])
        second.action_confirm()

    def test_what_was_taken_stays_when_list_prices_rise(self):
        deal = self._amount_deal(1000000)
        order = self._ordered(1)
        order.action_confirm()
        self.line_machine.lst_price = 900000
        deal.invalidate_recordset()
        self.assertEqual(deal.amount_left, 500000)
        with self.assertRaisesRegex(UserError, "register the additional amount"):
            order._create_invoices().action_post()
            order.order_line.product_uom_qty = 2

    def test_only_lines_of_registered_deals_are_filled_when_the_column_is_new(self):
        self._amount_deal(500000)
        registered = self._ordered(1).order_line
        other = registered.copy({"order_id": registered.order_id.copy().id})
        self.assertFalse(other.deal_discount)
        self.env.flush_all()
        self.env.cr.execute("ALTER TABLE sale_order_line DROP COLUMN deal_list_amount")
        queue = []
        with patch.object(self.env.registry, "post_init", lambda call, *_args: queue.append(call)):
            self.env["sale.order.line"]._auto_init()
        self.env.invalidate_all()
        self.env.cr.execute("SELECT COUNT(deal_list_amount) FROM sale_order_line")
        self.assertEqual(self.env.cr.fetchone(), (0,))
        [fill] = [call for call in queue if call.__name__ == "_deal_fill_list_amounts"]
        fill()
        self.assertEqual(registered.deal_list_amount, 500000)
        self.env.flush_all()
        self.env.cr.execute("SELECT COUNT(deal_list_amount) FROM sale_order_line")
        self.assertEqual(self.env.cr.fetchone(), (1,))

    def test_taxes_in_the_list_price_are_no_part_of_the_amount(self):
        self._amount_deal(500000)
        included = self.tax_13.copy({"name": "13 incl", "price_include_override": "tax_included"})
        self.line_machine.write({"taxes_id": included.ids, "lst_price": 565000})
        order = self._ordered(1)
        self.assertEqual(order.order_line.deal_list_amount, 500000)
        self.assertEqual(self._prices(order), [368000])

    def test_other_currencies_count_in_that_of_the_deal(self):
        deal = self._amount_deal(500000)
        euro = self.env.ref("base.EUR")
        euro.active = True
        rate = {"name": "2026-01-01", "rate": 0.125, "company_id": self.company.id}
        euro.rate_ids = [Command.clear(), Command.create(rate)]
        deal.currency_id = euro
        self.assertEqual(self._ordered(8).order_line.deal_list_amount, 500000)
        self.assertEqual(self._prices(self._ordered(8)), [368000])
        self.assertEqual(self._prices(self._ordered(9)), [400000])

    def test_the_programme_decides_how_far(self):
        self._amount_deal(480000)
        self.assertEqual(self._prices(self._ordered(1)), [400000])
        self.company.deal_amount_tolerance = 5
        self.assertEqual(self._prices(self._ordered(1)), [368000])
        self.company.deal_amount_cap = False
        order = self._ordered(50)
        self.assertEqual(self._prices(order), [368000])
        order.action_confirm()
        self.assertFalse(order.deal_notice)

    def test_cancelled_order_opens_the_deal_again(self):
        order = self._order(self.alpha)
        order.action_confirm()
        self.assertEqual(self.deal.state, "won")
        order._action_cancel()
        self.assertEqual(self.deal.state, "approved")

    def test_cancelled_direct_order_takes_back_the_fee(self):
        customer = self._create_partner("上海宏泰机械有限公司", vat=HONGTAI["customer_code"])
        order = self._order(customer)
        order.action_confirm()
        bill = self.deal.referral_bill_id
        self.assertTrue(bill)
        order._action_cancel()
        self.assertEqual((bill.state, self.deal.state), ("cancel", "approved"))

    def test_sellers_quote_without_rights_on_deals(self):
        order = (
            self.env["sale.order"]
            .with_user(self.seller)
            .create(
                {
                    "partner_id": self.alpha.id,
                    "company_id": self.company.id,
                    "order_line": [Command.create({"product_id": self.line_machine.id})],
                }
            )
        )
        self.assertAlmostEqual(order.amount_untaxed, 368000, places=2)
        self.assertIn("368,000", str(order.deal_waterfall))

    def test_forged_link_of_an_opportunity(self):
        lead = self.env["crm.lead"].with_user(self.seller)
        with self.assertRaisesRegex(UserError, "approval only"):
            lead.create({"name": "X", "deal_registration_id": self.deal.id})

    def test_warned_salesperson(self):
        lead = (
            self.env["crm.lead"]
            .with_user(self.seller)
            .create(
                {
                    "name": "X",
                    "type": "opportunity",
                    "partner_name": "HT",
                    "phone": "1",
                    "website": HONGTAI["customer_domain"],
                }
            )
        )
        self.assertFalse(lead.deal_guard_id, "the domain alone is not enough")
        lead.write({"partner_name": "上海宏泰机械"})
        self.assertEqual(lead.sudo().deal_guard_id, self.deal)
        lead.write({"partner_name": "Northern Lights", "website": "northern.example.com"})
        self.assertFalse(lead.sudo().deal_guard_id)
