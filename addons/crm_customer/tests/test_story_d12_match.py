from odoo.tests import tagged

from .common_match import MatchCase


@tagged("post_install", "-at_install")
class TestStoryD12(MatchCase):
    """Story D12: given weights give these probabilities, through the whole ORM."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        phone = "13800138000"
        cls.wang = cls.partner("王伟", phone=phone, city="上海", street="南京路100号")
        cls.double = cls.partner("王伟", phone=phone, city=False, street=False)
        cls.lee = cls.partner("李娜", phone=phone)
        cls.namesake = cls.partner("王伟", email="w@one.example")
        cls.wife = cls.partner("王芳", phone=phone, city="上海", street="南京路100号")

    def check(self, weight, probability, decision, one, other):
        pair = self.pair(one, other)
        self.assertAlmostEqual(pair.weight, weight, 3)
        self.assertAlmostEqual(pair.probability, probability, 6)
        self.assertEqual((pair.decision, pair.state), (decision, "to_review"))
        return pair

    def check_story(self):
        self.check(10.7412, 0.999416, "merge", self.wang, self.double)
        self.check(-0.0653, 0.488682, "review", self.wang, self.lee)
        self.assertFalse(self.pair(self.double, self.namesake), "name only: 0.152672")
        household = self.check(5.2566, 0.974509, "review", self.wang, self.wife)
        self.assertEqual(household.veto, "given_name")
        bits = {row["field"]: row["weight"] for row in household.evidence}
        self.assertEqual(
            {name: round(weight, 3) for name, weight in bits.items()},
            {"phone": 13.214, "name": -3.315, "email": 0.0, "address": 5.322},
        )

    def test_changed_customers(self):
        self.run_queue()
        self.check_story()

    def test_all_customers(self):
        self.ruleset.run_now()
        self.check_story()

    def test_name_only(self):
        self.ruleset.review_from = 0.15
        self.ruleset.run_now()
        pair = self.pair(self.double, self.namesake)
        self.assertAlmostEqual(pair.probability, 0.152672, 6)

    def test_warning_while_typing(self):
        found = self.env["crm.match.ruleset"]._find_duplicates(
            "person", {"name": "王伟", "phone": "+86 138 0013 8000", "country_id": self.china}
        )
        self.assertEqual(found[0][0], self.wang)
        self.assertAlmostEqual(found[0][1], 0.999416, 6)
        chances = {partner: round(chance, 6) for partner, chance in found}
        self.assertEqual(chances[self.lee], 0.488682)
