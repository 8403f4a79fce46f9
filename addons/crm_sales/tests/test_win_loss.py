from datetime import timedelta

from odoo import Command, fields, http
from odoo.exceptions import UserError
from odoo.tests import HttpCase, tagged
from odoo.tools.misc import hash_sign

from ..models.crm_loss_survey import SCOPE
from .common_discipline import DisciplineCase


@tagged("post_install", "-at_install")
class TestWinLoss(DisciplineCase):
    """Reasons with their detail, competitors, and what the report makes of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.price = cls.env["crm.lost.reason"].create({"name": "Dear", "detail_required": True})
        cls.win_other = cls.env.ref("crm_sales.crm_win_reason_other")
        cls.win_product = cls.env.ref("crm_sales.crm_win_reason_product")
        cls.rival, cls.second = cls.env["crm.competitor"].create(
            [{"name": "Rival"}, {"name": "Second"}]
        )

    def lose(self, leads, **values):
        wizard = (
            self.env["crm.lead.lost"]
            .with_user(self.lin)
            .create({"lead_ids": [Command.set(leads.ids)], **values})
        )
        return wizard.action_lost_reason_apply()

    def test_lost_detail(self):
        lead = self._lead()
        self.assertHeld("“Dear” needs a detail", self.lose, lead, lost_reason_id=self.price.id)
        self.lose(lead, lost_reason_id=self.price.id, lost_detail="Rival, 8 % below us")
        self.assertEqual((lead.won_status, lead.lost_detail), ("lost", "Rival, 8 % below us"))

    def test_lost_by_api(self):
        lead = self._lead()
        self.assertHeld(
            "needs a detail",
            lead.with_user(self.lin).write,
            {"active": False, "probability": 0, "lost_reason_id": self.price.id},
        )
        self.assertHeld(
            "needs a detail", lead.with_user(self.lin).action_set_lost, lost_reason_id=self.price.id
        )
        lead.probability = 0
        self.assertHeld(
            "needs a detail", lead.with_user(self.lin).action_set_lost, lost_reason_id=self.price.id
        )

    def test_reason_required(self):
        self.company.write({"lost_reason_required": True, "win_reason_required": True})
        lead = self._lead()
        self.assertHeld("choose the lost reason", self.lose, lead)
        self.assertHeld("choose the lost reason", lead.with_user(self.lin).action_set_lost)
        self.assertHeld("choose the win reason", lead.with_user(self.lin).action_set_won)
        self.assertHeld(
            "choose the win reason", lead.with_user(self.lin).write, {"stage_id": self.won.id}
        )
        self.assertHeld(
            "choose the win reason",
            self.env["crm.lead"].with_user(self.lin).create,
            {
                "name": "Won",
                "type": "opportunity",
                "team_id": self.east.id,
                "stage_id": self.won.id,
            },
        )

    def test_won_wizard(self):
        self.company.win_reason_required = True
        lead = self._lead().with_user(self.lin)
        action = lead.action_set_won_rainbowman()
        self.assertEqual(action["res_model"], "crm.lead.won")
        wizard = self.env["crm.lead.won"].with_user(self.lin).with_context(**action["context"])
        self.assertHeld(
            "needs a detail", wizard.create({"win_reason_id": self.win_other.id}).action_apply
        )
        wizard.create({"win_reason_id": self.win_product.id}).action_apply()
        self.assertEqual((lead.won_status, lead.win_reason_id), ("won", self.win_product))

    def test_nothing_required_by_default(self):
        self._lead().with_user(self.lin).action_set_won()
        self._lead().with_user(self.lin).action_set_lost()

    def test_report(self):
        def deal(*rivals, **values):
            return self._lead(
                competitor_ids=[Command.create({"competitor_id": rival.id}) for rival in rivals],
                **values,
            )

        deal(self.rival, expected_revenue=100).action_set_won()
        deal(self.rival, self.second, expected_revenue=300).action_set_lost()
        deal(expected_revenue=50).action_set_lost()
        deal(self.rival, expected_revenue=999)
        self.env.flush_all()
        report = self.env["crm.win.loss.report"].with_user(self.wei)
        domain = [("team_id", "=", self.east.id)]
        [[deals, won, lost, amount]] = report._read_group(
            domain, [], ["deals:sum", "won:sum", "lost:sum", "amount:sum"]
        )
        self.assertEqual((deals, won, lost, amount), (3, 1, 2, 450))
        by_rival = {
            rival.name: rest
            for rival, *rest in report._read_group(
                domain, ["competitor_id"], ["against:sum", "lost_amount:sum", "win_rate:avg"]
            )
        }
        self.assertEqual(by_rival["Rival"], [2, 150, 50])
        self.assertEqual(by_rival["Second"], [1, 150, 0])
        self.assertEqual(
            (self.rival.won_count, self.rival.lost_count, self.rival.open_count), (1, 1, 1)
        )
        self.assertEqual(self.rival.win_rate, 50)
        self.assertEqual(report.with_user(self.mei).search_count([]), 0)
        self.assertEqual(report.with_user(self.lin).search_count(domain), 4)

    def test_merge_takes_competitors_over(self):
        head = self._lead(competitor_ids=[Command.create({"competitor_id": self.rival.id})])
        tail = self._lead(
            name="Pumps again",
            competitor_ids=[
                Command.create({"competitor_id": rival.id}) for rival in (self.rival, self.second)
            ],
        )
        kind = self.env["crm.document.kind"].create({"name": "Budget"})
        document = self._file(tail, kind)
        merged = (head | tail).merge_opportunity(user_id=self.lin.id, team_id=self.east.id)
        self.assertEqual(merged.competitor_ids.competitor_id, self.rival | self.second)
        self.assertEqual(document.exists().lead_id, merged)


@tagged("post_install", "-at_install")
class TestLossSurvey(DisciplineCase, HttpCase):
    """The page of the survey: right link, wrong link, anonymous, twice, without token."""

    def setUp(self):
        super().setUp()
        self.lead = self._lead()
        self.lead.action_set_lost()
        self.survey = (
            self.env["crm.loss.survey"]
            .with_user(self.lin)
            ._send(self.lead.with_user(self.lin))
            .sudo()
        )
        self.url = "/crm/loss/" + self.survey._link().rpartition("/")[2]
        self.answers = {
            "main_reason": "price",
            "score_price": "2",
            "score_service": "5",
            "chosen": "Rival",
            "comment": "<b>8 %</b> cheaper",
            "again": "1",
            "lead_id": "1",
            "date_sent": "2020-01-01",
        }

    def post(self, url=None, **values):
        self.authenticate(None, None)
        values = {**self.answers, "csrf_token": http.Request.csrf_token(self), **values}
        return self.url_open(url or self.url, data=values)

    def test_sent_once_and_by_mail(self):
        mail = self.env["mail.mail"].search(
            [("model", "=", "crm.loss.survey"), ("res_id", "=", self.survey.id)]
        )
        self.assertEqual(mail.email_to, self.customer.email)
        self.assertIn("/crm/loss/", mail.body_html)
        with self.assertRaisesRegex(UserError, "asked already"):
            self.lead.with_user(self.lin).action_send_loss_survey()
        with self.assertRaisesRegex(UserError, "is not lost"):
            self._lead().action_send_loss_survey()
        loose = self._lead(partner_id=False)
        loose.action_set_lost()
        with self.assertRaisesRegex(UserError, "no email"):
            loose.action_send_loss_survey()

    def test_get_shows_and_changes_nothing(self):
        self.authenticate(None, None)
        response = self.url_open(self.url)
        self.assertEqual(response.status_code, 200)
        self.assertIn("What could we have done better?", response.text)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertFalse(self.survey.date_answered)

    def test_answer(self):
        response = self.post()
        self.assertEqual(response.status_code, 200)
        self.assertIn("Thank you", response.text)
        self.survey.invalidate_recordset()
        self.assertEqual(self.survey.state, "answered")
        self.assertEqual((self.survey.main_reason, self.survey.score), ("price", 3.5))
        self.assertEqual((self.survey.chosen, self.survey.again), ("Rival", True))
        self.assertEqual(self.survey.lead_id, self.lead, "other fields cannot be posted")
        message = self.lead.message_ids.filtered(lambda one: "Main reason" in (one.body or ""))
        self.assertIn("&lt;b&gt;", message.body)
        self.assertIn(self.lin.partner_id, message.notified_partner_ids)
        self.env.flush_all()
        row = self.env["crm.win.loss.report"].search([("lead_id", "=", self.lead.id)])
        self.assertEqual((row.survey_reason, row.survey_score), ("price", 3.5))

    def test_only_once(self):
        self.post()
        response = self.post(main_reason="product")
        self.assertNotIn("<form", response.text)
        self.survey.invalidate_recordset()
        self.assertEqual(self.survey.main_reason, "price")

    def test_main_reason_is_needed(self):
        response = self.post(main_reason="nonsense")
        self.assertIn("choose the main reason", response.text)
        self.assertIn("cheaper", response.text, "what was typed is kept")
        self.survey.invalidate_recordset()
        self.assertFalse(self.survey.date_answered)

    def test_csrf(self):
        self.authenticate(None, None)
        with self.assertLogs("odoo.http", level="WARNING"):
            response = self.url_open(self.url, data={**self.answers, "csrf_token": "x"})
        self.assertEqual(response.status_code, 400)
        self.survey.invalidate_recordset()
        self.assertFalse(self.survey.date_answered)

    def test_wrong_links(self):
        env = self.env(su=True)
        tampered = self.url[:-4] + ("AAAA" if self.url[-4:] != "AAAA" else "BBBB")
        expired = hash_sign(env, SCOPE, self.survey.id, expiration=timedelta(days=-1))
        foreign = hash_sign(env, "another", self.survey.id, expiration_hours=1)
        unknown = hash_sign(env, SCOPE, 999999999, expiration_hours=1)
        text = hash_sign(env, SCOPE, "1", expiration_hours=1)
        for url in (
            tampered,
            *(f"/crm/loss/{token}" for token in (expired, foreign, unknown, text, "x")),
        ):
            with self.subTest(url=url):
                self.authenticate(None, None)
                self.assertEqual(self.url_open(url).status_code, 403)
                self.assertEqual(self.post(url=url).status_code, 403)
        self.survey.invalidate_recordset()
        self.assertFalse(self.survey.date_answered)

    def test_closed_survey(self):
        self.survey.date_valid = fields.Datetime.now() - timedelta(days=1)
        response = self.url_open(self.url)
        self.assertIn("This survey is closed", response.text)

    def test_page_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.customer.lang = "zh_CN"
        self.authenticate(None, None)
        self.assertIn("价格", self.url_open(self.url).text)

    def test_who_reads_the_answers(self):
        for user, may in ((self.lin, True), (self.wei, True), (self.mei, False), (self.far, False)):
            self.assertEqual(self.survey.with_user(user).has_access("read"), may, user.login)
            self.assertFalse(self.survey.with_user(user).has_access("write"))
