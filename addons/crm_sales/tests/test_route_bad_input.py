from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_routing import RoutingCase


@tagged("post_install", "-at_install")
class TestRouteBadInput(RoutingCase):
    def test_rule_without_target(self):
        for values, message in (
            ({"target": "person"}, "choose the salesperson"),
            ({"target": "team"}, "choose the team that gets"),
            ({"target": "round_robin"}, "list the people"),
            ({"target": "least_loaded", "people_from": "team"}, "choose the team whose members"),
            ({"people_from": "territory", "nobody": "person"}, "if nobody is available"),
        ):
            with self.assertRaisesRegex(ValidationError, message):
                self._rule("Wrong", **values)

    def test_capacity_must_be_positive(self):
        for capacity in (0, -1):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError) as caught,
                self.cr.savepoint(),
            ):
                self._rule(
                    "Wrong",
                    member_ids=[Command.create({"user_id": self.li.id, "capacity": capacity})],
                )
            self.assertIn("capacity_positive", str(caught.exception))
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self._rule("Wrong", self.li, capacity=capacity)
        member = self.env["crm.lead.route.member"]
        self.assertIn(
            "more than zero",
            str(
                member._table_objects["crm_lead_route_member_capacity_positive"].get_error_message(
                    member
                )
            ),
        )

    def test_ranges_the_wrong_way(self):
        with self.assertRaisesRegex(ValidationError, "above its upper end"):
            self._rule("Wrong", self.li, budget_from=10, budget_to=5)
        with self.assertRaisesRegex(ValidationError, "above its upper end"):
            self._rule("Wrong", self.li, size_from="250", size_to="10")

    def test_condition_that_cannot_be_read(self):
        for domain in ("[('nonsense', '=', 1)]", "[('name',"):
            with self.assertRaisesRegex(ValidationError, "cannot be read"):
                self._rule("Wrong", self.li, domain=domain)

    def test_condition_on_a_hidden_field(self):
        rule = self._rule("Wrong", self.li).with_user(self.boss)
        rule.domain = "[('partner_id.city', '!=', False)]"
        with self.assertRaisesRegex(ValidationError, "cannot be read"), self.cr.savepoint():
            rule.domain = "[('partner_id.signup_type', '!=', False)]"

    def test_rules_that_are_never_reached(self):
        first = self._rule(
            "East",
            target="person",
            user_id=self.li.id,
            state_ids=(self.sh | self.js).ids,
            sequence=1,
        )
        second = self._rule("Shanghai", self.wang, state_ids=self.sh.ids, sequence=2)
        third = self._rule("Large", self.wang, budget_from=10, sequence=3)
        self.assertIn('"East" comes before "Shanghai"', second.shadowed)
        self.assertFalse((first | third).filtered("shadowed"))
        second.sequence = 0
        self.assertFalse(second.shadowed)

    def test_policy_without_hours(self):
        empty = self.env["resource.calendar"].create(
            {"name": "Empty", "company_id": self.company.id, "attendance_ids": [Command.clear()]}
        )
        with self.assertRaisesRegex(ValidationError, "no working hours to count"):
            self._policy(calendar_id=empty.id)
        self.company.resource_calendar_id = False
        with self.assertRaisesRegex(ValidationError, "no working hours to count"):
            self._policy()

    def test_policy_that_makes_no_sense(self):
        for values in ({"response_hours": 0}, {"warn_percent": 100}):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self._policy(**values)
        with self.assertRaisesRegex(ValidationError, "choose who gets the lead"):
            self._policy(on_breach="fallback")

    def test_decisions_cannot_be_changed(self):
        self._rule("All", self.li)
        log = self._lead().route_log_ids
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            log.user_id = self.wang
        with self.assertRaisesRegex(UserError, "cannot be changed"):
            log.with_context(crm_lead_merge=True).write(
                {"lead_id": log.lead_id.id, "kind": "again"}
            )
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            log.unlink()
