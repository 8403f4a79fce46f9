"""Story D12: weights, probabilities and decisions with given numbers."""

from odoo.tests import BaseCase, tagged

from ..engine.match import (
    Blocking,
    Comparison,
    Level,
    Ruleset,
    Veto,
    link,
    score_one,
    score_pair,
    weights,
)
from ..engine.match.score import prior_weight


def compare(field, kind, m, u):
    return Comparison(field, kind, (Level("exact", m, u), Level("else", 1 - m, 1 - u)))


RULES = Ruleset(
    comparisons=(
        compare("phone", "phone", 0.95, 0.0001),
        compare("name", "party", 0.90, 0.005),
        compare("email", "email", 0.85, 0.00001),
        compare("address", "address", 0.80, 0.02),
    ),
    blocking=(
        Blocking((("phone", "digits"),)),
        Blocking((("name", "pinyin"),)),
        Blocking((("address", "address"),)),
    ),
    prior=1 / 1000,
    merge=0.95,
    review=0.30,
    vetoes=(Veto("given_name", ("name",)),),
)
WANG = {"name": "王志强", "phone": "13800138000"}


@tagged("-at_install", "post_install")
class TestStoryD12(BaseCase):
    def pair(self, left, right):
        return score_pair(left, right, RULES)

    def test_weights(self):
        expected = {
            "phone": (13.2137, -4.3218),
            "name": (7.4919, -3.3147),
            "email": (16.3752, -2.7370),
            "address": (5.3219, -2.2928),
        }
        found = {c.field: tuple(round(w, 4) for w in weights(c)) for c in RULES.comparisons}
        self.assertEqual(found, expected)
        self.assertEqual(round(prior_weight(RULES), 4), -9.9643)

    def test_phone_and_name(self):
        evidence = self.pair(WANG, {"name": "王志強先生", "phone": "+86 138 0013 8000"})
        self.assertEqual(round(evidence.weight, 4), 10.7412)
        self.assertEqual(round(evidence.probability, 6), 0.999416)
        self.assertEqual(evidence.decision, "merge")
        self.assertIsNone(evidence.veto)
        self.assertEqual(
            [(field.field, field.level, round(field.weight, 4)) for field in evidence.fields],
            [
                ("phone", "exact", 13.2137),
                ("name", "exact", 7.4919),
                ("email", "missing", 0.0),
                ("address", "missing", 0.0),
            ],
        )

    def test_phone_only(self):
        evidence = self.pair(WANG, {"name": "李梅", "phone": "13800138000"})
        self.assertEqual(round(evidence.weight, 4), -0.0653)
        self.assertEqual(round(evidence.probability, 6), 0.488682)
        self.assertEqual(evidence.decision, "review")

    def test_name_only(self):
        evidence = self.pair({"name": "王志强"}, {"name": "王志强"})
        self.assertEqual(round(evidence.probability, 6), 0.152672)
        self.assertEqual(evidence.decision, "ignore")

    def test_household(self):
        """Phone and address agree: above the threshold, but another given name."""
        address = "上海市浦东新区张江路88号3幢501室"
        evidence = self.pair(
            {**WANG, "address": address},
            {"name": "王志刚", "phone": "13800138000", "address": "张江路88号3幢501室"},
        )
        self.assertEqual(round(evidence.weight, 4), 5.2566)
        self.assertEqual(round(evidence.probability, 6), 0.974509)
        self.assertGreater(evidence.probability, RULES.merge)
        self.assertEqual((evidence.decision, evidence.veto), ("review", "given_name"))

    def test_linked_at_once(self):
        """A table comes to the same decisions as single pairs, and merges only the first two."""
        columns = {
            "name": ["王志强", "王志強先生", "王志刚", "陈静"],
            "phone": ["13800138000", "+86 138 0013 8000", "13800138000", "13900000001"],
            "address": ["张江路88号", "", "张江路88号", "张江路88号"],
        }
        links = link(columns, RULES, estimate=False)
        found = {
            (int(a), int(b)): (round(float(p), 6), int(d))
            for a, b, p, d in zip(links.a, links.b, links.probability, links.decision, strict=True)
        }
        self.assertEqual(
            found, {(0, 1): (0.999416, 2), (0, 2): (0.974509, 1), (1, 2): (0.488682, 1)}
        )
        self.assertEqual(links.cluster.tolist(), [0, 0, 2, 3])

    def test_one_against_many(self):
        others = [{"name": "王志强"}, {"name": "王志强", "phone": "13800138000"}]
        found = score_one(WANG, others, RULES)
        self.assertEqual([evidence.decision for evidence in found], ["ignore", "merge"])
