from odoo import fields
from odoo.tests import HttpCase, tagged

from .common_score import ScoreCase


@tagged("post_install", "-at_install")
class TestScoreTours(ScoreCase, HttpCase):
    """What an administrator of customer data clicks through, in English and in Chinese."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_users()
        cls.env["res.lang"]._activate_lang("zh_CN")
        cls.manager.group_ids += cls.env.ref("sales_team.group_sale_salesman")
        cls.customer = cls.env["res.partner"].create(
            {
                "name": "Tour Customer",
                "phone": "13800138000",
                "country_id": cls.env.ref("base.cn").id,
            }
        )

    def _clean(self, lang):
        self.manager.lang = lang
        self.env["crm.partner.quality"].sudo()._cron_compute()
        self.start_tour("/odoo", "crm_customer_cleaning_tour", login=self.manager.login)
        job = self.env["crm.cleaning.job"].search([], limit=1)
        line = job.line_ids.filtered(lambda one: one.partner_id == self.customer)
        self.assertEqual((job.state, line.state), ("undone", "undone"))
        self.assertEqual(self.customer.phone, "13800138000")

    def test_quality_to_cleaning_job(self):
        self._clean("en_US")

    def test_quality_to_cleaning_job_in_chinese(self):
        self._clean("zh_CN")

    def _look_at_cohort(self, lang):
        self.manager.lang = lang
        self._sell(self.customer, 100, fields.Date.today())
        self.start_tour("/odoo", "crm_customer_cohort_tour", login=self.manager.login)

    def test_cohort_to_customers(self):
        self._look_at_cohort("en_US")

    def test_cohort_to_customers_in_chinese(self):
        self._look_at_cohort("zh_CN")
