import datetime

from odoo.exceptions import LockError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_approval.tests.common_parallel import ParallelCase

DAY = datetime.date(2001, 5, 31)


@tagged("post_install", "-at_install")
class TestScoreConcurrency(ParallelCase):
    """Two people at the same month or job."""

    def _build(self, env):
        self.delete_at_end("res.partner", [("name", "=", "Parallel customer")])
        self.delete_at_end("crm.cleaning.job", [("name", "=", "Parallel")])
        self.delete_at_end("crm.partner.score.run", [("month", "=", DAY.replace(day=1))])

    def test_the_same_month_twice(self):
        first, second = self.begin(), self.begin()
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
        third = self.begin()
        self.assertEqual(third["crm.partner.score.run"].browse(run.id).state, "rfm")

    @mute_logger("odoo.sql_db")
    def test_a_job_is_applied_once(self):
        first, second = self.begin(), self.begin()
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
