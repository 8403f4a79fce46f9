import doctest

from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged

from ..tools import number
from ..tools.number import posted_amount


@tagged("-at_install", "post_install")
class TestPortalNumber(TransactionCase):
    """Amounts that were posted: one parser for deals, leads and funds."""

    def test_examples(self):
        self.assertEqual(doctest.testmod(number).failed, 0)

    def test_answers(self):
        self.assertEqual(posted_amount(self.env, " 16,000.50 "), 16000.5)
        self.assertEqual(posted_amount(self.env, None, required=False), 0)
        self.assertEqual(posted_amount(self.env, "0"), 0)
        for text in ("1,5", "12,34,567", "nan", "1e9", "0x10", "-1", "1" * 13, "<b>1</b>"):
            with self.subTest(text), self.assertRaisesRegex(UserError, "no amount.*12,345.67"):
                posted_amount(self.env, text, required=False)
        for text in ("0", "", "0.0"):
            with self.subTest(text), self.assertRaisesRegex(UserError, "greater than zero"):
                posted_amount(self.env, text, positive=True)

    def test_signed_where_asked_for(self):
        for text in ("-12.5", "\u221212.5", "－１２.５", " -12.50 "):
            with self.subTest(text):
                self.assertEqual(posted_amount(self.env, text, signed=True), -12.5)
        self.assertEqual(posted_amount(self.env, "12.5", signed=True), 12.5)
        for text in ("--1", "-", "1-", "- ,5", "-nan", "-1e3", "+5"):
            with self.subTest(text), self.assertRaisesRegex(UserError, "no amount"):
                posted_amount(self.env, text, signed=True)
