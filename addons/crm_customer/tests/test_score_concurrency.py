import datetime

from odoo import SUPERUSER_ID, api
from odoo.exceptions import LockError, UserError
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

DAY = datetime.date(2001, 5, 31)


@tagged("post_install", "-at_install")
class TestScoreConcurrency(BaseCase):
    """Two people at the same month or job, in real transactions side by side."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        self.addCleanup(self._clean)

    def _environment(self):
        cr = self.registry.cursor()
        self.addCleanup(cr.close)
        return api.Environment(cr, SUPERUSER_ID, {})

    def _clean(self):
        with self.registry.cursor() as cr:
            cr.execute("DELETE FROM crm_partner_score_run WHERE month = %s", [DAY.replace(day=1)])
            cr.execute("DELETE FROM crm_cleaning_job WHERE name = 'Parallel'")
            cr.execute("DELETE FROM res_partner WHERE name = 'Parallel customer'")

    def test_the_same_month_twice(self):
        first, second = self._environment(), self._environment()
        runs = first["crm.partner.score.run"]
        run = runs._compute_isolated(first.company, DAY)
        first.cr.commit()
        run.lock_for_update()
        other = second["crm.partner.score.run"]._compute_isolated(second.company, DAY)
        self.assertEqual(other.id or run.id, run.id)
        with self.assertRaisesRegex(UserError, "computed right now"):
            second["crm.partner.score.run"].browse(run.id)._compute_now()
        second.cr.rollback()
        first.cr.rollback()
        third = self._environment()
        self.assertEqual(third["crm.partner.score.run"].browse(run.id).state, "rfm")

    @mute_logger("odoo.sql_db")
    def test_a_job_is_applied_once(self):
        first, second = self._environment(), self._environment()
        partner = first["res.partner"].create(
            {
                "name": "Parallel customer",
                "phone": "13800138000",
                "country_id": first.ref("base.cn").id,
            }
        )
        job = first["crm.cleaning.job"].create(
            {"name": "Parallel", "domain": f"[('id', '=', {partner.id})]"}
        )
        job.action_preview()
        first.cr.commit()
        job.action_apply()
        again = second["crm.cleaning.job"].browse(job.id)
        with self.assertRaises(LockError):
            again.action_apply()
        second.cr.rollback()
        first.cr.commit()
        self.assertEqual(again.state, "applied")
        with self.assertRaises(UserError):
            again.action_apply()
