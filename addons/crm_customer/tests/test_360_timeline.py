from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.crm_customer.engine.interaction import Source

from .common_360 import Customer360Case


@tagged("post_install", "-at_install")
class TestTimeline(Customer360Case):
    """One timeline of the whole customer, newest first, of what the reader may read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls._create_story()
        cls.env.invalidate_all()

    EXPECTED = [
        "activity",
        "meeting",
        "call",
        "payment",
        "credit_note",
        "invoice",
        "order",
        "quotation",
        "mail",
        "mail",
        "opportunity",
    ]

    def test_everything_newest_first(self):
        self.assertEqual(self.kinds(), self.EXPECTED)
        self.assertEqual(self.kinds(partner=self.chen), self.EXPECTED)

    def test_rows(self):
        rows = {row["kind"]: row for row in self.timeline()["rows"]}
        invoice = rows["invoice"]
        self.assertEqual(
            (invoice["open_model"], invoice["open_id"]), ("account.move", self.invoice.id)
        )
        self.assertEqual(invoice["amount"], 1000)
        self.assertEqual(invoice["title"], self.invoice.name)
        self.assertEqual(invoice["user_name"], "Wang")
        self.assertEqual(invoice["day"], str(self.day(20)))
        self.assertEqual(invoice["currency"], self.company.currency_id.id)
        self.assertEqual(rows["credit_note"]["amount"], -150)
        self.assertEqual(rows["payment"]["amount"], 850)
        self.assertEqual(rows["quotation"]["contact_name"], "Chen Fang")
        self.assertEqual(rows["activity"]["state"], "planned")
        self.assertEqual(rows["call"]["state"], "done")
        self.assertEqual(
            (rows["call"]["open_model"], rows["call"]["open_id"]), ("crm.lead", self.lead.id)
        )

    def test_direction_of_mails(self):
        first, second = (row for row in self.timeline(kinds=["mail"])["rows"])
        self.assertFalse(first["incoming"])
        self.assertTrue(second["incoming"])
        self.assertEqual(second["user_name"], "Chen Fang")
        self.assertEqual(second["title"], "Delivery time")
        self.assertEqual(second["preview"], "Four weeks from order")
        self.assertEqual((second["open_model"], second["open_id"]), ("crm.lead", self.lead.id))

    def test_internal_notes_are_not_mails(self):
        self.customer.message_post(body="He is difficult", subtype_xmlid="mail.mt_note")
        self.assertEqual(self.kinds(kinds=["mail"]), ["mail", "mail"])

    def test_mail_to_a_contact_from_elsewhere(self):
        elsewhere = self.env["res.partner"].create({"name": "Agent"})
        self._mail(elsewhere, 3, partner_ids=self.wu.ids)
        self.assertEqual(self.kinds(kinds=["mail"]), ["mail"] * 3)

    def test_other_customers_stay_out(self):
        other = self.env["res.partner"].create({"name": "Other"})
        self._order(10, partner=other)
        self._move(10, partner=other)
        self._mail(other, 1)
        self._activity(other)
        self.assertEqual(self.kinds(), self.EXPECTED)

    # ------------------------------------------------------------------ filters

    def test_filter_by_kind(self):
        self.assertEqual(self.kinds(kinds=["order", "invoice"]), ["invoice", "order"])
        self.assertEqual(self.kinds(kinds=["nonsense"]), [])

    def test_filter_by_contact(self):
        self.assertEqual(
            self.kinds(contact_id=self.chen.id), ["call", "quotation", "mail", "opportunity"]
        )
        self.assertEqual(self.kinds(contact_id=self.wu.id), ["meeting"])

    def test_filter_by_colleague(self):
        self.assertEqual(self.kinds(user_id=self.wang.id), ["invoice", "order"])
        self.assertEqual(
            self.kinds(user_id=self.li.id),
            ["activity", "meeting", "call", "credit_note", "quotation", "opportunity"],
        )

    def test_filter_by_period(self):
        first, last = str(self.day(30)), str(self.day(10))
        self.assertEqual(
            self.kinds(date_from=first, date_to=last),
            ["payment", "credit_note", "invoice", "order"],
        )

    def test_period_is_in_the_readers_days(self):
        self.order.date_order = self.moment(30, 20)  # next morning in Shanghai
        self.boss.tz = "Asia/Shanghai"
        day = str(self.day(29))
        self.assertEqual(self.kinds(self.boss, date_from=day, date_to=day), ["order"])
        self.assertEqual(self.kinds(date_from=day, date_to=day), [])

    def test_search(self):
        self.assertEqual(self.kinds(search=self.order.name), ["order"])
        self.assertEqual(self.kinds(search="four WEEKS"), ["mail", "mail"])
        self.assertEqual(self.kinds(search="100%_"), [])

    # ------------------------------------------------------------------ paging

    def test_pages_make_the_whole(self):
        whole = [row["key"] for row in self.timeline()["rows"]]
        for limit in (1, 2, 3, 5):
            pages, after = [], None
            while True:
                page = self.timeline(after=after, limit=limit)
                pages += [row["key"] for row in page["rows"]]
                after = page["cursor"]
                if not after:
                    break
            self.assertEqual(pages, whole, limit)

    def test_pages_with_equal_moments(self):
        for _number in range(5):
            self._order(1, days=30)
            self._move(1, days=20)
        whole = [row["key"] for row in self.timeline()["rows"]]
        pages, after = [], None
        while True:
            page = self.timeline(after=after, limit=2)
            pages += [row["key"] for row in page["rows"]]
            after = page["cursor"]
            if not after:
                break
        self.assertEqual(pages, whole)
        self.assertEqual(len(set(pages)), len(self.EXPECTED) + 10)

    # ------------------------------------------------------------------ rights

    def test_salesperson_sees_own_documents(self):
        self.assertEqual(
            self.kinds(self.li),
            [
                "activity",
                "meeting",
                "call",
                "credit_note",
                "quotation",
                "mail",
                "mail",
                "opportunity",
            ],
        )
        # Wang may not read Li's opportunity, so neither its mails nor its calls.
        self.assertEqual(self.kinds(self.wang), ["activity", "meeting", "invoice", "order", "mail"])

    def test_boss_and_accountant(self):
        without_payment = [kind for kind in self.EXPECTED if kind != "payment"]
        self.assertEqual(self.kinds(self.boss), without_payment)
        kinds = self.kinds(self.accountant)
        self.assertIn("payment", kinds)
        self.assertNotIn("opportunity", kinds)

    def test_reader_sees_no_business(self):
        self.assertEqual(self.kinds(self.reader), ["activity", "meeting", "mail"])

    def test_other_company_sees_nothing_of_ours(self):
        self.assertFalse(
            {"order", "quotation", "invoice", "credit_note", "payment"}
            & set(self.kinds(self.stranger))
        )

    def test_private_meeting_is_hidden(self):
        self.meeting.privacy = "private"
        self.assertNotIn("meeting", self.kinds(self.wang))
        self.assertIn("meeting", self.kinds(self.li))

    def test_hidden_mails_do_not_shorten_pages(self):
        lead = self._lead(1, 1, user=self.li)
        for number in range(6):
            # Its author makes such a mail one of the customer's; the document is not Wang's.
            self._mail(lead, number, author=self.wu)
        self._mail(self.customer, 100)
        page = self.timeline(self.wang, kinds=["mail"], limit=2)
        self.assertEqual(len(page["rows"]), 2)
        self.assertEqual([row["open_model"] for row in page["rows"]], ["res.partner"] * 2)

    # ------------------------------------------------------------------ hook

    def test_an_addon_adds_a_kind(self):
        original = self.env.registry["crm.interaction"]._sources

        def sources(model):
            return {
                **original(model),
                "country": Source(
                    "Bank accounts",
                    "fa-bank",
                    "res.partner.bank",
                    date="create_date",
                    title="acc_number",
                    user=None,
                    search=("acc_number",),
                ),
            }

        self.env["res.partner.bank"].create({"acc_number": "DE 77", "partner_id": self.customer.id})
        with patch.object(self.env.registry["crm.interaction"], "_sources", sources):
            rows = self.timeline(kinds=["country"])["rows"]
            self.assertEqual([row["title"] for row in rows], ["DE 77"])
            self.assertEqual(self.kinds(search="de 77"), ["country"])

    # ------------------------------------------------------------------ queries

    def test_number_of_queries_does_not_grow(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["res.partner"].with_user(self.boss).get_customer_360(self.customer.id)
            return self.env.cr.sql_log_count - before

        def add(days):
            for number in range(days):
                self._order(10, days=number, user=self.li)
                self._move(10, days=number, user=self.wang)
                self._mail(self.customer, number, author=self.wu)
                self._activity(self.customer, days=number, user=self.li, done=True)

        add(12)  # more than a page
        count()  # fills caches of rules and access rights
        few = count()
        add(25)
        self.assertLessEqual(count(), few)
        self.assertLess(few, 40)
