from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_discipline import DisciplineCase


@tagged("post_install", "-at_install")
class TestDisciplineAccess(DisciplineCase):
    """Own, team, other, other company, and nobody at all."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gate = cls._gate(cls.proposal, cls._field("date_deadline"))
        cls.kind = cls.env["crm.document.kind"].create({"name": "Budget"})
        cls.rival = cls.env["crm.competitor"].create({"name": "Rival"})
        cls.lead = cls._lead(
            competitor_ids=[Command.create({"competitor_id": cls.rival.id})],
            deal_member_ids=[Command.create({"user_id": cls.zhou.id, "access": "none"})],
        )
        cls._file(cls.lead, cls.kind)
        cls.nobody = cls._user("nobody", "base.group_user")

    def test_only_administrators_configure(self):
        for model in ("crm.stage.gate", "crm.playbook", "crm.deal.role", "crm.win.reason"):
            with self.subTest(model=model):
                records = self.env[model]
                self.assertTrue(records.with_user(self.head).has_access("create"))
                for user in (self.lin, self.wei):
                    self.assertTrue(records.with_user(user).has_access("read"))
                    self.assertFalse(records.with_user(user).has_access("write"))
                self.assertFalse(records.with_user(self.nobody).has_access("read"))
        with self.assertRaises(AccessError):
            self.gate.with_user(self.lin).active = False

    def test_parts_of_a_deal_follow_it(self):
        for part in (self.lead.document_ids, self.lead.competitor_ids):
            with self.subTest(model=part._name):
                for user in (self.lin, self.wei, self.head):
                    self.assertTrue(part.with_user(user).has_access("write"), user.login)
                for user in (self.mei, self.zhou, self.far, self.nobody):
                    self.assertFalse(part.with_user(user).has_access("read"), user.login)

    def test_ticks_are_not_rewritten(self):
        book = self.env["crm.playbook"].create(
            {"name": "B", "stage_id": self.new.id, "item_ids": [Command.create({"name": "I"})]}
        )
        tick = (
            self.env["crm.lead.check"]
            .with_user(self.lin)
            .create(
                {
                    "lead_id": self.lead.id,
                    "item_id": book.item_ids.id,
                    "user_id": self.mei.id,
                    "date": "2020-01-01 00:00:00",
                }
            )
        )
        self.assertEqual(tick.user_id, self.lin)
        self.assertGreater(str(tick.date), "2021")
        with self.assertRaises(AccessError):
            tick.with_user(self.lin).write({"user_id": self.mei.id})
        with self.assertRaises(AccessError):
            self.lead.with_user(self.mei).action_tick(book.item_ids.id)

    def test_other_company_is_not_seen(self):
        there = self.env["crm.lead"].create(
            {
                "name": "There",
                "type": "opportunity",
                "user_id": self.far.id,
                "company_id": self.elsewhere.id,
                "competitor_ids": [Command.create({"competitor_id": self.rival.id})],
            }
        )
        for user in (self.lin, self.wei, self.head):
            self.assertFalse(there.competitor_ids.with_user(user).has_access("read"))
        self.assertEqual(self.rival.with_user(self.far).open_count, 1)
        self.assertEqual(self.rival.with_user(self.mei).open_count, 0)
        self.assertEqual(self.rival.with_user(self.wei).open_count, 1)
