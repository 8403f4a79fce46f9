from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_diversion import DiversionCase

SERIALS = "/my/partner/serials"


@tagged("post_install", "-at_install")
class TestDiversion(DiversionCase):
    # --- verdict ---

    def test_inside_raises_nothing(self):
        for lot, state in (
            (self.lot_a1, self.shanghai),
            (self.lot_a2, self.zhejiang),
            (self.lot_g1, self.guangdong),
        ):
            seen = self._see(lot, state)
            self.assertEqual(seen.result, "inside", seen.reason)
        self.assertFalse(self._cases())

    def test_outside_raises_a_case(self):
        seen = self._see(self.lot_a1, self.guangdong, "Shenzhen", end_customer="Bay Trading")
        case = self._cases()
        self.assertRecordValues(
            seen, [{"result": "outside", "partner_id": self.alpha.id, "case_id": case.id}]
        )
        self.assertRecordValues(
            case,
            [
                {
                    "state": "open",
                    "partner_id": self.alpha.id,
                    "lot_id": self.lot_a1.id,
                    "user_id": self.channel.id,
                    "company_id": self.company.id,
                    "sighting_count": 1,
                    "first_seen": fields.Date.to_date("2026-05-05"),
                    "delivery_date": fields.Date.to_date("2026-03-02"),
                }
            ],
        )
        self.assertIn("Shenzhen", case.place)
        self.assertTrue(case.sale_order_id)
        self.assertEqual(case.activity_ids.user_id, self.channel)
        self.assertTrue(case.name.startswith("DIV/"))

    def test_partner_without_a_channel_manager(self):
        """The case is there, and nobody's: the salesperson is none, or looks after no partners."""
        self.alpha.user_id = False
        self.assertFalse(self._see(self.lot_a1, self.guangdong).case_id.user_id)
        self.alpha.user_id = self.seller
        self.assertFalse(self._see(self.lot_a2, self.guangdong).case_id.user_id)

    def test_same_number_never_makes_a_second_case(self):
        first = self._see(self.lot_a1, self.guangdong)
        second = self._see(self.lot_a1, self.guangdong, "Canton")
        self.assertEqual(self._cases(), first.case_id)
        self.assertEqual(second.case_id, first.case_id)
        self.assertEqual(first.case_id.sighting_count, 2)
        (first | second).action_judge()
        self.assertEqual(len(self._cases()), 1)

    def test_ordinary_customers_have_no_territory(self):
        lot = self._deliver(self.outsider, "SN-O1")
        seen = self._see(lot, self.guangdong)
        self.assertEqual(seen.result, "inside")
        self.assertIn("no territory", seen.reason)

    def test_not_delivered_yet(self):
        self.assertEqual(self._see(self._lot("SN-X"), self.shanghai).result, "unknown")
        early = self._see(self.lot_a1, self.guangdong, date="2026-03-01")
        self.assertEqual(early.result, "unknown")
        self.assertFalse(self._cases())

    def test_unknown_province_accuses_nobody(self):
        seen = self._see(self.lot_a1, self.env["res.country.state"])
        self.assertEqual(seen.result, "unknown")
        self.assertIn("province", seen.reason)
        seen.state_id = self.guangdong
        self.assertEqual(seen.result, "outside")

    def test_other_country(self):
        seen = self._see(
            self.lot_a1, self.env["res.country.state"], country_id=self.env.ref("base.sg").id
        )
        self.assertEqual(seen.result, "outside", "a country without provinces is known enough")

    def test_returned_and_sold_to_another(self):
        self._return(self.lot_a1)
        self._deliver(self.beta, None, lot=self.lot_a1, date="2026-04-20 08:00:00")
        self.assertEqual(self._see(self.lot_a1, self.guangdong).result, "inside")
        # before it came back, it was alpha's
        before = self._see(self.lot_a1, self.guangdong, date="2026-03-15")
        self.assertEqual((before.result, before.partner_id), ("outside", self.alpha))
        between = self._see(self.lot_a1, self.guangdong, date="2026-04-10")
        self.assertEqual(between.result, "unknown")

    def test_lot_shared_by_partners(self):
        paint = self._create_product(
            name="Paint", type="consu", is_storable=True, tracking="lot", taxes_id=self.tax_13
        )
        lot = self._lot("BATCH-7", paint)
        self._deliver(self.alpha, None, lot=lot, quantity=5)
        self._deliver(self.beta, None, lot=lot, quantity=5)
        self.assertEqual(self._see(lot, self.guangdong).result, "inside")
        fujian = self.env.ref("base.state_cn_FJ")
        self.assertEqual(self._see(lot, fujian).result, "several")
        self.assertFalse(self._cases())

    def test_delivered_straight_to_the_site_of_an_end_customer(self):
        """Who ordered counts, not whose address the goods went to."""
        site = self._create_partner("Site")
        lot = self._lot("SN-SITE")
        self._stock(self.machine, 1, lot)
        order = self._order(self.alpha, self.machine, partner_shipping_id=site.id)
        order.picking_ids.move_ids.move_line_ids.lot_id = lot
        order.picking_ids.move_ids.picked = True
        order.picking_ids.button_validate()
        seen = self._see(lot, self.guangdong, date=fields.Date.today())
        self.assertEqual(seen.partner_id, self.alpha)

    def test_excuse(self):
        with patch.object(
            self.env.registry["crm.lot.sighting"],
            "_diversion_excuse",
            lambda seen, partner: "Registered deal D-1.",
        ):
            seen = self._see(self.lot_a1, self.guangdong)
        self.assertRecordValues(
            seen, [{"result": "excused", "reason": "Registered deal D-1.", "case_id": False}]
        )

    # --- undo ---

    def test_withdrawn_sighting_dismisses_an_open_case(self):
        first = self._see(self.lot_a1, self.guangdong)
        case = first.case_id
        second = self._see(self.lot_a1, self.guangdong, "Canton")
        first.action_withdraw()
        self.assertEqual(case.state, "open")
        second.action_withdraw()
        self.assertEqual(case.state, "dismissed")
        self.assertIn("No evidence is left", case.message_ids[0].body)

    def test_corrected_sighting(self):
        seen = self._see(self.lot_a1, self.guangdong)
        case = seen.case_id
        seen.state_id = self.shanghai
        self.assertEqual((seen.result, seen.case_id.id), ("inside", False))
        self.assertEqual(case.state, "dismissed")
        seen.state_id = self.guangdong
        self.assertTrue(seen.case_id)

    def test_dismissed_place_raises_nothing_again(self):
        case = self._see(self.lot_a1, self.guangdong, "Shenzhen").case_id
        case.note = "<p>Trade fair.</p>"
        case.action_dismiss()
        again = self._see(self.lot_a1, self.guangdong, "shenzhen")
        self.assertEqual(again.case_id, case)
        self.assertEqual(case.state, "dismissed")
        elsewhere = self._see(self.lot_a1, self.guangdong, "Canton")
        self.assertNotEqual(elsewhere.case_id, case)
        self.assertEqual(elsewhere.case_id.state, "open")
        with self.assertRaisesRegex(UserError, "newer case"):
            case.action_reopen()

    # --- decisions ---

    def test_way_of_a_case(self):
        case = self._see(self.lot_a1, self.guangdong).case_id.with_user(self.channel)
        with self.assertRaisesRegex(UserError, "present state"):
            case.action_penalise()
        with self.assertRaisesRegex(UserError, "findings"):
            case.action_dismiss()
        case.action_confirm()
        self.assertFalse(case.activity_ids)
        self.assertEqual(case.decided_by_id, self.channel)
        with self.assertRaisesRegex(UserError, "penalty"):
            case.action_penalise()
        case.penalty = 500
        case.action_penalise()
        self.assertEqual(case.state, "penalised")
        case.action_reopen()
        self.assertEqual((case.state, case.decided_by_id.id), ("open", False))

    def test_repeat_offenders(self):
        first = self._see(self.lot_a1, self.guangdong).case_id
        second = self._see(self.lot_a2, self.guangdong).case_id
        self.assertEqual(second.offence_count, 0)
        first.action_confirm()
        self.env.invalidate_all()
        self.assertEqual((first.offence_count, second.offence_count), (0, 1))
        self.assertEqual(self.alpha.with_user(self.channel).diversion_count, 2)
        action = self.alpha.with_user(self.channel).action_diversion_cases()
        self.assertEqual(self.env["crm.diversion.case"].search(action["domain"]), first | second)

    # --- rights ---

    def test_states_are_not_written_by_hand(self):
        case = self._see(self.lot_a1, self.guangdong).case_id
        for user in (self.channel, self.programme):
            for vals in ({"state": "dismissed"}, {"partner_id": self.beta.id}):
                with self.assertRaises(AccessError):
                    case.with_user(user).write(vals)
            with self.assertRaises(AccessError):
                case.with_user(user).unlink()
            with self.assertRaises(AccessError):
                case.with_user(user).create({"lot_id": self.lot_a2.id})
        case.with_user(self.channel).write({"note": "Asked them.", "user_id": self.programme.id})

    def test_who_sees_cases_and_sightings(self):
        case = self._see(self.lot_a1, self.guangdong).case_id
        for user, seen in ((self.channel, 1), (self.programme, 1), (self.stranger, 0)):
            for model in ("crm.diversion.case", "crm.lot.sighting"):
                self.assertEqual(self.env[model].with_user(user).search_count([]), seen)
        for user in (self.seller, self.accountant, self.alpha_admin, self.outsider_user):
            for model in ("crm.diversion.case", "crm.lot.sighting"):
                with self.assertRaises(AccessError):
                    self.env[model].with_user(user).search([])
            with self.assertRaises(AccessError):
                case.with_user(user).action_confirm()

    def test_channel_manager_enters_a_sighting(self):
        seen = (
            self.env["crm.lot.sighting"]
            .with_user(self.channel)
            .create(
                {
                    "lot_id": self.lot_a1.id,
                    "country_id": self.china.id,
                    "state_id": self.guangdong.id,
                    "company_id": self.company.id,
                }
            )
        )
        self.assertEqual(seen.result, "outside")
        self.assertTrue(seen.case_id)

    # --- portal ---

    def _register(self, **values):
        values = {
            "serials": "SN-A1",
            "end_customer": "Bay Trading",
            "country_id": self.china.id,
            "state": self.guangdong.name,
            "city": "Shenzhen",
            "date": "",
            **values,
        }
        return self.follow(self.post(f"{SERIALS}/register", **values))

    def test_partner_registers_a_sale(self):
        self.login(self.alpha_technical)
        page = self._register(state=self.shanghai.name.upper(), city="Shanghai")
        self.assertNotice(page, "Registered: 1")
        seen = self.env["crm.lot.sighting"].search([])
        self.assertRecordValues(
            seen,
            [
                {
                    "lot_id": self.lot_a1.id,
                    "source": "registration",
                    "result": "inside",
                    "reporter_id": self.alpha_technical.id,
                    "reporter_partner_id": self.alpha.id,
                }
            ],
        )
        rows = self.texts(self.get(SERIALS), ".o_portal_my_doc_table tbody tr")
        self.assertTrue(any("SN-A1" in row and "Bay Trading" in row for row in rows))

    def test_registration_elsewhere_raises_a_case_and_tells_nobody(self):
        # beta registers what alpha got: neither learns anything
        self.login(self.beta_admin)
        page = self._register()
        self.assertNotice(page, "Registered: 1")
        self.assertNotIn("Alpha", page.text_content())
        self.assertEqual(self.texts(page, ".alert"), ["Registered: 1. Thank you."])
        self.assertEqual(self._cases().partner_id, self.alpha)
        self.assertNotIn("SN-A1", " ".join(self.texts(page, ".o_portal_my_doc_table")))
        self.login(self.alpha_admin)
        self.assertNotIn("Bay Trading", self.get(SERIALS).text_content())

    def test_same_registration_again_changes_nothing(self):
        self.login(self.beta_admin)
        self._register(serials="SN-A1\nSN-B1, SN-A1")
        self._register(serials="SN-A1")
        self.assertEqual(self.env["crm.lot.sighting"].search_count([]), 2)
        self.assertEqual(len(self._cases()), 1)

    def test_registrations_that_are_refused_whole(self):
        self.login(self.alpha_sales)
        twin = self._create_product(name="Twin", tracking="serial", is_storable=True)
        for product in (self.machine, twin):
            self._lot("SN-TWICE", product)
        for values, words in (
            ({"serials": ""}, "Enter between 1 and 100"),
            ({"serials": "\n".join(map(str, range(101)))}, "Enter between 1 and 100"),
            ({"serials": "SN-A1\nSN-NONE"}, "SN-NONE is not a serial number of ours"),
            ({"serials": "SN-A1\nSN-TWICE"}, "Several products"),
            ({"end_customer": " "}, "end customer and the city"),
            ({"city": ""}, "end customer and the city"),
            ({"country_id": "0"}, "Choose a country"),
            ({"country_id": "1 or 1"}, "Choose a country"),
            ({"state": "Atlantis"}, "not a province"),
            ({"date": "2999-01-01"}, "not in the future"),
            ({"date": "yesterday"}, "not in the future"),
        ):
            self.assertProblem(self._register(**values), words)
        self.assertFalse(self.env["crm.lot.sighting"].search([]))

    def test_forged_fields_are_ignored(self):
        self.login(self.alpha_sales)
        self._register(
            partner_id=self.beta.id,
            reporter_partner_id=self.beta.id,
            result="inside",
            source="manual",
            case_id="1",
        )
        seen = self.env["crm.lot.sighting"].search([])
        self.assertRecordValues(
            seen,
            [
                {
                    "reporter_partner_id": self.alpha.id,
                    "result": "outside",
                    "source": "registration",
                    "partner_id": self.alpha.id,
                }
            ],
        )

    def test_registrations_are_limited(self):
        self.login(self.alpha_sales)
        with patch("odoo.addons.crm_partner.models.crm_lot_sighting.REGISTRATIONS_AN_HOUR", 1):
            self.assertNotice(self._register(), "Registered")
            self.assertProblem(self._register(serials="SN-A2"), "within an hour")

    def test_partner_takes_a_registration_back(self):
        self.login(self.alpha_sales)
        self._register()
        seen = self.env["crm.lot.sighting"].search([])
        case = self._cases()
        url = f"{SERIALS}/{seen.id}/withdraw"
        self.login(self.beta_admin)
        self.post(url, 404)
        self.login(self.alpha_sales)
        self.env.cr.execute(
            "UPDATE crm_lot_sighting SET create_date = %s",
            [fields.Datetime.now() - timedelta(days=8)],
        )
        self.env.invalidate_all()
        self.assertProblem(self.follow(self.post(url)), "within 7 days")
        self.env.cr.execute("UPDATE crm_lot_sighting SET create_date = now()")
        self.env.invalidate_all()
        self.assertNotice(self.follow(self.post(url)), "taken back")
        self.assertFalse(seen.active)
        self.assertEqual(case.state, "dismissed")

    def test_list_of_serials_is_the_partners_own(self):
        self.login(self.alpha_technical)
        rows = " ".join(self.texts(self.get(SERIALS), ".o_portal_my_doc_table"))
        self.assertIn("SN-A1", rows)
        self.assertNotIn("SN-B1", rows)
        found = self.texts(self.get(f"{SERIALS}?search=a2"), ".o_portal_my_doc_table tbody tr")
        self.assertEqual(len(found), 1)
        self.get(f"{SERIALS}?search=%27%3B--")

    def test_orders_are_found_by_serial_number(self):
        self.login(self.alpha_sales)
        links = ".o_portal_my_doc_table a"
        page = self.get("/my/partner/orders?search_in=serial&search=SN-A2")
        [name] = self.texts(page, links)
        order = self.env["sale.order"].search([("name", "=", name)])
        self.assertEqual(order.picking_ids.move_line_ids.lot_id, self.lot_a2)
        page = self.get("/my/partner/orders?search_in=serial&search=SN-B1")
        self.assertFalse(self.texts(page, links))
        page = self.get(f"/my/partner/orders/{order.id}")
        self.assertIn("SN-A2", " ".join(self.texts(page, ".o_partner_serials")))
