from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import CommissionCase

MODELS = (
    "crm.commission.statement",
    "crm.commission.line",
    "crm.contract.cost",
    "crm.commission.member",
)


@tagged("post_install", "-at_install")
class TestAccess(CommissionCase):
    """Own, team, other and other company: who sees and changes what."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._add_member(cls.plan, cls.chen, role="owner")
        cls._create_version(cls.plan, tiers=((0, 3),), date_from="2026-01-02", capitalise=True)
        for user, team in ((cls.li, cls.north), (cls.chen, cls.south)):
            order = cls._create_order(10000, user=user, team_id=team.id, contract_months=24)
            cls._pay(cls._invoice(order))
        cls.env.flush_all()
        cls.env.cr.precommit.run()
        cls.stranger = cls._create_seller(
            "stranger",
            "crm_sales.group_commission_manager",
            company=cls.setup_other_company(name="Other")["company"],
        )
        cls.leader = cls.zhao

    def _seen(self, user, model):
        return self.env[model].with_user(user).search([]).sudo().partner_id

    def test_who_sees_what(self):
        li, chen, wang = (u.partner_id for u in (self.li, self.chen, self.wang))
        for model in MODELS:
            with self.subTest(model=model):
                members = model == "crm.commission.member"
                self.assertEqual(self._seen(self.li, model), li)
                self.assertEqual(self._seen(self.chen, model), chen)
                self.assertEqual(self._seen(self.leader, model), li.browse() if members else li)
                everybody = (li | wang | chen) if members else (li | chen)
                self.assertEqual(self._seen(self.boss, model), everybody)
                self.assertEqual(self._seen(self.accountant, model), everybody)
                self.assertFalse(self._seen(self.stranger, model))

    def test_entries(self):
        li, chen = self.li.partner_id, self.chen.partner_id
        model = "crm.subledger.entry"
        self.assertEqual(self._seen(self.li, model), li)
        self.assertEqual(self._seen(self.chen, model), chen)
        self.assertEqual(self._seen(self.leader, model), li)
        self.assertEqual(self._seen(self.boss, model), li | chen)
        self.assertFalse(self._seen(self.stranger, model))

    def test_plans(self):
        for model in ("crm.commission.plan", "crm.commission.plan.version", "crm.commission.tier"):
            with self.subTest(model=model):
                for user in (self.li, self.leader, self.boss, self.accountant):
                    self.assertTrue(self.env[model].with_user(user).search([]), user.name)
                self.assertFalse(self.env[model].with_user(self.stranger).search([]))
                outsider = self._create_seller(
                    "outsider" + model[-4:], "sales_team.group_sale_salesman"
                )
                self.assertFalse(self.env[model].with_user(outsider).search([]))

    def test_salespeople_change_nothing(self):
        member = self.plan.member_ids.filtered(lambda m: m.user_id == self.li)
        for records in (
            self._statement(self.li),
            self.plan,
            self.version,
            self.version.tier_ids,
            member,
        ):
            with self.subTest(model=records._name):
                for operation in ("write", "create", "unlink"):
                    self.assertFalse(records.with_user(self.li).has_access(operation))
        with self.assertRaises(AccessError):
            member.with_user(self.li).write({"quota": 1})

    def test_nobody_writes_statements_and_costs(self):
        cost = self.env["crm.contract.cost"].search([], limit=1)
        for user in (self.boss, self.accountant):
            for records in (cost, self.env["crm.commission.line"]):
                self.assertFalse(records.with_user(user).has_access("write"))
            self.assertFalse(self._statement(self.li).with_user(user).has_access("unlink"))
            self.assertFalse(
                self.env["crm.commission.statement"].with_user(user).has_access("create")
            )

    def test_commission_of_the_order(self):
        order = self.env["sale.order"].search([("user_id", "=", self.li.id)], limit=1)
        self.assertEqual(order.commission_amount, 300)
        self.assertEqual(order.with_user(self.li).commission_amount, 300)
        order.team_id = self.south
        order.invalidate_recordset()
        self.assertEqual(order.with_user(self.accountant).commission_amount, 300)

    def test_participants_follow_the_deal(self):
        order = self.env["sale.order"].search([("user_id", "=", self.li.id)], limit=1)
        row = order.participant_ids
        self.assertEqual(row.with_user(self.li).partner_id, self.li.partner_id)
        with self.assertRaises(AccessError):
            row.with_user(self.chen).write({"share": 1})
        self.assertFalse(self.env["crm.commission.participant"].with_user(self.stranger).search([]))

    def test_salesperson_shares_a_deal(self):
        """Who may write a quotation may share it, and confirming it names its owner."""
        order = self._create_order(1000, confirm=False)
        order.with_user(self.li).participant_ids = [
            Command.create({"user_id": self.li.id, "share": 50}),
            Command.create({"user_id": self.chen.id, "share": 50}),
        ]
        self.assertEqual(len(order.participant_ids), 2)
        other = self._create_order(1000, confirm=False)
        other.with_user(self.li).action_confirm()
        self.assertEqual(other.participant_ids.user_id, self.li)

    def test_accountant_posts_for_everybody(self):
        """Posting an invoice computes the commission of people the user knows nothing of."""
        order = self._create_order(10000)
        invoice = self._invoice(order, post=False)
        invoice.with_user(self.accountant).action_post()
        self.env["account.payment.register"].with_user(self.accountant).with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": "2026-01-20"})._create_payments()
        self.assertEarned(self.li, "600.00")
