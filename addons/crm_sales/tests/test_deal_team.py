from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from ..models import res_users
from .common_discipline import DisciplineCase


@tagged("post_install", "-at_install")
class TestDealTeam(DisciplineCase):
    """Access until a day, splits that never exceed the deal, one source for the commission."""

    def member(self, lead, user, **values):
        return self.env["crm.deal.member"].create(
            {"lead_id": lead.id, "user_id": user.id, "commission": "none", **values}
        )

    def order(self, lead, user=None, **values):
        return self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "opportunity_id": lead.id,
                "user_id": (user or self.lin).id,
                **values,
            }
        )

    def shares(self, order):
        rows = (
            (row.user_id.name, row.role, row.share, row.date_from or None, row.date_to or None)
            for row in order.participant_ids
        )
        return sorted(rows, key=str)

    # Access -------------------------------------------------------------

    def test_read_and_write(self):
        lead = self._lead()
        order = self.order(lead)
        as_zhou = lead.with_user(self.zhou)
        self.assertFalse(as_zhou.has_access("read"))
        self.assertNotIn(lead, self.env["crm.lead"].with_user(self.zhou).search([]))
        member = self.member(lead, self.zhou, access="read")
        self.assertIn(lead, self.env["crm.lead"].with_user(self.zhou).search([]))
        self.assertIn(order, self.env["sale.order"].with_user(self.zhou).search([]))
        self.assertTrue(as_zhou.has_access("read"))
        self.assertFalse(as_zhou.has_access("write"))
        self.assertFalse(order.with_user(self.zhou).has_access("write"))
        with self.assertRaises(AccessError):
            as_zhou.write({"name": "Mine"})
        member.access = "write"
        as_zhou.write({"name": "Ours"})
        order.with_user(self.zhou).write({"client_order_ref": "X"})
        self.assertFalse(as_zhou.has_access("unlink"))

    def test_lines_of_the_quotation(self):
        lead = self._lead()
        self.member(lead, self.zhou, access="write")
        product = self.env["product.product"].create({"name": "Pump", "type": "service"})
        order = self.order(lead)
        order.with_user(self.zhou).write(
            {"order_line": [Command.create({"product_id": product.id, "price_unit": 5})]}
        )
        self.assertEqual(order.order_line.with_user(self.zhou).price_unit, 5)

    def test_access_ends(self):
        lead = self._lead()
        today = fields.Date.context_today(lead)
        member = self.member(lead, self.zhou, access="read", date_to=today)
        self.assertTrue(lead.with_user(self.zhou).has_access("read"))
        member.date_to = today - timedelta(days=1)
        self.env.invalidate_all()
        self.assertFalse(lead.with_user(self.zhou).has_access("read"))
        member.write({"date_from": today + timedelta(days=1), "date_to": False})
        self.env.invalidate_all()
        self.assertFalse(lead.with_user(self.zhou).has_access("read"))

    def test_a_member_does_not_prolong_himself(self):
        lead = self._lead()
        member = self.member(lead, self.zhou, access="write", date_to="2099-01-01")
        self.assertTrue(member.with_user(self.zhou).has_access("read"))
        with self.assertRaises(AccessError):
            member.with_user(self.zhou).write({"date_to": False})
        with self.assertRaises(AccessError):
            self.env["crm.deal.member"].with_user(self.zhou).create(
                {"lead_id": lead.id, "user_id": self.zhou.id}
            )
        member.with_user(self.lin).write({"date_to": False})

    def test_others_and_other_companies_see_nothing(self):
        lead = self._lead()
        member = self.member(lead, self.zhou, access="read")
        self.member(lead, self.far, access="write")
        self.assertFalse(member.with_user(self.mei).has_access("read"))
        self.assertFalse(lead.with_user(self.mei).has_access("read"))
        self.assertFalse(lead.with_user(self.far).has_access("read"), "company rules stay")

    def test_search_and_compute_agree(self):
        lead = self._lead()
        self.member(lead, self.zhou, access="write")
        leads = self.env["crm.lead"].with_user(self.zhou)
        for name in ("deal_team_read", "deal_team_write"):
            self.assertEqual(leads.search([(name, "=", True)]), lead.with_user(self.zhou))
            self.assertNotIn(lead, leads.search([(name, "=", False)]))
            self.assertTrue(lead.with_user(self.zhou)[name])
            self.assertFalse(lead.with_user(self.lin)[name])

    def test_more_deals_than_can_be_listed(self):
        leads = [self._lead() for _number in range(3)]
        for lead, access in zip(leads, ("read", "write", "none"), strict=True):
            self.member(lead, self.zhou, access=access)
        found = self.env["crm.lead"].with_user(self.zhou)

        def may(name):
            self.env.invalidate_all()
            searched = found.search([(name, "=", True)])
            computed = [lead for lead in leads if lead.with_user(self.zhou)[name]]
            self.assertEqual(searched.ids, sorted([lead.id for lead in computed], reverse=True))
            self.assertEqual(len(found.search([("id", "in", [lead.id for lead in leads])])), 2)
            return [leads.index(lead) for lead in computed]

        for limit in (10_000, 1):
            self.patch(res_users, "LISTED_DEALS", limit)
            self.assertEqual(may("deal_team_read"), [0, 1])
            self.assertEqual(may("deal_team_write"), [1])
            self.assertEqual(bool(self.zhou.sudo().deal_access), limit > 1)

    def test_deals_of_others_are_no_business(self):
        with self.assertRaises(AccessError):
            self.lin.with_user(self.zhou).read(["deal_access"])

    def test_without_teams_there_is_no_rule(self):
        """PostgreSQL combines the ids with the other rules; nobody pays for rules not his own."""
        leads = self.env["crm.lead"].with_user(self.zhou)
        leads.search([])

        def sql():
            self.env.invalidate_all()
            query = leads._search([])
            return str(query.select())

        self.assertNotIn("crm_deal_member", sql())
        self.assertNotIn("crm_pool", sql())
        self.member(self._lead(), self.zhou)
        self.assertNotIn("crm_deal_member", sql())
        with self.assertQueryCount(2):  # the deals of the user, once in a transaction
            self.env.invalidate_all()
            leads.search_count([])
        with self.assertQueryCount(1):
            leads.search_count([])

    # Splits ---------------------------------------------------------------

    def test_over_100(self):
        lead = self._lead()
        self.member(lead, self.zhou, commission="owner", split=60)
        with self.assertRaisesRegex(ValidationError, "Pumps.*110.00 %"):
            self.member(lead, self.mei, commission="owner", split=50)
        with self.assertRaisesRegex(ValidationError, "120.00 %"):
            self._lead(
                deal_member_ids=[
                    Command.create({"user_id": user.id, "commission": "owner", "split": 60})
                    for user in (self.mei, self.zhou)
                ]
            )

    def test_swap_in_one_write(self):
        lead = self._lead()
        one = self.member(lead, self.zhou, commission="owner", split=80)
        two = self.member(lead, self.mei, commission="owner", split=20)
        lead.deal_member_ids = [
            Command.update(one.id, {"split": 20}),
            Command.update(two.id, {"split": 80}),
        ]
        self.assertEqual((one.split, two.split), (20, 80))

    def test_one_after_the_other(self):
        lead = self._lead()
        self.member(lead, self.zhou, commission="owner", split=80, date_to="2026-01-31")
        self.member(lead, self.mei, commission="owner", split=80, date_from="2026-02-01")
        with self.assertRaisesRegex(ValidationError, "2026-02-01.*160.00 %"):
            lead.deal_member_ids[0].date_to = "2026-02-28"

    def test_expiry_before_start(self):
        with self.assertRaisesRegex(ValidationError, "Zhou ends on 2026-01-01.*begins"):
            self.member(self._lead(), self.zhou, date_from="2026-02-01", date_to="2026-01-01")

    def test_one_person(self):
        with self.assertRaisesRegex(ValidationError, "exactly one"):
            self.env["crm.deal.member"].create({"lead_id": self._lead().id})

    def test_role_proposes(self):
        role = self.env.ref("crm_sales.crm_deal_role_presales")
        member = self.env["crm.deal.member"].create(
            {"lead_id": self._lead().id, "user_id": self.zhou.id, "role_id": role.id}
        )
        self.assertEqual((member.access, member.commission), ("write", "overlay"))

    # Commission --------------------------------------------------------------

    def test_a_quotation_takes_the_team_over(self):
        lead = self._lead()
        self.member(lead, self.mei, commission="owner", split=40)
        self.member(lead, self.zhou, commission="overlay", rate=0.5)
        self.member(lead, self.wei)
        order = self.order(lead)
        self.assertEqual(
            self.shares(order),
            [
                ("Lin", "owner", 60.0, None, None),
                ("Mei", "owner", 40.0, None, None),
                ("Zhou", "overlay", 100.0, None, None),
            ],
        )
        self.assertEqual(order.participant_ids.filtered(lambda p: p.role == "overlay").rate, 0.5)

    def test_quotations_follow_until_confirmed(self):
        lead = self._lead()
        member = self.member(lead, self.mei, commission="owner", split=40)
        draft, confirmed = self.order(lead), self.order(lead)
        confirmed.action_confirm()
        member.with_user(self.lin).split = 30
        self.assertEqual([row[2] for row in self.shares(draft)], [70.0, 30.0])
        self.assertEqual([row[2] for row in self.shares(confirmed)], [60.0, 40.0])
        member.with_user(self.lin).unlink()
        self.assertFalse(draft.participant_ids)
        draft.action_confirm()
        self.assertEqual(self.shares(draft), [("Lin", "owner", 100.0, None, None)])

    def test_days(self):
        lead = self._lead()
        self.member(lead, self.mei, commission="owner", split=40, date_to="2026-01-31")
        end, after = fields.Date.to_date("2026-01-31"), fields.Date.to_date("2026-02-01")
        self.assertCountEqual(
            self.shares(self.order(lead)),
            [
                ("Lin", "owner", 60.0, None, end),
                ("Lin", "owner", 100.0, after, None),
                ("Mei", "owner", 40.0, None, end),
            ],
        )

    def test_a_new_salesperson_gets_the_rest(self):
        lead = self._lead()
        self.member(lead, self.zhou, commission="owner", split=40)
        order = self.order(lead)
        order.user_id = self.mei
        self.assertEqual(
            {(row[0], row[2]) for row in self.shares(order)}, {("Mei", 60.0), ("Zhou", 40.0)}
        )

    def test_quotations_without_a_team_are_left_alone(self):
        lead = self._lead()
        order = self.order(lead, participant_ids=[Command.create({"user_id": self.mei.id})])
        lead.user_id = self.mei
        self.assertEqual(self.shares(order), [("Mei", "owner", 100.0, None, None)])

    def test_merge_keeps_one_team(self):
        head, tail = self._lead(), self._lead(name="Pumps again")
        self.member(tail, self.mei, commission="owner", split=70)
        self.member(tail, self.zhou, commission="owner", split=30)
        merged = (head | tail).merge_opportunity(user_id=self.lin.id, team_id=self.east.id)
        self.assertEqual(sum(merged.deal_member_ids.mapped("split")), 100)
