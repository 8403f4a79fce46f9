from odoo.tests import tagged

from .common import CommissionCase


@tagged("post_install", "-at_install")
class TestPerformance(CommissionCase):
    """The number of queries does not grow with the number of statements."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agents = cls.env["res.partner"].create([{"name": f"Agent {n}"} for n in range(100)])
        cls.env["crm.commission.member"].create(
            [{"plan_id": cls.plan.id, "agent_id": a.id, "role": "owner"} for a in cls.agents]
        )
        order = cls._create_order(100000)
        order.participant_ids.unlink()
        cls.env["crm.commission.participant"].create(
            [{"order_id": order.id, "agent_id": a.id, "share": 1} for a in cls.agents]
        )
        cls.invoice = cls._invoice(order)
        cls._pay(cls.invoice)
        cls.env.flush_all()
        cls.env.cr.precommit.run()
        cls.statements = cls.env["crm.commission.statement"].search(
            [("plan_id", "=", cls.plan.id), ("partner_id", "in", cls.agents.ids)], order="id"
        )
        cls.env.flush_all()

    def _queries(self, statements, method):
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        method(statements)
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def test_shares_of_a_hundred(self):
        self.assertEqual(len(self.statements), 100)
        self.assertEqual(set(self.statements.mapped("earned")), {30.0})
        self.assertLedgerEqualsGL()

    def test_targets(self):
        few = self._queries(self.statements[:10], lambda s: s._subledger_targets())
        many = self._queries(self.statements, lambda s: s._subledger_targets())
        self.assertLessEqual(many, few)

    def test_split(self):
        def split(statements):
            statements._subledger_split(statements._subledger_targets())

        few = self._queries(self.statements[:10], split)
        many = self._queries(self.statements, split)
        self.assertLessEqual(many, few)

    def test_run(self):
        few = self._queries(self.statements[:10], lambda s: s._subledger_run())
        many = self._queries(self.statements, lambda s: s._subledger_run())
        self.assertLessEqual(many, few)

    def test_keys_of_one_invoice(self):
        model = self.env["crm.commission.statement"]
        self.env.invalidate_all()
        with self.assertQueryCount(30):
            keys = model._subledger_keys_of(self.invoice)
        self.assertEqual(keys & self.statements, self.statements)
