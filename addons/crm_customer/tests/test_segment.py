from odoo.tests import tagged

from .common_segment import SegmentCase


@tagged("post_install", "-at_install")
class TestSegment(SegmentCase):
    """Who is a member: exact sets."""

    def test_attribute(self):
        segment = self._segment((0, self._is([("city", "=", "Shanghai")])))
        self.assertMembers(segment, self.ann | self.bob)

    def test_attribute_not(self):
        segment = self._segment((0, self._is([("city", "=", "Shanghai")], negate=True)))
        self.assertMembers(segment, self.cid | self.dora | self.eva)

    def test_nested_groups(self):
        segment = self._segment(
            (0, {"kind": "any"}),
            (1, {"kind": "all"}),
            (2, self._is([("city", "=", "Shanghai")])),
            (2, self._did("invoiced", min_count=2)),
            (1, {"kind": "none"}),
            (2, self._is([("city", "=", "Shanghai")])),
            (2, self._did("invoiced")),
            (2, self._did("met")),
        )
        self.assertMembers(segment, self.bob | self.dora)

    def test_window(self):
        segment = self._segment((0, self._did("invoiced", window="days", days=90)))
        self.assertMembers(segment, self.ann | self.bob)

    def test_fixed_window(self):
        window = {"window": "dates", "date_from": self._ago(210), "date_to": self._ago(190)}
        segment = self._segment((0, self._did("invoiced", **window)))
        self.assertMembers(segment, self.bob | self.cid)

    def test_did_not(self):
        gone = self._did("invoiced", window="days", days=90, negate=True)
        segment = self._segment((0, self._did("invoiced")), (0, gone))
        self.assertMembers(segment, self.cid)

    def test_credit_notes_reduce_the_amount_and_are_no_purchase(self):
        amount = self._segment((0, self._did("invoiced", min_amount=600)))
        self.assertMembers(amount, self.bob | self.cid)
        times = self._segment((0, self._did("invoiced", min_count=2)))
        self.assertMembers(times, self.bob)

    def test_product_and_category(self):
        self._invoice(self.dora, 50, 3, product=self.product_b)
        segment = self._segment((0, self._did("invoiced", product_id=self.product_b.id)))
        self.assertMembers(segment, self.dora)
        category = self.env["product.category"].create({"name": "Special"})
        self.product_b.categ_id = category
        segment = self._segment((0, self._did("invoiced", category_id=category.id, min_amount=50)))
        self.assertMembers(segment, self.dora)

    def test_every_behaviour_is_a_valid_query(self):
        for kind in self.env["crm.segment.behaviour"]._behaviours():
            segment = self._segment((0, self._did(kind, window="days", days=30, min_count=1)))
            self.assertFalse(segment.error, kind)

    def test_meeting_mail_order_opportunity(self):
        self.assertMembers(self._segment((0, self._did("met", window="days"))), self.eva)
        self.dora.message_post(body="Question", message_type="email", author_id=self.dora.id)
        self.assertMembers(self._segment((0, self._did("answered"))), self.dora)
        self.cid.message_post(body="Offer", message_type="comment", partner_ids=self.cid.ids)
        self.assertMembers(self._segment((0, self._did("mailed"))), self.cid)
        line = {"product_id": self.product_a.id, "price_unit": 10}
        order = self.env["sale.order"].create(
            {"partner_id": self.eva.id, "order_line": [(0, 0, line)]}
        )
        self.assertMembers(self._segment((0, self._did("quoted"))), self.eva)
        self.assertMembers(self._segment((0, self._did("ordered"))), self.env["res.partner"])
        order.action_confirm()
        self.assertMembers(self._segment((0, self._did("ordered"))), self.eva)
        lead = self.env["crm.lead"].create(
            {"name": "Deal", "type": "opportunity", "partner_id": self.bob.id}
        )
        lead.action_set_won()
        self.assertMembers(self._segment((0, self._did("won"))), self.bob)

    def test_paid_late(self):
        for partner, due in ((self.dora, 30), (self.eva, 0)):
            invoice = self._invoice(partner, 100, 60)
            # Without payment terms Odoo makes an invoice due on the day it is entered.
            invoice.invoice_date_due = self._ago(due)
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=invoice.ids
            ).create({})._create_payments()
        self.assertMembers(self._segment((0, self._did("paid_late"))), self.dora)

    def test_contact_counts_for_its_company(self):
        contact = self.env["res.partner"].create({"name": "Contact", "parent_id": self.dora.id})
        self._invoice(contact, 10, 1)
        segment = self._segment((0, self._did("invoiced", window="days", days=3)))
        self.assertMembers(segment, self.dora)
        self.assertEqual(contact.segment_ids, segment)
        found = self.env["res.partner"].search([("segment_ids", "in", segment.ids)])
        self.assertEqual(found, self.dora | contact)

    def test_set_operations(self):
        south = self._segment((0, self._is([("city", "=", "Shanghai")])), name="South")
        buyers = self._segment((0, self._did("invoiced")), name="Buyers")
        both = self._segment((0, self._in(south)), (0, self._in(buyers)))
        self.assertMembers(both, self.ann | self.bob)
        either = self._segment((0, {"kind": "any"}), (1, self._in(south)), (1, self._did("met")))
        self.assertMembers(either, self.ann | self.bob | self.eva)
        less = self._segment((0, self._in(buyers)), (0, self._in(south, negate=True)))
        self.assertMembers(less, self.cid)

    def test_exclusions(self):
        buyers = self._segment((0, self._did("invoiced", min_amount=1000)))
        segment = self._segment(
            excluded_segment_ids=[(6, 0, buyers.ids)], excluded_partner_ids=[(6, 0, self.eva.ids)]
        )
        self.assertMembers(segment, self.ann | self.bob | self.dora)

    def test_static_list(self):
        segment = self.env["crm.segment"].create(
            {"name": "List", "kind": "static", "static_partner_ids": [(6, 0, self.ann.ids)]}
        )
        segment.action_refresh()
        self.assertMembers(segment, self.ann)
        segment.static_partner_ids = self.bob | self.cid
        segment.action_refresh()
        self.assertMembers(segment, self.bob | self.cid)

    def test_search_segment_ids(self):
        segment = self._segment((0, self._did("met")), name="Visited lately")
        partners = self.env["res.partner"]
        mine = [("id", "in", self.customers.ids)]
        for leaf in (
            ("segment_ids", "in", segment.ids),
            ("segment_ids", "=", "Visited lately"),
            ("segment_ids", "ilike", "visited"),
            ("segment_ids", "!=", False),
            ("segment_ids.name", "=", "Visited lately"),
        ):
            self.assertEqual(partners.search([*mine, leaf]), self.eva, leaf)
        others = self.customers - self.eva
        for leaf in (("segment_ids", "not in", segment.ids), ("segment_ids", "=", False)):
            self.assertEqual(partners.search([*mine, leaf]), others, leaf)

    def test_count_before_saving(self):
        rows = self._rows((0, self._is([("category_id", "in", self.tag.ids)])))
        met = self._rows((0, self._did("met")))
        segments = self.env["crm.segment"]
        found = segments.live_count({"kind": "dynamic", "condition_ids": rows + met})
        self.assertEqual(found, {"count": 1, "sample": "eva", "error": ""})
        found = segments.live_count({"kind": "dynamic", "condition_ids": []})
        self.assertIn("has no condition", found["error"])
        found = segments.live_count({"condition_ids": self._rows((0, {"kind": "segment"}))})
        self.assertIn("needs the segment", found["error"])

    def test_count_of_changes_before_saving(self):
        segment = self._segment((0, self._did("invoiced")), (0, self._did("met")))
        first, last = segment.condition_ids[1:]
        commands = [(1, last.id, {"behaviour": "invoiced", "min_count": 2}), (2, first.id)]
        self.assertEqual(segment.live_count({"condition_ids": commands})["sample"], "bob")
        excluded = [(6, 0, self.bob.ids)]
        found = segment.live_count({"condition_ids": commands, "excluded_partner_ids": excluded})
        self.assertEqual(found["count"], 0)
        self.assertEqual(last.behaviour, "met")

    def test_sentence(self):
        segment = self._segment((0, self._did("invoiced", min_count=3, window="days", days=90)))
        self.assertIn("bought (invoiced) at least 3 times in the last 90 days", segment.sentence)
        self.assertIn(" and ", segment.sentence)
        chinese = segment.with_context(lang="zh_CN").sentence
        self.assertIn("最近 90 天内 购买过（已开票） 至少 3 次", chinese)

    def test_sentence_of_groups(self):
        city = [self._is([("city", "=", name)]) for name in "ABCDE"]
        rows = [(0, {"kind": "any"}), (1, city[0]), (1, city[1]), (0, {"kind": "none"})]
        rows += [(1, city[2]), (1, city[3]), (0, {"kind": "any"}), (1, city[4])]
        segment = self._segment()
        segment.condition_ids = [(5,), *self._rows(*rows)]
        self.assertEqual(
            segment.sentence,
            'Customers: (City is "A" or City is "B") and '
            '(none of: City is "C" or City is "D") and City is "E"',
        )

    def test_inactive_and_other_companys_customers_are_no_members(self):
        other = self.setup_other_company(name="Third Company")["company"]
        self.ann.active = False
        self.bob.company_id = other
        segment = self._segment()
        self.assertMembers(segment, self.cid | self.dora | self.eva)

    def test_events_of_other_companies_do_not_count(self):
        other = self.setup_other_company(name="Third Company")
        self.env["account.move"].search(
            [("partner_id", "=", self.cid.id), ("move_type", "=", "out_invoice")]
        )
        theirs = self._segment((0, self._did("invoiced")), company_id=other["company"].id)
        self.assertMembers(theirs, self.env["res.partner"])
        everywhere = self._segment((0, self._did("invoiced")), company_id=False)
        self.assertMembers(everywhere, self.ann | self.bob | self.cid)
