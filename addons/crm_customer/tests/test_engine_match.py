import doctest
import importlib
import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import match
from ..engine.match import (
    KINDS,
    Blocking,
    Comparison,
    Frequencies,
    Level,
    Ruleset,
    Veto,
    blocking_keys,
    blocking_keys_many,
    default_ruleset,
    link,
    score_pair,
    terms,
    terms_many,
)
from ..engine.match.blocking import candidates, unpack
from ..engine.match.cluster import clusters
from ..engine.match.compare import finest, vetoed
from ..engine.match.defaults import comparison
from ..engine.match.estimate import Patterns, estimate_table, expect, log_likelihood, maximise
from ..engine.match.normalize import address, company, email, is_company, person, phone, plain
from ..engine.match.table import Table

MODULES = (
    "spec", "normalize", "bulk", "helper", "table", "compare", "blocking", "cluster", "estimate",
    "score", "link", "defaults", "regions",
)  # fmt: skip
NAMES = (
    "王志强", "王志刚", "王智强", "王强", "王先生", "王总", "Wang Zhiqiang", "Zhiqiang Wang",
    "欧阳娜娜",
    "John Smith", "Smith, John", "J. Smith", "Jon Smith", "Mr. John Smyth", "Bob Jones",
    "Robert Jones",
    "上海宏泰机械有限公司", "宏泰机械（上海）", "宏泰貿易公司", "Acme Tools Ltd",
    "ACME TOOLS, Inc.", "", "陈静",
)  # fmt: skip
PHONES = (
    "13800138000",
    "+86 138-0013-8000",
    "13800138001",
    "021-68881234",
    "02168881234",
    "",
    "110",
)
EMAILS = ("wang.zhiqiang@qq.com", "wangzhiqiang@163.com", "info@acme.com", "jo@acme.com", "x", "",
          "coolcat77@qq.com", "coolcat77@163.com", "cooolcat77@qq.com")  # fmt: skip
ADDRESSES = (
    "上海市浦东新区张江路88号3幢501室", "张江路88号3幢501室", "张江路８８号", "张江路90号", "",
    "12 Long Street", "12 Long St., Flat 3", "14 Short Road",
)  # fmt: skip
records = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NAMES),
        "phone": st.sampled_from(PHONES),
        "email": st.sampled_from(EMAILS),
        "address": st.sampled_from(ADDRESSES),
        "city": st.sampled_from(("上海", "上海市", "London", "")),
        "vat": st.sampled_from(("91310000MA1FL0QQ1X", "91310000MA1FL0QQ2X", "")),
    }
)
texts = st.text(st.characters(codec="utf-8"), max_size=24)


def columns_of(rows):
    return {field: [row[field] for row in rows] for field in rows[0]}


def customers(count, seed=7):
    """Customers with a second, slightly different entry for every third one."""
    draw = random.Random(seed)
    rows, truth = [], []
    for number in range(count):
        name = "".join(draw.choice("王李张刘陈杨赵黄周吴")) + "".join(
            draw.choices("伟芳娜敏静丽强磊军洋勇艳杰涛明超秀霞平刚", k=2)
        )
        row = {
            "name": name,
            "phone": f"13{draw.randrange(10**9):09d}",
            "email": f"{draw.randrange(36**6):x}{draw.randrange(99)}@qq.com",
            "address": f"上海市浦东新区张江路{draw.randrange(900)}号{draw.randrange(40)}室",
            "city": "上海",
            "vat": "",
        }
        rows.append(row)
        truth.append(number)
        if number % 3 == 0:
            again = dict(row, name=f"{name}先生", phone=f"+86 {row['phone']}")
            again[draw.choice(("email", "address"))] = ""
            rows.append(again)
            truth.append(number)
    return columns_of(rows), np.array(truth)


