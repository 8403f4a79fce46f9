import re
from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import ApprovalSaleCase


@tagged("post_install", "-at_install")
class TestLink(ApprovalSaleCase, HttpCase):
    """The signed link of the mail: who holds it, what it shows, when it decides."""

    def setUp(self):
        super().setUp()
        self._create_rule(self._persons(self.boss, self.chief, mode="count", min_count=2))
        self.order = self._create_order()
        self.request = self._ask(self.order, note="Please hurry")
        self.step = self.request.step_ids
        self.token = self.request._make_token(self.step, self.boss)

    def url(self, token=None, request=None):
        return f"/approval/{(request or self.request).id}/{token or self.token}"

    def get(self, *args):
        return self.url_open(self.url(*args))

    def post(self, decision, *args, csrf=None, reason=""):
        if csrf is None:
            page = self.get(*args)
            found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
            csrf = found.group(1) if found else ""
        data = {"decision": decision, "reason": reason, "csrf_token": csrf}
        return self.url_open(self.url(*args), data=data)

    def assertUndecided(self):
        self.env.invalidate_all()
        self.assertEqual(self.request.decision_ids.mapped("kind"), ["request"])

    def test_link_in_the_mail(self):
        mail = self.env["mail.mail"].search(
            [("email_to", "like", "boss@")], limit=1, order="id desc"
        )
        path = re.search(r'href="[^"]*(/approval/[^"]+)"', mail.body_html).group(1)
        response = self.url_open(path)
        self.assertEqual(response.status_code, 200)
        self.assertIn("You decide as", response.text)

    def test_get_shows_and_changes_nothing(self):
        for _visit in range(2):
            response = self.get()
            self.assertEqual(response.status_code, 200)
            for text in ("Customer Chen", "Please hurry", "20.00", "Approve"):
                self.assertIn(text, response.text)
            self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.url_open(self.url() + "?decision=approve")
        self.assertUndecided()

    def test_post_decides(self):
        self.assertEqual(self.post("approve").status_code, 200)
        self.env.invalidate_all()
        row = self.request.decision_ids[-1]
        self.assertEqual((row.kind, row.user_id, row.channel), ("approve", self.boss, "link"))
        self.assertFalse(self.request._find_broken())

    def test_refusal_needs_a_reason(self):
        response = self.post("refuse")
        self.assertIn("Give a reason", response.text)
        self.assertUndecided()
        self.post("refuse", reason="Too low")
        self.env.invalidate_all()
        self.assertEqual(self.request.state, "refused")

    @mute_logger("odoo.http")
    def test_post_without_csrf(self):
        response = self.post("approve", csrf="forged")
        self.assertEqual(response.status_code, 400)
        self.assertUndecided()

    def test_unknown_decision(self):
        self.post("granted")
        self.assertUndecided()

    def test_replay(self):
        self.post("approve")
        response = self.post("approve", csrf=self.csrf())
        self.assertIn("not needed any more", response.text)
        self.env.invalidate_all()
        self.assertEqual(self.request.decision_ids.mapped("kind"), ["request", "approve"])

    def csrf(self):
        """Return a CSRF token of this session, from another page."""
        page = self.url_open(self.url(self.request._make_token(self.step, self.chief)))
        return re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)

    def test_after_withdrawal(self):
        csrf = self.csrf()
        self.request.with_user(self.seller).action_withdraw()
        self.assertIn("not needed any more", self.post("approve", csrf=csrf).text)
        self.assertEqual(self.request.state, "withdrawn")

    def test_forged(self):
        csrf = self.csrf()
        last = "A" if self.token[-1] != "A" else "B"
        middle = self.token[:30] + ("A" if self.token[30] != "A" else "B") + self.token[31:]
        for token in (
            self.token[:-4] + last * 4,
            middle,
            "x",
            "AAAA",
            "%00",
            "é",
            self.token[:-10],
        ):
            self.assertEqual(self.get(token).status_code, 403, token)
            self.assertEqual(self.post("approve", token, csrf=csrf).status_code, 403, token)
        self.assertUndecided()

    def test_expired(self):
        csrf = self.csrf()
        with freeze_time(datetime.now() - timedelta(hours=73)):
            old = self.request._make_token(self.step, self.boss)
        self.assertEqual(self.get(old).status_code, 403)
        self.assertEqual(self.post("approve", old, csrf=csrf).status_code, 403)
        self.assertUndecided()

    def test_of_another_request(self):
        other = self._ask(self._create_order())
        self.assertEqual(self.get(self.token, other).status_code, 403)

    def test_for_somebody_who_may_not_decide(self):
        csrf = self.csrf()
        for user in (self.seller, self.bystander):
            token = self.request._make_token(self.step, user)
            self.assertIn("not needed any more", self.get(token).text)
            self.post("approve", token, csrf=csrf)
        self.assertUndecided()

    def test_wrong_user_signed_in(self):
        self.authenticate(self.bystander.login, self.bystander.login)
        self.assertEqual(self.get().status_code, 403)
        self.assertUndecided()

    def test_right_user_signed_in(self):
        self.authenticate(self.boss.login, self.boss.login)
        self.assertEqual(self.get().status_code, 200)
        self.post("approve")
        self.env.invalidate_all()
        self.assertEqual(self.request.decision_ids[-1].user_id, self.boss)

    def test_anonymous_without_token(self):
        self.assertEqual(self.url_open(f"/approval/{self.request.id}/").status_code, 404)
        self.assertUndecided()

    def test_archived_approver(self):
        self.boss.active = False
        self.assertEqual(self.get().status_code, 403)
