import doctest

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..engine import cleaning as engine


@tagged("-at_install", "post_install")
class TestCleaning(BaseCase):
    def test_doctests(self):
        self.assertFalse(doctest.testmod(engine).failed)

    def test_cleaning_twice_changes_nothing_more(self):
        @given(st.text(max_size=30))
        def check(text):
            for clean in (engine.clean_text, engine.clean_email, engine.capitalise):
                once = clean(text)
                self.assertEqual(clean(once), once)

        check()

    def test_each_province_is_found_by_each_of_its_marks(self):
        for code, (name, postcodes, dialling) in engine.PROVINCES.items():
            self.assertEqual(engine.province(f"中国 {name}测试区 1 号"), code)
            for prefix in postcodes.split():
                self.assertEqual(engine.province(postcode=f"{prefix}0000"), code)
            for prefix in dialling.split():
                number = f"{prefix:0<4}" if len(prefix) == 4 else prefix
                self.assertEqual(engine.province(phone=f"{number}-87654321"), code)
                self.assertEqual(engine.province(phone=f"+86 {number[1:]} 8765 4321"), code)

    def test_nothing_is_guessed(self):
        for address, postcode, phone in (
            ("吉林路 8 号", "", ""),
            ("Main Street 1", "94110", "+1 415 555 2671"),
            ("", "", "13800138000"),
            ("", "", "+86 138 0013 8000"),
            ("", "", "400-820-8820"),
            ("", "200120", "010-65529988"),
            ("", "990000", ""),
        ):
            with self.subTest(address=address, postcode=postcode, phone=phone):
                self.assertIsNone(engine.province(address, postcode, phone))

    def test_an_address_outweighs_a_postcode(self):
        self.assertEqual(engine.province("江苏省苏州市", "200120", "021-12345678"), "JS")
        self.assertEqual(engine.province("上海市吉林路 8 号"), "SH")
