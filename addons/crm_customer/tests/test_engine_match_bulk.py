"""What is done for whole columns gives what is done one by one."""

import random
from collections import Counter
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine.match import (
    bulk,
    cluster,
    common_terms,
    compare,
    default_ruleset,
    helper,
    link,
    score_one,
    score_rows,
    terms_many,
)
from ..engine.match.blocking import blocks, keys_of, limited_codes
from ..engine.match.normalize import PARSERS, plain
from ..engine.match.spec import Frequencies
from ..engine.match.table import Table
from .test_engine_match import customers

PIECES = (
    "王", "李", "强", "欧阳", "司马", "诸", "先生", "总经理", "总", "公司", "有限公司", "股份",
    "学校", "上海", "上海市", "浦东新区", "小区", "社区", "县", "张江路", "88号", "3幢",
    "单元", "单", "元",
    "501室", "機", "Ａ", "１", "é", "ß", "·", "ǚ", "\n", "\t", "\u3000", "\0", "٣", "あ",
    "\U00020000", "john", "Smith", "lv", "mr", "Ltd", "wang", "st", "street", "flat", "12", "0086",
    "+86", "86",
    "138", "00", "@", "info", "a.b", "gmail.com", "googlemail.com", "qq.com", "acme.cn", ".", "+",
    "x", "转", "#", ",", ";", "/", "-", "'", '"', "<", "(", ")", "（", "&", " ",
)  # fmt: skip
ALPHABETS = (
    "王李张强伟公司学总",
    "0123456789+-() ",
    "ab.@+ gmailqc",
    "上海市区小社号楼单元12室路县",
)


def some_texts(seed, size=700):
    """Texts of all sorts, most of them with something unusual."""
    draw = random.Random(seed)
    texts = ["".join(draw.choices(PIECES, k=draw.randrange(7))) for _number in range(size)]
    for alphabet in ALPHABETS:
        texts += ["".join(draw.choices(alphabet, k=draw.randrange(20))) for _number in range(size)]
    return list(dict.fromkeys(texts))


def spelt(forms):
    """The values of each row, from values and codes of each form."""
    return list(zip(*([[*v, ""][code] for code in codes] for v, codes in forms), strict=True))