@tagged("-at_install", "post_install")
class TestMatch(BaseCase):
    def test_doctests(self):
        package = match.__name__
        for name in MODULES:
            result = doctest.testmod(importlib.import_module(f"{package}.{name}"))
            self.assertEqual(result.failed, 0, name)
        self.assertEqual(doctest.testmod(match).failed, 0)

    # -- properties ------------------------------------------------------------------------

    @settings(max_examples=200, deadline=None)
    @given(st.sampled_from(sorted(KINDS)), texts, texts)
    def test_any_text_is_compared_the_same_both_ways(self, kind, left, right):
        rules = Ruleset(
            (comparison("field", kind),), (Blocking((("field", "value"),)),), prior=0.01
        )
        table = Table({"field": [left, right]}, rules)
        a, b = np.array([0]), np.array([1])
        there = finest(table, rules.comparisons[0], a, b)
        back = finest(table, rules.comparisons[0], b, a)
        self.assertEqual(there.tolist(), back.tolist())
        self.assertIn(int(there[0]), range(-1, len(KINDS[kind])))

    @settings(max_examples=150, deadline=None)
    @given(records, records)
    def test_pairs_are_scored_the_same_both_ways(self, left, right):
        rules = default_ruleset()
        there, back = score_pair(left, right, rules), score_pair(right, left, rules)
        self.assertAlmostEqual(there.weight, back.weight, places=9)
        self.assertEqual((there.decision, there.veto), (back.decision, back.veto))

    @settings(max_examples=100, deadline=None)
    @given(records, records)
    def test_blocking_keys_meet_where_the_table_pairs(self, left, right):
        rules = default_ruleset()
        shared = set(blocking_keys(left, rules)) & set(blocking_keys(right, rules))
        pairs = candidates(Table(columns_of([left, right]), rules))
        self.assertEqual(bool(shared), len(pairs) == 1)
        self.assertEqual(blocking_keys(left, rules), blocking_keys(dict(left), rules))

    @settings(max_examples=60, deadline=None)
    @given(st.lists(records, min_size=2, max_size=12))
    def test_link_agrees_with_single_pairs(self, rows):
        rules = default_ruleset()
        columns = columns_of(rows)
        links = link(columns, rules, estimate=False)
        counts = {}
        for row in rows:
            for field, found in terms(row, rules).items():
                for name in found:
                    known = counts.setdefault(field, {})
                    known[name] = known.get(name, 0) + 1
        frequencies = Frequencies(len(rows), counts)
        for a, b, probability in zip(links.a, links.b, links.probability, strict=True):
            evidence = score_pair(rows[a], rows[b], rules, frequencies)
            self.assertAlmostEqual(evidence.probability, probability, places=9)

    @settings(max_examples=60, deadline=None)
    @given(st.lists(records, min_size=2, max_size=14))
    def test_no_cluster_holds_a_vetoed_pair(self, rows):
        rules = default_ruleset()
        links = link(columns_of(rows), rules, estimate=False)
        together = links.cluster[links.a] == links.cluster[links.b]
        self.assertFalse((together & (links.veto != -1)).any())
        table = Table(columns_of(rows), rules).count()
        for veto in rules.vetoes:
            found = vetoed(table, veto, links.a, links.b)
            self.assertFalse((found & (links.decision == 2)).any())

    @settings(max_examples=100, deadline=None)
    @given(st.data())
    def test_clusters_respect_vetoes_and_name_the_smallest(self, data):
        size = data.draw(st.integers(2, 9))
        a, b = np.triu_indices(size, 1)
        probability = np.array(
            data.draw(st.lists(st.floats(0, 1), min_size=len(a), max_size=len(a)))
        )
        forbidden = np.array(data.draw(st.lists(st.booleans(), min_size=len(a), max_size=len(a))))
        found = clusters(size, a, b, probability, forbidden)
        self.assertFalse((forbidden & (found[a] == found[b])).any())
        self.assertTrue((found <= np.arange(size)).all())
        self.assertTrue((found[found] == found).all())

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def test_em_increases_the_likelihood(self, seed):
        rng = np.random.default_rng(seed)
        levels = rng.integers(-1, 3, (40, 3))
        log_u = np.where(rng.random((40, 3)) < 0.2, np.log(rng.random((40, 3))), np.nan)
        found = Patterns(levels, log_u, rng.integers(1, 50, 40).astype(float),
                         rng.random(40) < 0.9, float(rng.integers(0, 10**6)))  # fmt: skip
        m, u = ([row / row.sum() for row in rng.random((3, 3)) + 0.05] for _ in range(2))
        start, prior = m, 0.01
        before = log_likelihood(found, m, u, prior, start)
        for _step in range(8):
            m, prior = maximise(found, expect(found, m, u, prior), start)
            after = log_likelihood(found, m, u, prior, start)
            self.assertGreaterEqual(after, before - 1e-6 * abs(before))
            before = after

    @settings(max_examples=300, deadline=None)
    @given(texts)
    def test_normal_forms_take_any_text(self, text):
        for parser in (person, company, address, phone, email, is_company, plain):
            parser(text)
        self.assertEqual(plain(plain(text)), plain(text))

    # -- rules that were agreed ------------------------------------------------------------

    def test_companies(self):
        core = company("上海宏泰机械有限公司")
        for same in (
            "宏泰机械（上海）",
            "上海市宏泰機械有限责任公司",
            "宏泰机械(上海)股份有限公司",
            "宏泰机械",
        ):
            self.assertEqual(company(same).text, core.text, same)
        self.assertNotEqual(company("上海宏泰贸易有限公司").text, core.text)
        self.assertEqual(company("Ａｃｍｅ　Tools GmbH & Co. KG").text, "acme tools")

    def test_a_role_mailbox_is_no_witness(self):
        rules = default_ruleset()
        evidence = score_pair(
            {"name": "王志强", "email": "info@qq.com"},
            {"name": "陈静", "email": "info@qq.com"},
            rules,
        )
        self.assertEqual(evidence.fields[2].level, "missing")

    def test_a_mailbox_made_from_the_name_is_no_second_witness(self):
        rules = default_ruleset()

        def level(left, right):
            pair = ({"name": "王志强", "email": left}, {"name": "王志强", "email": right})
            return score_pair(*pair, rules).fields[2].level

        self.assertEqual(level("wangzhiqiang@qq.com", "wangzhiqiang@163.com"), "missing")
        self.assertEqual(level("coolcat77@qq.com", "coolcat77@163.com"), "local")
        self.assertEqual(level("wangzhiqiang@qq.com", "wangzhiqiang@qq.com"), "exact")

    def test_a_phone_of_many_is_no_witness(self):
        rules = default_ruleset()
        left = {"name": "王志强", "phone": "02168881234"}
        right = {"name": "陈静", "phone": "021-68881234"}
        few = Frequencies(1000, {"phone": {"digits=2168881234": 2}})
        many = Frequencies(1000, {"phone": {"digits=2168881234": 40}})
        self.assertEqual(score_pair(left, right, rules, few).fields[1].level, "exact")
        self.assertEqual(score_pair(left, right, rules, many).fields[1].level, "missing")

    def test_rare_names_weigh_more(self):
        rules = default_ruleset()
        rare = Frequencies(100_000, {"name": {"text=王伟": 2}})
        common = Frequencies(100_000, {"name": {"text=王伟": 900}})
        pair = ({"name": "王伟"}, {"name": "王伟"})
        difference = score_pair(*pair, rules, rare).weight - score_pair(*pair, rules, common).weight
        self.assertAlmostEqual(difference, np.log2(899), places=6)

    def test_two_tax_numbers_are_two_customers(self):
        rules = default_ruleset()
        left = {"name": "宏泰机械", "phone": "02168881234", "email": "a.b@hongtai.cn", "vat": "111"}
        evidence = score_pair(left, {**left, "vat": "222"}, rules)
        self.assertEqual((evidence.decision, evidence.veto), ("review", "identifier"))

    def test_a_title_goes_to_the_better_of_two_relatives(self):
        """Two members of a household claim "王先生"; only the one with his mailbox gets him."""
        home = {"phone": "13800138000", "address": "张江路88号3幢501室"}
        rows = [
            {"name": "王志强", "email": "coolcat77@qq.com", **home},
            {"name": "王建国", "email": "", **home},
            {"name": "王先生", "email": "coolcat77@qq.com", **home},
            {"name": "王先生", "email": "", **home},
        ]
        columns, _truth = customers(300)
        columns = {
            field: [row.get(field, "") for row in rows] + values
            for field, values in columns.items()
        }
        links = link(columns, default_ruleset(), estimate=False)
        self.assertEqual(links.cluster[:4].tolist(), [0, 1, 0, 3])

    def test_estimation_finds_the_duplicates(self):
        columns, truth = customers(600)
        rules = default_ruleset()
        links = link(columns, rules)
        expected = {}
        wanted = [expected.setdefault(owner, row) for row, owner in enumerate(truth)]
        self.assertEqual(links.cluster.tolist(), wanted)
        self.assertAlmostEqual(links.ruleset.prior * 800 * 799 / 2, 200, delta=10)
        name = links.ruleset.comparisons[0]
        self.assertGreater(name.levels[0].m, 0.9)
        self.assertEqual(links.ruleset.comparisons[5], rules.comparisons[5], "vat is empty")

    def test_estimation_is_repeatable(self):
        columns, _truth = customers(200)
        rules = default_ruleset()
        tables = [Table(columns, rules).count() for _time in range(2)]
        first, second = (estimate_table(table, candidates(table), seed=3) for table in tables)
        self.assertEqual(first, second)

    def test_many_at_once_are_as_one_by_one(self):
        columns, _truth = customers(40)
        rules = default_ruleset()
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        self.assertEqual(
            blocking_keys_many(columns, rules), [blocking_keys(r, rules) for r in rows]
        )
        found = terms_many(columns, rules)
        self.assertEqual([terms(row, rules)["name"] for row in rows], found["name"])
        self.assertTrue(all(len(key) <= 60 for row in rows for key in blocking_keys(row, rules)))

    def test_huge_blocks_are_left_out(self):
        rules = Ruleset((comparison("city", "exact"),), (Blocking((("city", "value"),)),), 0.01)
        table = Table({"city": ["上海"] * 1000 + ["北京"] * 3}, rules)
        a, b = unpack(candidates(table))
        self.assertEqual(sorted(zip(a.tolist(), b.tolist(), strict=True)),
                         [(1000, 1001), (1000, 1002), (1001, 1002)])  # fmt: skip

    def test_empty_tables(self):
        rules = default_ruleset()
        for columns in ({}, {"name": []}, {"name": ["王志强"]}, {"name": ["", None, False]}):
            links = link(columns, rules)
            self.assertEqual(len(links.a), 0)
            self.assertEqual(links.ruleset, rules)
        self.assertEqual(blocking_keys({}, rules), [])

    # -- bad input -------------------------------------------------------------------------

    def test_refused(self):
        name = comparison("name", "name")
        block = (Blocking((("name", "pinyin"),)),)
        level, other = Level("exact", 0.9, 0.1), Level("else", 0.1, 0.9)
        cases = {
            "at least one blocking rule": lambda: Ruleset((name,), (), 0.01),
            "at least one comparison": lambda: Ruleset((), block, 0.01),
            "m must lie between 0 and 1": lambda: Level("exact", 1.0, 0.1),
            "u must lie between 0 and 1": lambda: Level("exact", 0.5, 0.0),
            "the prior must lie": lambda: Ruleset((name,), block, 1.0),
            "thresholds must be in the order": lambda: Ruleset(
                (name,), block, 0.01, merge=0.5, review=0.6
            ),
            "unknown kind": lambda: Comparison("name", "smell", (level, other)),
            "in this order": lambda: Comparison("name", "name", (other, level)),
            "unknown transform": lambda: Blocking((("name", "nonsense"),)),
            "needs at least one part": lambda: Blocking(()),
            "unknown veto": lambda: Veto("taste", ("name",)),
            "needs a field": lambda: Veto("identifier", ()),
            "not 'horse'": lambda: default_ruleset("horse"),
            "2 values, but 1 records": lambda: link(
                {"name": ["a"], "phone": ["1", "2"]}, default_ruleset()
            ),
        }  # fmt: skip
        for text, make in cases.items():
            with self.assertRaisesRegex(ValueError, text):
                make()
