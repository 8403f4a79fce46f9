import base64

from odoo import Command, http
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.crm_subledger.tests.common import day

from .common import PartnerCase

FILE = base64.b64encode(b"%PDF-1.4 a price list")


class ContentFixtures:
    @classmethod
    def _content(cls, name="Price List 2026", **values):
        content = cls.env["crm.partner.content"].create(
            {
                "name": name,
                "kind": "price_list",
                "company_id": cls.company.id,
                "date_from": False,
                "version_ids": [Command.create({"file": FILE, "filename": "prices.pdf"})],
                **values,
            }
        )
        content.action_publish()
        return content


@tagged("-at_install", "post_install")
class TestContent(ContentFixtures, PartnerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls._create_portal_users()

    def _sees(self, user, record):
        return record in self.env[record._name].with_user(user).search([]).sudo()

    def test_levels(self):
        content = self._content(grade_ids=[Command.set(self.gold.ids)])
        self.assertTrue(self._sees(self.alpha_none, content))
        self.assertFalse(self._sees(self.gamma_admin, content))
        self.assertFalse(self._sees(self.outsider_user, content))
        # a new level counts at once, and so does the end of the programme
        self.gamma.grade_id = self.gold
        self.assertTrue(self._sees(self.gamma_admin, content))
        self.gamma.grade_id = False
        self.assertFalse(self._sees(self.gamma_admin, content))
        everybody = self._content("For all")
        self.assertFalse(self._sees(self.outsider_user, everybody))

    def test_role_and_language(self):
        content = self._content(role="finance")
        self.assertTrue(self._sees(self.alpha_finance, content))
        self.assertTrue(self._sees(self.alpha_admin, content))
        self.assertFalse(self._sees(self.alpha_sales, content))
        self.env["res.lang"]._activate_lang("zh_CN")
        content = self._content(lang="zh_CN")
        self.assertFalse(self._sees(self.alpha_sales, content))
        self.alpha_sales.lang = "zh_CN"
        self.assertTrue(self._sees(self.alpha_sales, content))

    def test_validity_counts_by_the_day(self):
        content = self._content(date_from=day("2026-03-01"), date_to=day("2026-03-31"))
        for moment, seen in (
            ("2026-02-28 12:00:00", False),
            ("2026-03-01 12:00:00", True),
            ("2026-03-31 12:00:00", True),
            ("2026-04-01 12:00:00", False),
        ):
            with self.subTest(moment), freeze_time(moment):
                self.assertEqual(self._sees(self.alpha_sales, content), seen)
                self.assertEqual(content.with_user(self.alpha_sales).has_access("read"), seen)
                content.invalidate_recordset()
                self.assertEqual(content.is_current, seen)
        with self.assertRaises(ValidationError):
            content.date_to = day("2026-02-01")

    def test_drafts_and_withdrawn(self):
        content = self._content()
        content.action_withdraw()
        self.assertFalse(self._sees(self.alpha_sales, content))
        empty = self.env["crm.partner.content"].create({"name": "Nothing"})
        with self.assertRaisesRegex(UserError, "Add a file"):
            empty.action_publish()

    def test_versions_keep_the_log(self):
        content = self._content(ack_required=True)
        mine = content.with_user(self.alpha_sales)
        with self.assertRaisesRegex(UserError, "Open the document first"):
            mine._acknowledge()
        mine._log("download")
        mine._acknowledge()
        mine._acknowledge()
        self.assertEqual(content.ack_count, 1)
        self.assertTrue(mine.acknowledged)
        first = content.version_id
        with self.assertRaisesRegex(UserError, "Add a new version"):
            first.url = "https://example.com"
        with self.assertRaisesRegex(UserError, "stays with the log"):
            first.unlink()
        content.version_ids = [Command.create({"url": "https://example.com/v2"})]
        self.assertEqual(content.version_id.number, 2)
        mine.invalidate_recordset()
        self.assertFalse(mine.acknowledged)
        self.assertEqual(content.ack_count, 0)
        # who took which version stays
        self.assertEqual(
            [
                (log.version_id.number, log.user_id, log.partner_id, log.action)
                for log in content.log_ids
            ],
            [
                (1, self.alpha_sales, self.alpha, "acknowledge"),
                (1, self.alpha_sales, self.alpha, "download"),
            ],
        )

    def test_who_is_missing(self):
        content = self._content(ack_required=True, grade_ids=[Command.set(self.silver.ids)])
        self.assertEqual(content._missing(), self.gamma_admin)
        mine = content.with_user(self.gamma_admin)
        mine._log("download")
        mine._acknowledge()
        content.invalidate_recordset()
        self.assertEqual((content.ack_count, content.missing_count), (1, 0))

    def test_sources_are_checked(self):
        for vals in (
            {},
            {"file": FILE, "url": "https://example.com"},
            {"url": "javascript:alert(1)"},
            {"url": "ftp://example.com"},
        ):
            with self.subTest(vals), self.assertRaises(ValidationError):
                self._content(version_ids=[Command.create(vals)])

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_rights(self):
        content = self._content()
        content.with_user(self.alpha_sales)._log("download")
        log = content.log_ids
        for user in (self.alpha_admin, self.seller):
            with self.subTest(user.name), self.assertRaises(AccessError):
                content.with_user(user).write({"name": "x"})
            self.assertFalse(log.with_user(user).has_access("read"))
            self.assertFalse(content.version_id.with_user(user).has_access("read"))
        with self.assertRaises(AccessError):
            content.with_user(self.alpha_admin).action_publish()
        with self.assertRaises(AccessError):
            content.with_user(self.stranger).read(["name"])
        content.with_user(self.channel).name = "New name"
        for user in (self.channel, self.programme):
            with self.subTest(user.name), self.assertRaises(AccessError):
                log.with_user(user).write({"action": "acknowledge"})
            with self.subTest(user.name), self.assertRaises(AccessError):
                self.env["crm.partner.content.log"].with_user(user).create({})
        with self.assertRaises(UserError):
            log.unlink()
        attachment = self.env["ir.attachment"].search(
            [
                ("res_model", "=", "crm.partner.content.version"),
                ("res_id", "=", content.version_id.id),
                ("res_field", "=", "file"),
            ]
        )
        self.assertFalse(attachment.with_user(self.alpha_admin).has_access("read"))

    def test_news(self):
        news = self.env["crm.partner.news"].create(
            {
                "name": "New prices",
                "company_id": self.company.id,
                "date_from": day("2026-03-01"),
                "date_to": day("2026-03-10"),
                "grade_ids": [Command.set(self.gold.ids)],
            }
        )
        with freeze_time("2026-03-05"):
            self.assertFalse(self._sees(self.alpha_sales, news))
            news.action_publish()
            self.assertTrue(self._sees(self.alpha_sales, news))
            self.assertFalse(self._sees(self.gamma_admin, news))
            self.assertFalse(self._sees(self.outsider_user, news))
        with freeze_time("2026-03-11"):
            self.assertFalse(self._sees(self.alpha_sales, news))


@tagged("-at_install", "post_install")
class TestNotifyPartners(ContentFixtures, PartnerCase):
    """The mail to the audience: to whom, once per version, not to who wants none."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls._create_portal_users()
        cls.content = cls._content(grade_ids=[Command.set(cls.gold.ids)])

    def _dialog(self, record):
        action = record.with_user(self.channel).action_notify()
        wizards = self.env["crm.partner.notify"].with_user(self.channel)
        return wizards.with_context(**action["context"]).create({})

    def _sent(self, record):
        """Send it as channel manager; return the mails."""
        before = self.env["mail.mail"].search([])
        self._dialog(record).action_send()
        return self.env["mail.mail"].search([]) - before

    def _news(self, **values):
        news = self.env["crm.partner.news"].create(
            {"name": "New prices", "company_id": self.company.id, "date_from": False, **values}
        )
        news.action_publish()
        return news

    def test_who_gets_it(self):
        gold = self.content._audience().partner_id
        for number, person in enumerate(gold):
            person.email = f"person-{number}@partner.example.com"
        self.assertIn(self.alpha_admin.partner_id, gold)
        self.assertNotIn(self.gamma_admin.partner_id, gold)
        self.alpha_sales.partner_id.channel_mail_optout = True
        self.env["mail.blacklist"]._add(self.beta_admin.partner_id.email)
        self.alpha_none.partner_id.email = False
        none = (self.alpha_sales | self.beta_admin | self.alpha_none).partner_id
        dialog = self._dialog(self.content)
        self.assertEqual(
            (dialog.people_count, dialog.unwanted_count, dialog.without_count),
            (len(gold) - 3, 2, 1),
        )
        self.assertEqual(dialog.company_count, 1)
        [mail] = self._sent(self.content)
        self.assertEqual(mail.recipient_ids, gold - none)
        self.assertIn(f"/my/partner/content/{self.content.id}", mail.body_html)
        self.assertIn("Price List 2026", mail.subject)
        self.assertEqual(self.content.notified_count, len(gold) - 3)

    def test_once_per_version(self):
        self._sent(self.content)
        self.assertTrue(self.content.is_notified)
        with self.assertRaisesRegex(UserError, "told of .* already"):
            self._dialog(self.content)
        with self.assertRaisesRegex(UserError, "told of .* already"):
            self.content._notify_partners()
        version = {"file": FILE, "filename": "more.pdf", "note": "Ten new pumps"}
        self.content.version_ids = [Command.create(version)]
        self.assertFalse(self.content.is_notified)
        [mail] = self._sent(self.content)
        self.assertIn("Ten new pumps", mail.body_html)

    def test_only_what_is_shown_today(self):
        for values in ({"date_from": day("2099-01-01")}, {"date_to": day("2020-01-01")}):
            content = self._content(**values)
            with self.assertRaisesRegex(UserError, "not shown to partners today"):
                self._dialog(content)
        self.content.action_withdraw()
        with self.assertRaisesRegex(UserError, "not shown to partners today"):
            self._dialog(self.content)

    def test_nobody(self):
        news = self._news(grade_ids=[Command.set(self.authorised.ids)])
        dialog = self._dialog(news)
        self.assertEqual(dialog.people_count, 0)
        with self.assertRaisesRegex(UserError, "nobody"):
            dialog.action_send()
        self.assertFalse(news.is_notified)

    def test_each_in_their_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.alpha_finance.lang = "zh_CN"
        news = self._news(grade_ids=[Command.set(self.gold.ids)])
        news.update_field_translations("name", {"zh_CN": "新价格"})
        mails = self._sent(news)
        self.assertEqual(len(mails), 2)
        chinese = mails.filtered(lambda mail: mail.subject == "新价格")
        self.assertEqual(chinese.recipient_ids, self.alpha_finance.partner_id)
        self.assertEqual((mails - chinese).subject, "New prices")
        with self.assertRaisesRegex(UserError, "told of .* already"):
            self._dialog(news)

    def test_rights(self):
        with self.assertRaises(AccessError):
            self.content.with_user(self.seller).action_notify()
        shown = self.content.with_user(self.alpha_admin)
        with self.assertRaises(AccessError):
            shown.action_notify()
        with self.assertRaises(AccessError):
            shown.read(["notified_count"])
        with self.assertRaises(AccessError):
            self.env["crm.partner.notify"].with_user(self.alpha_admin).create(
                {"content_id": self.content.id}
            )


@tagged("-at_install", "post_install")
class TestPortalContent(ContentFixtures, HttpCase, PartnerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_portal_users()
        cls.pumps = cls.env["product.category"].create({"name": "Pumps"})
        cls.terms = cls._content(
            "Terms of the programme",
            kind="document",
            ack_required=True,
            category_ids=[Command.set(cls.pumps.ids)],
        )
        cls.silver_list = cls._content("Silver prices", grade_ids=[Command.set(cls.silver.ids)])
        cls.video = cls._content(
            "Video", kind="video", version_ids=[Command.create({"url": "https://example.com/v"})]
        )
        cls.env["crm.partner.news"].create(
            {
                "name": "Golden news",
                "company_id": cls.company.id,
                "date_from": False,
                "body": "<p>Read this</p>",
                "grade_ids": [Command.set(cls.gold.ids)],
            }
        ).action_publish()

    def _get(self, user, url):
        self.authenticate(user.login if user else None, user.login if user else None)
        return self.url_open(url, allow_redirects=False)

    def test_lists_by_visitor(self):
        for url in ("/my/partner/content", "/my/partner/news"):
            self.assertEqual(self._get(None, url).status_code, 303)
            self.assertEqual(self._get(self.outsider_user, url).status_code, 404)
            self.assertEqual(self._get(self.alpha_none, url).status_code, 200)
        page = self._get(self.alpha_none, "/my/partner/content").text
        self.assertIn("Terms of the programme", page)
        self.assertNotIn("Silver prices", page)
        self.assertIn("Silver prices", self._get(self.gamma_admin, "/my/partner/content").text)
        self.assertIn("Golden news", self._get(self.alpha_none, "/my/partner/news").text)
        self.assertNotIn("Golden news", self._get(self.gamma_admin, "/my/partner/news").text)

    def test_search_and_filters(self):
        get = self._get
        base = "/my/partner/content"
        page = get(self.alpha_none, f"{base}?search=pumps&search_in=product").text
        self.assertIn("Terms of the programme", page)
        page = get(self.alpha_none, f"{base}?filterby=video").text
        self.assertIn(f"/content/{self.video.id}", page)
        self.assertNotIn(f"/content/{self.terms.id}", page)
        page = get(self.alpha_none, f"{base}?filterby=acknowledge").text
        self.assertIn(f"/content/{self.terms.id}", page)
        self.assertNotIn(f"/content/{self.video.id}", page)
        page = get(self.alpha_none, f"{base}?filterby=product_{self.pumps.id}").text
        self.assertIn(f"/content/{self.terms.id}", page)
        self.assertNotIn(f"/content/{self.video.id}", page)

    def test_nothing_by_id_guessing(self):
        for action in ("", "/file"):
            url = f"/my/partner/content/{self.silver_list.id}{action}"
            with self.subTest(url):
                self.assertEqual(self._get(None, url).status_code, 303)
                self.assertEqual(self._get(self.alpha_admin, url).status_code, 404)
                self.assertEqual(self._get(self.outsider_user, url).status_code, 404)
                self.assertEqual(self._get(self.gamma_admin, url).status_code, 200)
        self.assertEqual(self._get(self.alpha_admin, "/my/partner/content/999999").status_code, 404)
        version = self.silver_list.version_id
        stolen = self._get(
            self.gamma_admin, f"/web/content/crm.partner.content.version/{version.id}/file"
        )
        self.assertNotEqual(stolen.status_code, 200)

    def test_download_is_logged(self):
        answer = self._get(self.alpha_none, f"/my/partner/content/{self.terms.id}/file")
        self.assertEqual(answer.content, b"%PDF-1.4 a price list")
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        self.assertIn("prices.pdf", answer.headers["Content-Disposition"])
        self.assertEqual(
            [(log.action, log.user_id) for log in self.terms.log_ids],
            [("download", self.alpha_none)],
        )
        answer = self._get(self.alpha_none, f"/my/partner/content/{self.video.id}/file")
        self.assertEqual(answer.headers["Location"], "https://example.com/v")
        self.assertEqual(self.video.download_count, 1)

    def test_acknowledge_by_post(self):
        url = f"/my/partner/content/{self.terms.id}/acknowledge"
        self.assertEqual(self._get(self.alpha_none, url).status_code, 405)
        with mute_logger("odoo.http"):
            self.assertEqual(self.url_open(url, data={"x": "1"}).status_code, 400)
        page = self.url_open(url, data={"csrf_token": http.Request.csrf_token(self)})
        self.assertIn("Open the document first", page.text)
        self._get(self.alpha_none, f"/my/partner/content/{self.terms.id}/file")
        page = self.url_open(
            url, data={"csrf_token": http.Request.csrf_token(self), "user_id": "1"}
        )
        self.assertIn("Thank you for confirming", page.text)
        self.assertEqual(self.terms._acknowledged_by(), self.alpha_none)
        foreign = f"/my/partner/content/{self.silver_list.id}/acknowledge"
        answer = self.url_open(foreign, data={"csrf_token": http.Request.csrf_token(self)})
        self.assertEqual(answer.status_code, 404)

    def test_mails_are_stopped_and_wanted_again(self):
        url, person = "/my/partner/news/mails", self.alpha_sales.partner_id
        self.assertIn("Stop These Mails", self._get(self.alpha_sales, "/my/partner/news").text)
        with mute_logger("odoo.http"):
            self.assertEqual(self.url_open(url, data={"wanted": "0"}).status_code, 400)
        self.assertFalse(person.channel_mail_optout)
        self.assertEqual(self._get(self.alpha_sales, url).status_code, 405)
        for wanted in ("0", "1"):
            token = http.Request.csrf_token(self)
            forged = {"channel_mail_optout": "1", "partner_id": self.beta_admin.partner_id.id}
            self.url_open(url, data={"csrf_token": token, "wanted": wanted, **forged})
            self.assertEqual(person.channel_mail_optout, wanted == "0")
        self.assertFalse(self.beta_admin.partner_id.channel_mail_optout)
        self.authenticate(self.outsider_user.login, self.outsider_user.login)
        data = {"csrf_token": http.Request.csrf_token(self), "wanted": "0"}
        self.assertEqual(self.url_open(url, data=data).status_code, 404)

    def test_tour(self):
        self.start_tour("/my/partner", "crm_partner_content", login=self.alpha_marketing.login)
        self.assertEqual(self.terms._acknowledged_by(), self.alpha_marketing)
