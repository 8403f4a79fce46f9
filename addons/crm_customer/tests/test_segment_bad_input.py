from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common_segment import SegmentCase


@tagged("post_install", "-at_install")
class TestSegmentBadInput(SegmentCase):
    """What is refused on save, and with which words."""

    def assertRefused(self, words, *rows, **values):
        with self.assertRaisesRegex(ValidationError, words):
            self._segment(*rows, **values)

    def test_domain(self):
        leaf = {"kind": "attribute"}
        self.assertRefused("cannot be read", (0, {**leaf, "domain": "[('city', '='"}))
        self.assertRefused("cannot be read", (0, {**leaf, "domain": "[('user_id', '=', uid)]"}))
        self.assertRefused("no_such_field", (0, self._is([("no_such_field", "=", 1)])))

    def test_outline(self):
        city = self._is([("city", "=", "Shanghai")])
        self.assertRefused("row 2 is empty", (0, {"kind": "any"}), (0, city))
        self.assertRefused("Row 2 is indented", (1, city))
        with self.assertRaisesRegex(ValidationError, "has no condition"):
            self.env["crm.segment"].create({"name": "Empty"})

    def test_window(self):
        wrong = {"window": "dates", "date_from": "2026-05-01", "date_to": "2026-04-01"}
        self.assertRefused("before it begins", (0, self._did("met", **wrong)))
        self.assertRefused("first or last date", (0, self._did("met", window="dates")))
        self.assertRefused("one day or more", (0, self._did("met", window="days", days=0)))

    def test_behaviour(self):
        self.assertRefused("needs what they did", (0, {"kind": "behaviour"}))
        self.assertRefused("at least once", (0, self._did("met", min_count=0)))
        product = self.product_a.id
        self.assertRefused("knows no products", (0, self._did("met", product_id=product)))
        self.assertRefused("needs the segment", (0, {"kind": "segment"}))

    def test_circle(self):
        first = self._segment(name="First")
        second = self._segment((0, self._in(first)), name="Second")
        with self.assertRaisesRegex(ValidationError, "refer to itself"):
            first.condition_ids = self._rows((0, self._in(first)))
        with self.assertRaisesRegex(ValidationError, "refer to itself"):
            first.condition_ids = self._rows((0, self._in(second)))
        with self.assertRaisesRegex(ValidationError, "refer to itself"):
            first.excluded_segment_ids = second

    def test_circle_by_a_condition_alone(self):
        first = self._segment(name="First")
        second = self._segment((0, self._in(first)), name="Second")
        with self.assertRaisesRegex(ValidationError, "refer to itself"):
            first.condition_ids[0].write({"kind": "segment", "other_segment_id": second.id})

    def test_excluded_segment_is_not_deleted(self):
        first = self._segment(name="First")
        self._segment(name="Second", excluded_segment_ids=[(6, 0, first.ids)])
        with self.assertRaisesRegex(UserError, "Second"):
            first.unlink()
