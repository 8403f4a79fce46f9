import re
from collections import Counter
from contextlib import contextmanager

from odoo.tests import tagged

from .common import ApprovalSaleCase


@tagged("post_install", "-at_install")
class TestPerformance(ApprovalSaleCase):
    """The gate costs nothing where no rule is, and little where one is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.orders = cls.env["sale.order"].concat(*(cls._create_order() for _n in range(200)))
        cls.env.flush_all()

    def _queries(self, method):
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        method()
        return self.env.cr.sql_log_count - before

    def test_no_rule(self):
        """200 orders ask once whether there are rules, then nothing; no order is read for it.

        An addon above may ask for rules of its own: of each table once, too.
        """
        self.env.registry.clear_cache()
        self.env.invalidate_all()
        statements = []
        with contextmanager(self._patchExecute)(statements):
            self.orders._approval_gate("confirm")
        asked = Counter(re.search(r'FROM "(\w+)"', statement)[1] for statement in statements)
        self.assertIn("crm_approval_rule", asked)
        self.assertEqual(set(asked.values()), {1}, asked)
        self.assertNotIn("sale_order", asked)
        self.assertNotIn("sale_order_line", asked)
        again = self._queries(lambda: self.orders._approval_gate("confirm"))
        self.assertEqual(again, 0)

    def test_rule_that_does_not_match(self):
        self._create_rule(domain="[('origin', '=', 'nowhere')]")
        few = self.orders[:10]
        self.orders._approval_missing("confirm")
        one = self._queries(lambda: few._approval_missing("confirm"))
        many = self._queries(lambda: self.orders._approval_missing("confirm"))
        self.assertLessEqual(many, one + 2)
        self.assertLessEqual(many, 15)

    def test_state_of_a_list(self):
        self._create_rule()
        self.assertEqual(len(self.orders._approval_missing("confirm")), 200)
        queries = self._queries(lambda: self.orders.mapped("approval_state"))
        self.assertLessEqual(queries, 20)
