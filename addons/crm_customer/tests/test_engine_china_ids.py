import doctest
import random

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import china_ids as ids

BODY = st.text(st.sampled_from(ids.USCC_ALPHABET), min_size=9, max_size=9)
DIVISION = st.from_regex(r"[0-9]{6}", fullmatch=True)


@tagged("post_install", "-at_install")
class TestChinaIds(BaseCase):
    def test_doctests(self):
        self.assertEqual(doctest.testmod(ids).failed, 0)

    def test_codes_of_the_standards(self):
        self.assertTrue(ids.uscc_is_valid("91350100M000100Y43"))
        self.assertTrue(ids.id_card_is_valid("11010519491231002X"))
        self.assertTrue(ids.id_card_is_valid("440524188001010014"))

    @given(division=DIVISION, body=BODY)
    def test_one_wrong_character_is_found(self, division, body):
        body = "91" + division + body
        code = body + ids.uscc_check_digit(body)
        self.assertTrue(ids.uscc_is_valid(code))
        place = random.Random(code).randrange(8, 18)
        for char in ids.USCC_ALPHABET:
            wrong = code[:place] + char + code[place + 1 :]
            self.assertEqual(ids.uscc_is_valid(wrong), wrong == code)

    @given(
        day=st.dates(),
        division=st.sampled_from(sorted(ids.PROVINCES)),
        serial=st.integers(0, 999),
        place=st.integers(14, 16),
        digit=st.integers(0, 9),
    )
    def test_id_card(self, day, division, serial, place, digit):
        body = f"{division}0101{day.year:04d}{day:%m%d}{serial:03d}"
        number = body + ids.id_card_check_digit(body)
        self.assertTrue(ids.id_card_is_valid(number))
        wrong = number[:place] + str(digit) + number[place + 1 :]
        self.assertEqual(ids.id_card_is_valid(wrong), wrong == number)
        self.assertFalse(ids.id_card_is_valid(number[:-1]))

    @given(st.text())
    def test_any_text(self, text):
        self.assertIn(ids.uscc_is_valid(text), (True, False))
        self.assertIn(ids.id_card_is_valid(text), (True, False))
        self.assertEqual(
            ids.normalise_domain(ids.normalise_domain(text)), ids.normalise_domain(text)
        )
