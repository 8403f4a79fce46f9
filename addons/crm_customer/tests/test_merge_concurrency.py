import os
import signal
import subprocess
import sys
import textwrap

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import config, mute_logger


@tagged("post_install", "-at_install")
class TestMergeConcurrency(BaseCase):
    """Merges in real transactions, side by side and killed; what they leave is removed."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            partners = env["res.partner"].create(
                [{"name": f"Parallel {number}"} for number in range(3)]
            )
            merges = env["crm.merge"]
            self.merges = [
                merges.create_for(partners[:2], partners[0]).id,
                merges.create_for(partners[1:], partners[2]).id,
            ]
            self.partners = partners.ids
        self.addCleanup(self._clean)

    def _clean(self):
        # What was merged cannot be removed through the ORM, and that is tested elsewhere.
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM crm_merge_journal WHERE merge_id = ANY(%s)", [self.merges])
            cr.execute("DELETE FROM crm_merge WHERE id = ANY(%s)", [self.merges])
            cr.execute("DELETE FROM mail_message WHERE model = 'crm.merge' AND res_id = ANY(%s)",
                       [self.merges])  # fmt: skip
            cr.execute("UPDATE res_partner SET merged_into_id = NULL, active = TRUE"
                       " WHERE id = ANY(%s)", [self.partners])  # fmt: skip
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["res.partner"].browse(self.partners).unlink()

    def _environment(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {})

    def _state(self):
        with self.registry.cursor() as cr:
            cr.execute(
                "SELECT id, active, merged_into_id FROM res_partner WHERE id = ANY(%s) ORDER BY id",
                [self.partners],
            )
            return cr.fetchall()

    def test_the_second_waits_or_is_told(self):
        """While one merge is under way, another one of the same customer is refused."""
        with self.registry.cursor() as first, self.registry.cursor() as second:
            self._environment(first)["crm.merge"].browse(self.merges[0])._execute()
            with self.assertRaisesRegex(UserError, "right now"):
                self._environment(second)["crm.merge"].browse(self.merges[1])._execute()
            second.rollback()
            first.commit()
            later = self._environment(second)["crm.merge"].browse(self.merges[1])
            with self.assertRaisesRegex(UserError, "already"):
                later.action_merge()

    def test_the_same_merge_twice(self):
        with self.registry.cursor() as first, self.registry.cursor() as second:
            self._environment(first)["crm.merge"].browse(self.merges[0])._execute()
            with self.assertRaises(UserError):
                self._environment(second)["crm.merge"].browse(self.merges[0])._execute()
            second.rollback()
            first.commit()
            with self.assertRaises(UserError):
                self._environment(second)["crm.merge"].browse(self.merges[0])._execute()
            second.rollback()

    @mute_logger("odoo.sql_db")
    def test_killed_in_the_middle(self):
        """A process that dies before it commits leaves both customers as they were."""
        before = self._state()
        code = textwrap.dedent(
            f"""
            import os, signal
            import odoo
            from odoo import SUPERUSER_ID, api
            from odoo.modules.registry import Registry
            odoo.tools.config.parse_config(["-c", {config["config"]!r}, "-d", {get_db_name()!r}]
                                           + {self._options()!r})
            with Registry({get_db_name()!r}).cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {{}})
                merge = env["crm.merge"].browse({self.merges[0]})
                type(merge)._post_done = lambda self: os.kill(os.getpid(), signal.SIGKILL)
                merge._execute()
            """
        )
        done = subprocess.run(  # noqa: S603 - this interpreter and a text of this test
            [sys.executable, "-c", code],
            env=os.environ,
            capture_output=True,
            timeout=110,
            check=False,
        )
        self.assertEqual(done.returncode, -signal.SIGKILL, done.stderr.decode()[-2000:])
        self.assertEqual(self._state(), before)
        with self.registry.cursor() as cr:
            cr.execute("SELECT COUNT(*) FROM crm_merge_journal WHERE merge_id = ANY(%s)",
                       [self.merges])  # fmt: skip
            self.assertEqual(cr.fetchone()[0], 0)

    @staticmethod
    def _options():
        return [f"--addons-path={','.join(config['addons_path'])}"]
