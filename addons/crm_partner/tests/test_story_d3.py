"""D3: conflict, protection, price and referral fee of a registered deal, to the letter."""

from datetime import date
from functools import partial

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.crm_approval.tests.common_parallel import ParallelCase
from odoo.addons.crm_partner.tools import unlocked

from .common_deals import HONGTAI, HONGTAI_AGAIN, DealCase, remove_deals


@tagged("post_install", "-at_install")
class TestStoryD3(DealCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_portal_users()
        cls.env["res.config.settings"].create({"group_discount_per_so_line": True}).execute()
        with freeze_time("2026-03-02 02:00:00"):  # 10:00 in Shanghai
            cls.first = cls._register(
                cls.alpha, user=cls.alpha_sales, products=[cls.line_machine], **HONGTAI
            )

    def _again(self):
        return self._register(self.beta, user=self.beta_admin, **HONGTAI_AGAIN)

    def test_approved_at_once_and_protected(self):
        self.assertEqual(self.first.state, "approved")
        self.assertEqual(self.first.decision, "auto")
        self.assertEqual(self.first.protected_until, date(2026, 5, 31))
        self.assertEqual(self.first.lead_id.expected_revenue, 500000)
        self.assertEqual(self.first.lead_id.channel_partner_id, self.alpha)

    def test_second_partner_is_in_conflict(self):
        with freeze_time("2026-03-02 02:00:05"):
            second = self._again()
        self.assertEqual(second.state, "conflict")
        self.assertTrue(second.in_conflict)
        self.assertEqual(second.conflict_ids.other_id, self.first)
        self.assertFalse(second.lead_id)
        told = second.decision_note + "".join(second.message_ids.mapped("body"))
        for secret in ("Alpha", "500", self.first.name, HONGTAI["customer_name"]):
            self.assertNotIn(secret, told)
        with self.assertRaises(AccessError):
            self.first.with_user(self.beta_admin).read(["amount"])

    def test_extension_once(self):
        with freeze_time("2026-05-20 02:00:00"):
            first = unlocked(self.first)
            with self.assertRaisesRegex(UserError, "progress"):
                first._request_extension("The tender moved")
            first._report_progress({"stage": "offer", "note": "They have our offer."})
            first._request_extension("The tender moved")
            self.first.with_user(self.env.user).action_grant_extension()
            self.assertEqual(self.first.protected_until, date(2026, 6, 30))
            with self.assertRaisesRegex(UserError, "once"):
                first._request_extension("Once more")

    def test_after_expiry_the_other_one_gets_it(self):
        self.test_extension_once()
        with freeze_time("2026-06-30 02:00:00"):
            self.assertEqual(self._again().state, "conflict")
        with freeze_time("2026-07-01 02:00:00"):
            again = self._again()
            self.assertEqual((again.state, again.decision), ("approved", "auto"))
            with self.enter_registry_test_mode():
                self.env.ref("crm_partner.ir_cron_deal_windows").method_direct_trigger()
        self.assertEqual(self.first.state, "expired")

    def test_price_of_the_order(self):
        with freeze_time("2026-03-20 02:00:00"):
            order = self._order(self.alpha)
            self.assertEqual(order.deal_registration_id, self.first)
            self._assert_amounts(order)
            steps = {row["name"]: row["remains"] for row in order._deal_waterfall_rows()}
            self.assertEqual(
                steps, {"list": 500000, "tier": 400000, "registration": 368000, "net": 368000}
            )
            order.action_update_prices()
            self._assert_amounts(order)
            order.action_confirm()
        self.assertEqual((self.first.state, self.first.outcome), ("won", "partner"))
        self.assertEqual(self.first.lead_id.won_status, "won")

    def _assert_amounts(self, order):
        self.assertAlmostEqual(order.amount_untaxed, 368000.00, places=2)
        self.assertAlmostEqual(order.amount_tax, 47840.00, places=2)
        self.assertAlmostEqual(order.amount_total, 415840.00, places=2)

    def test_price_without_the_discount_column(self):
        self.env["res.config.settings"].create({"group_discount_per_so_line": False}).execute()
        with freeze_time("2026-03-20 02:00:00"):
            self._assert_amounts(self._order(self.alpha))

    def test_referral_fee(self):
        self.company.deal_referral_account_id = self._account("6601")
        self.company.deal_referral_tax_id = self._sale_tax(6, "purchase")
        customer = self._create_partner(
            "上海宏泰机械有限公司", vat="91310000MA1K3YJQ5L", phone="021-68881234"
        )
        with freeze_time("2026-04-10 02:00:00"):
            self._order(customer).action_confirm()
            bill = self.first.referral_bill_id
            self.assertEqual(bill.state, "draft")
            bill.action_post()
        self.assertEqual((self.first.state, self.first.outcome), ("won", "direct"))
        self.assertEqual(bill.partner_id, self.alpha)
        booked = {line.account_id.code[:4]: (line.debit, line.credit) for line in bill.line_ids}
        self.assertEqual(
            booked, {"6601": (25000.0, 0.0), "2221": (1500.0, 0.0), "2202": (0.0, 26500.0)}
        )

    def test_direct_sales_is_blocked(self):
        self.company.deal_direct_policy = "block"
        self._create_people()
        with freeze_time("2026-04-10 02:00:00"), self.assertRaisesRegex(UserError, "registered"):
            self._direct_opportunity()

    def test_direct_sales_becomes_partner_led(self):
        self.company.deal_direct_policy = "partner"
        self._create_people()
        with freeze_time("2026-04-10 02:00:00"):
            lead = self._direct_opportunity().sudo()
        self.assertEqual(lead.channel_partner_id, self.alpha)
        self.assertEqual(lead.deal_registration_id, self.first)

    def _direct_opportunity(self):
        return (
            self.env["crm.lead"]
            .with_user(self.seller)
            .create(
                {
                    "name": "Pumps",
                    "type": "opportunity",
                    "partner_name": "宏泰机械",
                    "phone": "021 6888 1234",
                }
            )
        )


@tagged("post_install", "-at_install")
class TestStoryD3Parallel(ParallelCase):
    """Fifty partners register the same customer at the same moment."""

    PARTNERS = 50
    context = {"tracking_disable": True}

    def _build(self, env):
        level = env["res.partner.grade"].create(
            {"name": "Parallel", "registration_auto_limit": 600000, "protection_days": 90}
        )
        self.remove_at_end(level)
        partners = env["res.partner"].create(
            [
                {"name": f"Parallel {n}", "is_company": True, "grade_id": level.id}
                for n in range(self.PARTNERS)
            ]
        )
        self.remove_at_end(partners)
        # one account registers for all of them here
        self.change_until_end(env.company, deal_rate_limit=0)
        self.at_end(remove_deals, partners.ids)
        self.partners = partners.ids

    @staticmethod
    def _register(partner_id, env):
        partner = env["res.partner"].browse(partner_id)
        values = {"amount": 500000, **HONGTAI}
        return env["crm.deal.registration"]._register_deal(partner, values).state

    def test_fifty_at_once(self):
        results = self.together(
            [partial(self._register, partner_id) for partner_id in self.partners], retry=True
        )
        self.assertEqual(results.count("approved"), 1, results)
        self.assertEqual(results.count("conflict"), self.PARTNERS - 1, results)
        with self.transaction() as env:
            stored = env["crm.deal.registration"].search([("partner_id", "in", self.partners)])
            self.assertEqual(len(stored.filtered(lambda row: row.state == "approved")), 1)
            self.assertEqual(len(stored), self.PARTNERS)
