from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import chain, substitutes, voting

people = st.integers(0, 5)
payloads = st.lists(
    st.dictionaries(st.sampled_from(["kind", "reason", "user"]), st.text() | st.integers()),
    min_size=1,
    max_size=6,
)


def build(contents):
    """Return the rows of a good log with these contents."""
    rows, head = [], ""
    for number, content in enumerate(contents, 1):
        payload = {**content, "seq": number}
        digest = chain.digest(payload, head)
        rows.append((payload, head, digest))
        head = digest
    return rows


@tagged("at_install")
class TestEngine(BaseCase):
    """Chain, substitutes and votes, without a database."""

    @given(payloads)
    def test_untouched_log(self, contents):
        self.assertIsNone(chain.first_broken(build(contents)))

    @given(payloads, st.data())
    def test_a_changed_row_is_the_first_broken(self, contents, data):
        rows = build(contents)
        number = data.draw(st.integers(0, len(rows) - 1))
        payload, previous, digest = rows[number]
        rows[number] = ({**payload, "added": 1}, previous, digest)
        self.assertEqual(chain.first_broken(rows), number)

    @given(payloads, st.data())
    def test_a_rewritten_row_breaks_the_next(self, contents, data):
        """Who also computes the hash of the row anew is found at the row after it."""
        rows = build([*contents, {"kind": "end"}])
        number = data.draw(st.integers(0, len(rows) - 2))
        payload, previous, _digest = rows[number]
        payload = {**payload, "added": 1}
        rows[number] = (payload, previous, chain.digest(payload, previous))
        self.assertEqual(chain.first_broken(rows), number + 1)

    @given(payloads, st.data())
    def test_a_removed_row(self, contents, data):
        rows = build([*contents, {"kind": "end"}])
        number = data.draw(st.integers(0, len(rows) - 2))
        del rows[number]
        self.assertEqual(chain.first_broken(rows), number)

    # ------------------------------------------------------------------

    @given(st.lists(st.tuples(people, people, st.integers(1, 9), st.integers(0, 4)), max_size=8))
    def test_no_circle_on_any_day(self, proposals):
        """When every proposal that closes a circle is refused, no day ever has one."""
        rows = []
        for absent, substitute, start, length in proposals:
            row = (absent, substitute, start, start + length)
            if absent != substitute and not substitutes.circle(row, rows):
                rows.append(row)
        for day in range(1, 14):
            pairs = [(a, s) for a, s, first, last in rows if first <= day <= last]
            for absent, substitute in pairs:
                # Were there a circle, the absent person would stand in for his own substitute.
                self.assertNotIn(substitute, substitutes.represented_by(absent, pairs))

    @given(people, st.lists(st.tuples(people, people), max_size=10))
    def test_everybody_represents_himself(self, person, pairs):
        found = substitutes.represented_by(person, pairs)
        self.assertIn(person, found)
        for absent, substitute in pairs:
            if substitute in found:
                self.assertIn(absent, found)

    # ------------------------------------------------------------------

    @given(st.sets(people, min_size=1), st.integers(1, 6), st.permutations(range(6)))
    def test_number_is_exact(self, candidates, needed, order):
        """With distinct persons the step closes at the needed one, neither before nor after."""
        if not voting.can_finish("count", needed, candidates):
            self.assertLess(len(candidates), needed)
            return
        approvals = []
        for person in [one for one in order if one in candidates]:
            if not voting.still_open("count", needed, candidates, approvals):
                break
            approvals.append((person, {person}))
        self.assertEqual(len(approvals), needed)

    @given(st.sets(people, min_size=1), st.sets(people))
    def test_all_means_all(self, candidates, said_yes):
        approvals = [(person, {person}) for person in said_yes & candidates]
        left = voting.still_open("all", 0, candidates, approvals)
        self.assertEqual(left, candidates - said_yes)
