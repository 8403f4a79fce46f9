from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.crm_approval.tests.common_parallel import ParallelCase


@tagged("post_install", "-at_install")
class TestMergeConcurrency(ParallelCase):
    """Merges side by side and killed."""

    def _build(self, env):
        partners = env["res.partner"].create(
            [{"name": f"Parallel {number}"} for number in range(3)]
        )
        self.remove_at_end(partners)
        self.partners = partners.ids
        self.at_end(self._bring_back)
        merges = env["crm.merge"]
        self.merges = [
            merges.create_for(partners[:2], partners[0]).id,
            merges.create_for(partners[1:], partners[2]).id,
        ]
        self.delete_at_end("crm.merge", [("id", "in", self.merges)])
        self.delete_at_end("crm.merge.journal", [("merge_id", "in", self.merges)])

    def _bring_back(self, env):
        # What was merged cannot be removed through the ORM, and that is tested elsewhere.
        env.cr.execute(
            "UPDATE res_partner SET merged_into_id = NULL, active = TRUE WHERE id = ANY(%s)",
            [self.partners],
        )

    def _merge(self, env, number):
        return env["crm.merge"].browse(self.merges[number])

    def _state(self):
        with self.transaction() as env:
            env.cr.execute(
                "SELECT id, active, merged_into_id FROM res_partner WHERE id = ANY(%s) ORDER BY id",
                [self.partners],
            )
            return env.cr.fetchall()

    def test_the_second_waits_or_is_told(self):
        """While one merge is under way, another one of the same customer is refused."""
        first, second = self.begin(), self.begin()
        self._merge(first, 0)._execute()
        with self.assertRaisesRegex(UserError, "right now"):
            self._merge(second, 1)._execute()
        second.cr.rollback()
        first.cr.commit()
        with self.assertRaisesRegex(UserError, "already"):
            self._merge(second, 1).action_merge()

    def test_the_same_merge_twice(self):
        first, second = self.begin(), self.begin()
        self._merge(first, 0)._execute()
        with self.assertRaises(UserError):
            self._merge(second, 0)._execute()
        second.cr.rollback()
        first.cr.commit()
        with self.assertRaises(UserError):
            self._merge(second, 0)._execute()

    def test_killed_in_the_middle(self):
        """A process that dies before it commits leaves both customers as they were."""
        before = self._state()
        self.run_until_killed(
            """
            merge = env["crm.merge"].browse(int(arguments[0]))
            type(merge)._post_done = lambda self: die()
            merge._execute()
            """,
            self.merges[0],
        )
        self.assertEqual(self._state(), before)
        with self.transaction() as env:
            env.cr.execute(
                "SELECT COUNT(*) FROM crm_merge_journal WHERE merge_id = ANY(%s)", [self.merges]
            )
            self.assertEqual(env.cr.fetchone()[0], 0)
