from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_portal import PortalCase

TEAM = "/my/partner/team"


@tagged("post_install", "-at_install")
class TestPortalTeam(PortalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls.team = cls.env["crm.partner.team"]

    def setUp(self):
        super().setUp()
        self.login(self.alpha_admin)

    def _user(self, login):
        return self.env["res.users"].with_context(active_test=False).search([("login", "=", login)])

    def _invite(self, **values):
        values = {"name": "Wang Fang", "email": "wang@alpha.example", "role": "sales", **values}
        return self.follow(self.post(f"{TEAM}/invite", **values))

    def _log(self):
        return self.env["crm.partner.team.log"].search([("partner_id", "=", self.alpha.id)])

    # --- page ---

    def test_page_shows_the_own_team_only(self):
        page = self.get(TEAM)
        logins = {card.get("data-login") for card in page.xpath("//section[@data-login]")}
        self.assertEqual(
            logins,
            {
                f"crm_partner_alpha_{name}"
                for name in ("admin", "sales", "marketing", "finance", "technical", "none")
            },
        )

    def test_internal_users_and_subsidiaries_are_not_in_it(self):
        self.channel.partner_id.write({"parent_id": self.alpha.id, "company_id": False})
        branch = self._create_partner("Alpha Branch", self.silver, parent_id=self.alpha.id)
        boss = self._create_portal_user("branch_admin", branch, "admin")
        for user in (self.channel, boss):
            self.assertFalse(self.team._member(self.alpha, user.id))
            self.post(f"{TEAM}/{user.id}/remove", 404)
        self.assertTrue(boss.active)

    # --- invitation ---

    def test_invitation(self):
        mails = self.env["mail.mail"].search_count([])
        self.assertNotice(self._invite(role=["sales", "finance"]), "on its way")
        user = self._user("wang@alpha.example")
        self.assertEqual(user.partner_id.parent_id, self.alpha)
        self.assertTrue(user._is_portal())
        self.assertEqual(self.team._roles(user), ["sales", "finance"])
        self.assertEqual(user.company_id, self.company)
        self.assertEqual(user.partner_id.signup_type, "signup")
        self.assertGreater(self.env["mail.mail"].search_count([]), mails)
        self.assertRecordValues(
            self._log(),
            [
                {
                    "action": "invite",
                    "user_id": self.alpha_admin.id,
                    "name": "Wang Fang <wang@alpha.example>",
                    "detail": "Sales, Finance",
                }
            ],
        )
        self.assertIn("Invited", self.texts(self.get(TEAM), ".o_partner_member .badge"))

    def test_invitation_of_a_known_contact(self):
        contact = self.env["res.partner"].create(
            {"name": "Wang", "email": "Wang@Alpha.example", "parent_id": self.alpha.id}
        )
        self._invite()
        self.assertEqual(self._user("wang@alpha.example").partner_id, contact)

    def test_who_cannot_be_invited(self):
        self.channel.login = "channel@us.example"
        self.gamma_admin.login = "boss@gamma.example"
        for values, words in (
            ({"email": "channel@us.example"}, "cannot be invited"),
            ({"email": "boss@gamma.example"}, "cannot be invited"),
            ({"email": "BOSS@gamma.example"}, "cannot be invited"),
            ({"email": "nonsense"}, "not an e-mail address"),
            ({"email": "a@b.c, d@e.f"}, "not an e-mail address"),
            ({"email": "x@alpha.example\r\nBcc: y@z.example"}, "not an e-mail address"),
            ({"name": " "}, "Enter the name"),
            ({"role": "base.group_system"}, "roles that are offered"),
        ):
            self.assertProblem(self._invite(**values), words)
        self.assertFalse(self._user("wang@alpha.example"))
        self.assertFalse(self._log())

    def test_forged_fields_are_ignored(self):
        self._invite(
            parent_id=self.beta.id,
            partner_id=self.beta.id,
            company_id=self.other_company.id,
            groups=self.env.ref("base.group_system").id,
            group_ids=self.env.ref("base.group_system").id,
        )
        user = self._user("wang@alpha.example")
        self.assertEqual(user.partner_id.commercial_partner_id, self.alpha)
        self.assertFalse(user.has_group("base.group_user"))

    def test_invitations_are_limited(self):
        self.company.partner_invite_limit = 2
        for number in range(2):
            self._invite(email=f"w{number}@alpha.example")
        self.assertProblem(self._invite(email="w3@alpha.example"), "which is the limit")
        self.assertFalse(self._user("w3@alpha.example"))
        user = self._user("w1@alpha.example")
        page = self.follow(self.post(f"{TEAM}/{user.id}/resend"))
        self.assertProblem(page, "which is the limit")
        # channel managers are not, and tomorrow it goes on
        self.team.with_user(self.channel)._invite(self.alpha, "Li", "li@alpha.example", ["sales"])
        self.env.cr.execute(
            "UPDATE crm_partner_team_log SET date = %s",
            [fields.Datetime.now() - timedelta(hours=25)],
        )
        self.env.invalidate_all()
        self.assertNotice(self._invite(email="w3@alpha.example"), "on its way")

    def test_resend_only_to_who_waits(self):
        self._invite()
        user = self._user("wang@alpha.example")
        page = self.follow(self.post(f"{TEAM}/{user.id}/resend"))
        self.assertNotice(page, "on its way to wang@alpha.example")
        self.assertEqual(self._log()[0].action, "resend")
        page = self.follow(self.post(f"{TEAM}/{self.alpha_admin.id}/resend"))
        self.assertProblem(page, "does not wait")

    # --- roles and removal ---

    def test_roles(self):
        url = f"{TEAM}/{self.alpha_none.id}/roles"
        self.post(url, role=["technical", "marketing"])
        self.assertEqual(self.team._roles(self.alpha_none), ["marketing", "technical"])
        self.post(url)
        self.assertEqual(self.team._roles(self.alpha_none), [])
        self.assertFalse(self.alpha_none._has_channel_role("technical"))
        self.assertProblem(self.follow(self.post(url, role="evil")), "roles that are offered")

    def test_remove_and_let_in_again(self):
        url = f"{TEAM}/{self.alpha_sales.id}"
        self.post(f"{url}/remove")
        self.assertFalse(self.alpha_sales.active)
        self.assertTrue(self.alpha_sales.partner_id.active)
        self.assertIn("Removed", self.texts(self.get(TEAM), ".o_partner_member .badge"))
        self.assertProblem(self.follow(self.post(f"{url}/roles", role="admin")), "was removed")
        self.alpha_sales.login = "sales@alpha.example"
        self.post(f"{url}/restore")
        self.assertTrue(self.alpha_sales.active)
        self.assertTrue(self.alpha_sales._has_channel_role("sales"))
        self.assertEqual(self._log()[::-1].mapped("action"), ["remove", "restore"])

    def test_last_administrator_stays(self):
        url = f"{TEAM}/{self.alpha_admin.id}"
        for action, values in (("remove", {}), ("roles", {"role": "sales"})):
            page = self.follow(self.post(f"{url}/{action}", **values))
            self.assertProblem(page, "only administrator")
        self.assertTrue(self.alpha_admin._has_channel_role("admin"))
        self.post(f"{TEAM}/{self.alpha_sales.id}/roles", role="admin")
        self.post(f"{url}/roles", role="sales")
        self.assertFalse(self.alpha_admin._has_channel_role("admin"))
        self.get(TEAM, 404)

    # --- backend ---

    def test_channel_manager(self):
        wizard = (
            self.env["crm.partner.team.wizard"]
            .with_user(self.channel)
            .create({"partner_id": self.alpha.id})
        )
        wizard._load()
        lines = {line.login: line for line in wizard.line_ids}
        self.assertTrue(lines["crm_partner_alpha_admin"].role_admin)
        lines["crm_partner_alpha_none"].role_finance = True
        # the administrator is exchanged in one go
        lines["crm_partner_alpha_admin"].role_admin = False
        lines["crm_partner_alpha_sales"].role_admin = True
        wizard.action_save()
        self.assertTrue(self.alpha_sales._has_channel_role("admin"))
        self.assertFalse(self.alpha_admin._has_channel_role("admin"))
        self.assertEqual(self.team._roles(self.alpha_none), ["finance"])
        wizard.write({"name": "Zhao", "email": "zhao@alpha.example"})
        wizard.action_invite()
        self.assertIn("zhao@alpha.example", wizard.line_ids.mapped("login"))
        line = wizard.line_ids.filtered(lambda one: one.login == "zhao@alpha.example")
        line.action_remove()
        self.assertFalse(self._user("zhao@alpha.example").active)
        self.assertEqual(self.alpha.with_user(self.channel).channel_team_count, 6)

    def test_channel_manager_cannot_reach_others(self):
        wizards = self.env["crm.partner.team.wizard"].with_user(self.channel)
        wizard = wizards.create(
            {
                "partner_id": self.alpha.id,
                "line_ids": [(0, 0, {"user_id": self.gamma_admin.id, "role_sales": True})],
            }
        )
        for user in (self.gamma_admin, self.programme, self.outsider_user):
            wizard.line_ids.user_id = user
            for action in ("_save", "action_remove", "action_resend", "action_restore"):
                with self.assertRaises(AccessError):
                    getattr(wizard.line_ids, action)()

    def test_who_may_change_a_team(self):
        for user in (self.seller, self.stranger, self.alpha_sales, self.beta_admin):
            with self.assertRaises(AccessError):
                self.team.with_user(user)._invite(self.alpha, "X", "x@alpha.example", [])
            with self.assertRaises(AccessError):
                self.team.with_user(user)._remove(self.alpha, self.alpha_none)
        with self.assertRaises(AccessError):
            self.team.with_user(self.channel)._invite(self.outsider, "X", "x@o.example", [])

    # --- log ---

    def test_log_is_only_added_to(self):
        self._invite()
        log = self._log()
        for user in (self.env.user, self.programme):
            with self.assertRaises(AccessError):
                log.with_user(user).write({"name": "x"})
            with self.assertRaises(AccessError):
                log.with_user(user).unlink()
            with self.assertRaises(AccessError):
                log.with_user(user).create({"partner_id": self.alpha.id})

    def test_who_reads_the_log(self):
        self._invite()
        for user, seen in (
            (self.channel, 1),
            (self.programme, 1),
            (self.stranger, 0),
            (self.alpha_admin, 1),
            (self.beta_admin, 0),
        ):
            logs = self.env["crm.partner.team.log"].with_user(user)
            self.assertEqual(logs.search_count([]), seen, user.login)
        for user in (self.seller, self.alpha_sales, self.outsider_user):
            with self.assertRaises(AccessError):
                self.env["crm.partner.team.log"].with_user(user).search([])

    def test_backend_form_of_the_partner(self):
        action = self.alpha.with_user(self.channel).action_channel_team()
        self.assertEqual(action["res_model"], "crm.partner.team.wizard")
        with self.assertRaises(UserError):
            self.outsider.with_user(self.channel).action_channel_team()
