from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged, users

from .common_match import MatchCase


@tagged("post_install", "-at_install")
class TestMatchRuleset(MatchCase):
    def refused(self, message, **vals):
        with self.assertRaisesRegex(ValidationError, message), self.env.cr.savepoint():
            self.env["crm.match.ruleset"].create(self.ruleset_vals(**vals))

    def test_default_rule_sets_are_there_and_sound(self):
        for kind in ("company", "person"):
            ruleset = self.env.ref(f"crm_customer.match_ruleset_{kind}")
            self.assertEqual(ruleset.kind, kind)
            ruleset.active = True
            spec, _frequencies = ruleset._engine()
            self.assertEqual(len(spec.blocking), 19)
            self.assertEqual(spec.merge, 0.95)
        before = self.env["crm.match.ruleset"].with_context(active_test=False).search_count([])
        self.env["crm.match.ruleset"]._create_default_rulesets()
        after = self.env["crm.match.ruleset"].with_context(active_test=False).search_count([])
        self.assertEqual(after, before)

    def test_no_blocking_rule(self):
        self.refused("every other one", blocking_ids=[])
        with self.assertRaisesRegex(ValidationError, "last blocking"), self.env.cr.savepoint():
            self.ruleset.blocking_ids = [(5, 0, 0)]

    def test_the_last_blocking_rule_stays(self):
        self.ruleset.blocking_ids[1:].unlink()
        with self.assertRaisesRegex(ValidationError, "last blocking rule"):
            self.ruleset.blocking_ids.unlink()

    def test_nothing_compared(self):
        self.refused("compares nothing", comparison_ids=[])

    def test_thresholds_out_of_order(self):
        self.refused("order", merge_from=0.2)
        self.refused("order", review_from=0.0)
        self.refused("order", merge_from=1.0)
        self.refused("prior", prior=0.0)
        self.refused("prior", prior=1.0)

    def test_weights_outside(self):
        level = self.ruleset.comparison_ids[0].level_ids[0]
        for vals in ({"m": 1.0}, {"m": 0.0}, {"u": -0.1}, {"u": 1.5}):
            with (
                self.subTest(vals),
                self.assertRaisesRegex(ValidationError, "between 0 and 1"),
                self.env.cr.savepoint(),
            ):
                level.write(vals)

    def test_unknown_field_kind_and_transform(self):
        comparison = self.ruleset.comparison_ids[0]
        with self.assertRaisesRegex(ValidationError, "shoe_size"), self.env.cr.savepoint():
            comparison.column = "shoe_size"
        with self.assertRaisesRegex(ValidationError, "shoe_size"), self.env.cr.savepoint():
            self.ruleset.blocking_ids[0].column_2 = "shoe_size"
        with self.assertRaisesRegex(ValidationError, "shoe_size"), self.env.cr.savepoint():
            self.ruleset.veto_ids.columns = "shoe_size"
        with self.assertRaisesRegex(ValidationError, "unknown transform"), self.env.cr.savepoint():
            self.ruleset.blocking_ids[0].transform_1 = "backwards"
        with self.assertRaisesRegex(ValidationError, "in this order"), self.env.cr.savepoint():
            comparison.level_ids[0].name = "family"
        with self.assertRaisesRegex(ValidationError, "in this order"), self.env.cr.savepoint():
            comparison.level_ids[1].unlink()

    def test_weights_are_used_at_once(self):
        self.assertEqual(self.ruleset._engine()[0].comparisons[0].levels[0].m, 0.95)
        self.ruleset.comparison_ids[0].level_ids[0].m = 0.9
        self.assertEqual(self.ruleset._engine()[0].comparisons[0].levels[0].m, 0.9)
        self.ruleset.prior = 0.01
        self.assertEqual(self.ruleset._engine()[0].prior, 0.01)

    def test_estimate(self):
        """EM finds out from the data that a phone tells more than a city."""
        people = []
        for number in range(400):
            surname = "赵钱孙李周吴郑王冯陈褚卫"[number % 12]
            given = "伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚"[number % 20]
            second = "建国志文海春"[number // 20 % 6]
            people.append(
                {
                    "name": f"{surname}{second}{given}",
                    "phone": f"138{number * 7919 % 100000000:08d}",
                    "email": f"m{number}@mail.example",
                    "country_id": self.china.id,
                }
            )
        doubles = [{**vals, "email": False} for vals in people[::5]]
        self.env["res.partner"].create(people + doubles)
        before = self.ruleset.comparison_ids[0].level_ids.mapped("u")
        self.ruleset.with_user(self.boss).action_estimate()
        self.assertTrue(self.ruleset.estimated_on)
        phone = self.ruleset.comparison_ids[0].level_ids
        self.assertNotEqual(phone.mapped("u"), before)
        self.assertLess(phone[0].u, phone[0].m)
        self.assertLess(self.ruleset.prior, 0.01)
        self.ruleset.run_now()
        certain = self.env["crm.match.candidate"].search(
            [("ruleset_id", "=", self.ruleset.id), ("decision", "=", "merge")]
        )
        same = certain.filtered(lambda pair: pair.left_id.phone == pair.right_id.phone)
        self.assertEqual(certain, same)
        self.assertGreaterEqual(len(same), 76, "of 80 doubles")

    @users("identity_rep")
    def test_salesperson_reads_only(self):
        ruleset = self.ruleset.with_user(self.env.user)
        self.assertEqual(ruleset.name, "Story")
        for action in (
            lambda: ruleset.write({"prior": 0.1}),
            ruleset.action_find_duplicates,
            ruleset.action_estimate,
            ruleset.action_rebuild_keys,
            ruleset.run_now,
        ):
            with self.assertRaises(AccessError):
                action()

    def test_rule_set_of_another_company(self):
        self.ruleset.company_id = self.there
        rulesets = self.env["crm.match.ruleset"].with_user(self.rep).with_company(self.here)
        self.assertFalse(rulesets.search([("id", "=", self.ruleset.id)]))
        mine = self.partner("王伟", phone="13800138000", company_id=self.here.id)
        theirs = self.partner("王伟", phone="13800138000", company_id=self.there.id)
        self.assertNotIn(mine.id, self.ruleset._columns_of()["id"])
        self.assertIn(theirs.id, self.ruleset._columns_of()["id"])

    def test_copy(self):
        copy = self.ruleset.copy()
        self.assertEqual(copy.name, "Story (copy)")
        self.assertEqual(copy._spec(), self.ruleset._spec())
        self.assertFalse(copy.run_on)
