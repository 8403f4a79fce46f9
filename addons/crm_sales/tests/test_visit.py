from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from .common_pool import PoolCase, noon

#: the customer's door, and a place about 1.1 km north of it
DOOR = (31.2304, 121.4737)
AWAY = (31.2404, 121.4737)


@tagged("post_install", "-at_install")
class TestVisit(PoolCase):
    """Planning, checking in and out, the route, customers nearby; rights and hostile calls."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.site = cls.customer(
            "Hongtai", partner_latitude=DOOR[0], partner_longitude=DOOR[1], city="Shanghai"
        )
        cls.visit = cls.make_visit(cls.x)

    @classmethod
    def make_visit(cls, user, **values):
        return (
            cls.env["crm.visit"]
            .with_user(user)
            .create(
                {
                    "name": "Present the pump",
                    "partner_id": cls.site.id,
                    "company_id": cls.company.id,
                    "user_id": user.id,
                    **values,
                }
            )
        )

    # Checking in and out

    def test_check_in_and_out(self):
        with freeze_time("2026-03-10 02:00:00"):
            result = self.visit.check_position_in(*DOOR, 12)
        self.assertEqual(result, {"distance": 0, "warning": ""})
        self.assertEqual(self.visit.state, "ongoing")
        self.assertEqual(self.visit.check_in, fields.Datetime.to_datetime("2026-03-10 02:00:00"))
        with freeze_time("2026-03-10 02:45:00"):
            self.visit.check_position_out(*AWAY, 5)
        self.assertEqual((self.visit.state, self.visit.minutes), ("done", 45))
        self.assertAlmostEqual(self.visit.check_out_distance, 1112, delta=2)
        self.assertFalse(self.visit.is_far, "where one leaves from does not matter")

    def test_far_from_the_address(self):
        result = self.visit.check_position_in(*AWAY)
        self.assertTrue(self.visit.is_far)
        self.assertIn("1112 m", result["warning"])
        self.assertIn("300 m", self.visit.warning)
        self.visit.action_locate_customer()
        self.assertAlmostEqual(self.site.partner_latitude, AWAY[0], 5)
        self.assertFalse(self.visit.is_far)

    def test_radius_of_the_company(self):
        self.company.visit_radius = 2000
        self.visit.check_position_in(*AWAY)
        self.assertFalse(self.visit.is_far)

    def test_address_without_position(self):
        unknown = self.customer("Unknown")
        visit = self.make_visit(self.x, partner_id=unknown.id)
        result = visit.check_position_in(*AWAY)
        self.assertEqual((result["distance"], visit.is_far), (-1, False))

    def test_position_of_the_company_counts_for_a_contact(self):
        contact = self.env["res.partner"].create({"name": "Wu", "parent_id": self.site.id})
        visit = self.make_visit(self.x, partner_id=contact.id)
        self.assertEqual(visit.check_position_in(*DOOR)["distance"], 0)

    def test_without_position(self):
        for reason in ("", "   ", None, 5):
            with self.assertRaisesRegex(UserError, "Say why"):
                self.visit.check_in_without_position(reason)
        self.visit.check_in_without_position("In the basement")
        self.assertTrue(self.visit.is_unlocated)
        self.assertIn("In the basement", self.visit.warning)
        self.assertEqual(self.visit.state, "ongoing")
        with self.assertRaisesRegex(UserError, "no position"):
            self.visit.action_locate_customer()
        self.visit.check_out_without_position("Still there")
        self.assertEqual(self.visit.state, "done")

    def test_not_twice(self):
        self.visit.check_position_in(*DOOR)
        with self.assertRaisesRegex(UserError, "already"):
            self.visit.check_position_in(*DOOR)
        with self.assertRaisesRegex(UserError, "already"):
            self.visit.check_in_without_position("Again")
        self.visit.check_position_out(*DOOR)
        with self.assertRaisesRegex(UserError, "closed"):
            self.visit.check_position_out(*DOOR)

    def test_out_needs_in(self):
        with self.assertRaisesRegex(UserError, "Check in first"):
            self.visit.check_position_out(*DOOR)

    @mute_logger("odoo.sql_db")
    def test_one_place_at_a_time(self):
        second = self.make_visit(self.x)
        self.visit.check_position_in(*DOOR)
        with self.assertRaisesRegex(UserError, "still checked in at Hongtai"):
            second.check_position_in(*DOOR)
        # Two requests at the same moment: the index decides.
        with self.assertRaises(IntegrityError), self.cr.savepoint():
            second.sudo().state = "ongoing"
            second.flush_recordset()

    def test_bad_positions(self):
        for latitude, longitude in (
            (91, 0), (0, 181), (float("nan"), 0), (float("inf"), 0), ("x", 0), (None, 0), ([], 0),
        ):  # fmt: skip
            with self.assertRaisesRegex(UserError, "no usable position"):
                self.visit.check_position_in(latitude, longitude)
        self.assertEqual(self.visit.state, "planned")

    # Hostile

    def test_nobody_types_a_position_in(self):
        self.visit.check_position_in(*DOOR)
        for name, value in (
            ("check_in", "2026-01-01 00:00:00"),
            ("check_in_latitude", 1.0),
            ("check_in_distance", 0.0),
            ("check_out", "2026-01-01 00:00:00"),
            ("state", "done"),
            ("check_in_reason", "x"),
        ):
            for user in (self.x, self.boss):
                with self.assertRaises(AccessError, msg=name):
                    self.visit.with_user(user).write({name: value})
        with self.assertRaises(AccessError):
            self.make_visit(self.x, check_in="2026-01-01 00:00:00")
        with self.assertRaises(AccessError):
            self.make_visit(self.x, state="done")
        with self.assertRaisesRegex(UserError, "has begun"):
            self.visit.write({"partner_id": self.customer("Other").id})
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            self.visit.unlink()

    def test_only_ones_own(self):
        for user in (self.boss, self.all_docs):
            with self.assertRaisesRegex(AccessError, "own visits"):
                self.visit.with_user(user).check_position_in(*DOOR)
        with self.assertRaises(AccessError):
            self.visit.with_user(self.y).check_position_in(*DOOR)

    # Rights

    def sees(self, user):
        return bool(self.env["crm.visit"].with_user(user).search([("id", "=", self.visit.id)]))

    def test_rights(self):
        team = self.env["crm.team"].create({"name": "North", "user_id": self.chief.id})
        self.assertFalse(self.sees(self.chief))
        self.env["crm.team.member"].create({"crm_team_id": team.id, "user_id": self.x.id})
        self.assertTrue(self.sees(self.chief))
        with self.assertRaises(AccessError):
            self.visit.with_user(self.chief).write({"name": "Changed"})
        for user in (self.x, self.all_docs, self.boss):
            self.assertTrue(self.sees(user))
        for user in (self.y, self.stranger):
            self.assertFalse(self.sees(user))
        with self.assertRaises(AccessError):
            self.sees(self.accountant)
        portal = new_test_user(self.env, login="visit_portal", groups="base.group_portal")
        with self.assertRaises(AccessError):
            self.sees(portal)
        with self.assertRaises(AccessError):
            self.env["crm.visit"].with_user(self.y).create(
                {"partner_id": self.site.id, "user_id": self.x.id, "company_id": self.company.id}
            )

    def test_photos_are_seen_with_the_visit(self):
        photo = (
            self.env["ir.attachment"]
            .with_user(self.x)
            .create({"name": "front.png", "raw": b"png", "res_model": "crm.visit"})
        )
        self.visit.photo_ids = photo
        self.assertEqual(photo.res_id, self.visit.id)
        self.assertEqual(photo.with_user(self.all_docs).raw, b"png")
        with self.assertRaises(AccessError):
            photo.with_user(self.y).read(["raw"])

    # Around it

    def test_next_step(self):
        visit = self.make_visit(self.x, next_step="Send the offer", next_date="2026-04-01")
        visit.check_position_in(*DOOR)
        visit.check_position_out(*DOOR)
        activity = visit.next_activity_id
        self.assertEqual(
            (activity.res_model, activity.res_id, activity.user_id, activity.summary),
            ("res.partner", self.site.id, self.x, "Send the offer"),
        )
        self.assertEqual(activity.date_deadline, fields.Date.to_date("2026-04-01"))

    def test_cancel(self):
        self.visit.action_cancel()
        with self.assertRaisesRegex(UserError, "closed"):
            self.visit.check_position_in(*DOOR)
        self.visit.action_plan_again()
        self.visit.check_position_in(*DOOR)
        with self.assertRaisesRegex(UserError, "cannot be cancelled"):
            self.visit.action_cancel()

    def test_lead_of_another_customer(self):
        lead = self.env["crm.lead"].create(
            {"name": "Elsewhere", "partner_id": self.customer("Other").id, "user_id": self.x.id}
        )
        with self.assertRaisesRegex(ValidationError, "another customer"):
            self.visit.lead_id = lead

    def test_form(self):
        form = Form(self.env["crm.visit"].with_user(self.x).with_company(self.company))
        form.partner_id = self.site
        visit = form.save()
        self.assertEqual((visit.user_id, visit.state), (self.x, "planned"))

    @freeze_time("2026-03-15 16:30:00")
    def test_counts_as_follow_up(self):
        with freeze_time("2026-03-12 02:00:00"):
            self.visit.check_position_in(*DOOR)
        idle = self.customer("Idle")
        decided = self.decisions()
        self.assertEqual((decided[self.site], decided[idle]), ("none", "recycle"))
        lead = self.env["crm.lead"].create({"name": "L", "type": "lead", "user_id": self.x.id})
        lead.owner_since = noon("2026-01-05")
        self.assertEqual(self.decisions(self.lead_pool)[lead], "recycle")
        with freeze_time("2026-03-13 02:00:00"):
            self.visit.check_position_out(*DOOR)
            self.make_visit(self.x, lead_id=lead.id).check_position_in(*DOOR)
        self.assertEqual(self.decisions(self.lead_pool)[lead], "none")

    def test_a_planned_visit_is_no_follow_up(self):
        with freeze_time("2026-03-15 16:30:00"):
            self.assertEqual(self.decisions()[self.site], "recycle")

    def test_timeline(self):
        timeline = self.env["crm.interaction"].with_user(self.x)
        self.assertNotIn("visit", self.kinds(timeline))
        self.visit.check_position_in(*DOOR)
        self.env.flush_all()
        self.assertIn("visit", self.kinds(timeline))
        self.assertNotIn("visit", self.kinds(timeline.with_user(self.y)))

    def kinds(self, timeline):
        return [row["kind"] for row in timeline.get_timeline(self.site.id)["rows"]]

    # Route and neighbourhood

    def test_route(self):
        """Three customers in a line to the east, planned in the wrong order; one without place."""
        self.company.partner_id.write({"partner_latitude": 31.0, "partner_longitude": 121.0})
        day = fields.Datetime.now().replace(hour=4) + timedelta(days=3)
        visits = {}
        for name, longitude in (("far", 121.3), ("near", 121.1), ("middle", 121.2), ("?", 0)):
            customer = self.customer(
                name, partner_latitude=longitude and 31.0, partner_longitude=longitude
            )
            visits[name] = self.make_visit(self.x, partner_id=customer.id, date_planned=day)
        model = self.env["crm.visit"].with_user(self.x).with_company(self.company)
        action = model.action_plan_route(str(visits["far"].day))
        order = model.search(action["domain"], order="sequence")
        self.assertEqual(order.partner_id.mapped("name"), ["near", "middle", "far", "?"])
        self.assertAlmostEqual(visits["near"].leg_km, 9.5, delta=0.1)
        self.assertEqual(visits["?"].leg_km, 0)
        # From the salesperson's own start, in the far east, it goes the other way round.
        self.x.visit_start_partner_id = self.customer(
            "Home", partner_latitude=31.0, partner_longitude=121.4
        )
        model.action_plan_route(str(visits["far"].day))
        order = model.search(action["domain"], order="sequence")
        self.assertEqual(order.partner_id.mapped("name"), ["far", "middle", "near", "?"])

    def test_nearby(self):
        near = self.customer("Near", self.y, partner_latitude=31.2354, partner_longitude=121.4737)
        self.customer("Elsewhere", partner_latitude=39.9, partner_longitude=116.4)
        self.customer("No place")
        found = self.env["res.partner"].with_user(self.x).get_nearby_customers(*DOOR, 1000)
        self.assertEqual(
            [(row["id"], row["distance"]) for row in found], [(self.site.id, 0), (near.id, 556)]
        )
        found = self.env["res.partner"].with_user(self.x).get_nearby_customers(*DOOR, 500)
        self.assertEqual([row["id"] for row in found], self.site.ids)
        mine = self.env["res.partner"].with_user(self.y).get_nearby_customers(*DOOR, 1000, True)
        self.assertEqual([row["id"] for row in mine], near.ids)

    def test_nearby_keeps_pools_closed(self):
        self.site._pool_enter(self.pool, "put", "Test")
        for user, seen in ((self.y, True), (self.outsider, False)):
            found = self.env["res.partner"].with_user(user).get_nearby_customers(*DOOR, 1000)
            self.assertEqual(bool(found), seen)
        portal = new_test_user(self.env, login="near_portal", groups="base.group_portal")
        with self.assertRaises(UserError):
            self.env["res.partner"].with_user(portal).get_nearby_customers(*DOOR, 1000)
        with self.assertRaises(UserError):
            self.env["res.partner"].with_user(self.x).get_nearby_customers("'; --", 0)