@tagged("-at_install", "post_install")
class TestMatchBulk(BaseCase):
    @settings(max_examples=15, deadline=None)
    @given(st.integers(0, 2**32))
    def test_plain_texts(self, seed):
        texts = some_texts(seed)
        self.assertGreater(len(texts), bulk.MANY)
        self.assertEqual(bulk.plain_many(texts), list(map(plain, texts)))

    @settings(max_examples=10, deadline=None)
    @given(st.integers(0, 2**32))
    def test_parsers(self, seed):
        texts = list(dict.fromkeys(map(plain, some_texts(seed))))
        for parser, (function, _names) in PARSERS.items():
            wanted = [tuple(function(text)) for text in texts]
            with patch.object(bulk, "PORTION", 500):
                self.assertEqual(spelt(bulk.parse(parser, texts)), wanted, parser)

    @settings(max_examples=30, deadline=None)
    @given(st.integers(0, 2**32), st.integers(1, 9), st.booleans(), st.booleans())
    def test_cuts(self, seed, size, end, ascii_only):
        texts = some_texts(seed)
        if ascii_only:
            texts = [text for text in texts if text.isascii()]
        wanted = [text[:size] for text in texts]
        if end:
            wanted = [text[-size:] if len(text) >= size else "" for text in texts]
        self.assertEqual([found for (found,) in spelt([bulk.cut(texts, size, end)])], wanted)

    def test_a_cut_of_a_cut(self):
        texts = [str(number) for number in range(1000, 3000)]
        once, _codes = bulk.cut(texts, 3, end=True)
        self.assertEqual(len(once), 1000)
        twice, codes = bulk.cut(once, 2, end=False)
        self.assertEqual([list(twice)[code] for code in codes], [text[:2] for text in once])

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.text("ab王12", max_size=9), min_size=2, max_size=40), st.integers(1, 2))
    def test_signatures_never_hide_a_small_distance(self, texts, cutoff):
        column = Table({"vat": texts}, default_ruleset()).form("vat", "identifier", "value")
        a, b = np.triu_indices(len(texts), 1)
        found = {}
        for worth in (0, 10**9):
            with patch.object(compare, "WORTH", worth):
                found[worth] = [
                    np.minimum(compare._distance(column, a, b, cutoff), cutoff + 1).tolist(),
                    compare._ratio(column, a, b, 0.6).tolist(),
                ]
        self.assertEqual(found[0], found[10**9])

    @settings(max_examples=100, deadline=None)
    @given(
        st.lists(
            st.tuples(st.integers(0, 7), st.integers(0, 7), st.floats(0.3, 0.999), st.booleans()),
            max_size=20,
        )
    )
    def test_whole_components_are_joined_as_step_by_step(self, drawn):
        pairs = {(min(a, b), max(a, b)): (p, veto and p < 0.5) for a, b, p, veto in drawn if a != b}
        a, b = (np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1))
        probability = np.array([p for p, _veto in pairs.values()])
        vetoed = np.array([veto for _p, veto in pairs.values()], bool)
        quick = cluster.clusters(8, a, b, probability, vetoed)
        none = np.zeros_like
        with patch.object(cluster, "_all_alike", lambda *args: none(args[2], dtype=bool)):
            self.assertEqual(
                quick.tolist(), cluster.clusters(8, a, b, probability, vetoed).tolist()
            )

    def test_names_in_another_interpreter(self):
        texts = list(map(plain, some_texts(3)))
        wanted = spelt(bulk.parse("party", texts))
        self.assertEqual(spelt(helper.parse_elsewhere("party", texts)()), wanted)
        with patch.object(helper.sys, "executable", "/nowhere/python"):
            self.assertEqual(spelt(helper.parse_elsewhere("party", texts)()), wanted)
        with patch.object(helper, "__file__", "/nowhere/helper.py"):
            self.assertEqual(spelt(helper.parse_elsewhere("party", texts)()), wanted)

    def test_two_processors_find_the_same(self):
        columns, _truth = customers(600)
        one = link(columns, default_ruleset())
        with patch.object(helper, "WORTH", 1):
            two = link(columns, default_ruleset(), workers=2)
        self.assertGreater(len(one.a), 100)
        for name in ("a", "b", "probability", "decision", "veto", "cluster"):
            self.assertEqual(getattr(one, name).tolist(), getattr(two, name).tolist(), name)
        self.assertEqual(one.ruleset, two.ruleset)

    def test_rows_of_a_table_are_scored_as_records(self):
        columns, _truth = customers(60)
        rules = default_ruleset()
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        table = Table(columns, rules).count().prepare(1)
        frequencies = Frequencies(table.size, common_terms(table, 1000))
        a, b = np.zeros(40, int), np.arange(1, 41)
        self.assertEqual(
            score_rows(table.count(frequencies), a, b, columns),
            score_one(rows[0], rows[1:41], rules, frequencies),
        )

    def test_common_terms(self):
        columns, _truth = customers(500)
        rules = default_ruleset()
        found = common_terms(Table(columns, rules), 10**6)
        for field, rows in terms_many(columns, rules).items():
            counter = Counter(term for row in rows for term in row)
            self.assertEqual(
                found[field], {term: count for term, count in counter.items() if count > 1}, field
            )
        few = common_terms(Table(columns, rules), 3)["name"]
        self.assertEqual(len(few), 3)
        self.assertEqual(sorted(few.values()), sorted(found["name"].values())[-3:])

    def test_blocks_hold_whom_the_keys_name(self):
        columns, _truth = customers(300)
        table = Table(columns, default_ruleset())
        keys = keys_of(table)
        for number, rule in enumerate(table.ruleset.blocking):
            mine = [{k for k in row if k.startswith(f"{number}:")} for row in keys]
            wanted = Counter(key for row in mine for key in row)
            codes = limited_codes(table, rule)
            for row, code in enumerate(codes.tolist()):
                same = wanted[next(iter(mine[row]))] if mine[row] else 0
                expected = same if 1 < same <= 400 else 0
                self.assertEqual((codes == code).sum() if code >= 0 else 0, expected)

    def test_the_largest_blocks_go_when_a_rule_gives_too_many_pairs(self):
        values = [f"v{number % 10}" for number in range(900)] + ["a", "a"]
        table = Table({"city": values}, default_ruleset())
        rule = default_ruleset().blocking[3]
        rule = type(rule)((("city", "value"),))
        rows, starts = blocks(table, rule, per_record=1)
        self.assertEqual((rows.tolist(), starts.tolist()), ([900, 901], [0]))
        self.assertEqual(len(blocks(table, rule, per_record=100)[1]), 11)
