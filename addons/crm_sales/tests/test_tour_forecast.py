from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from ..engine import span
from .common_forecast import ForecastCase


@tagged("post_install", "-at_install")
class TestTourForecast(ForecastCase, HttpCase):
    """Part 6 in the browser: the salesperson submits, the leader judges and sees what changed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")
        first, last = span.bounds("quarter", cls.today)
        cls._quota(200000, user=cls.li, team=cls.north, date_from=first)
        cls._invoice(cls._create_order(50000, date=str(first)), date=str(first))
        cls._lead(10000, category="commit", deadline=last)
        lost = cls._lead(30000, deadline=last, name="Pumps for Wuxi")
        snapshot = (
            cls.env["crm.forecast.snapshot"]
            .sudo()
            ._for_week()
            .filtered(lambda one: one.company_id == cls.company)
        )
        snapshot._take()
        snapshot.taken_on = fields.Datetime.now() - timedelta(hours=1)
        lost.action_set_lost()
        # Figures of the team come with leading it; its opportunities with Odoo's own right.
        cls.zhao.group_ids |= cls.env.ref("sales_team.group_sale_salesman_all_leads")

    def run_flow(self, suffix, lang):
        (self.li | self.zhao).partner_id.lang = lang
        self.start_tour(
            "/odoo/forecast-board", f"crm_sales_forecast_submit_{suffix}", login=self.li.login
        )
        forecast = self._forecast(self.li)
        self.assertEqual((forecast.state, forecast.submitted_amount), ("submitted", 60000))
        self.assertEqual(forecast.comment, "It depends on the budget.")
        self.start_tour(
            "/odoo/forecast-board", f"crm_sales_forecast_judge_{suffix}", login=self.zhao.login
        )
        self.assertEqual((forecast.state, forecast.judged_amount), ("judged", 55000))

    def test_flow_in_english(self):
        self.run_flow("en", "en_US")

    def test_flow_in_chinese(self):
        self.run_flow("zh", "zh_CN")

    def test_leaderboard_on_a_phone(self):
        self.browser_size = "375x667"
        self.start_tour(
            "/odoo/sales-leaderboard", "crm_sales_leaderboard_phone", login=self.li.login
        )
