from odoo import fields
from odoo.tests import HttpCase, tagged

from .common import CommissionCase


@tagged("post_install", "-at_install")
class TestTours(CommissionCase, HttpCase):
    """The flow of a statement in the browser: the salesperson disputes, the leader confirms."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")
        today = fields.Date.to_string(fields.Date.today())
        year = cls._create_plan(name="Year", members=False, period="year")
        cls._add_member(year, cls.li, role="owner")
        cls._create_version(year, date_from=f"{today[:4]}-01-01")
        cls.plan.active = False
        order = cls._create_order(80000, date=today)
        cls._pay(cls._invoice(order, date=today), date=today)
        cls.env["crm.lead"].create(
            {
                "name": "Pumps for Wuxi",
                "type": "opportunity",
                "user_id": cls.li.id,
                "team_id": cls.north.id,
                "company_id": cls.company.id,
                "expected_revenue": 114000,
                "date_deadline": today,
                "probability": 50,
            }
        )
        cls.env.flush_all()
        cls.env.cr.precommit.run()
        cls.statement = cls.env["crm.commission.statement"].search([("plan_id", "=", year.id)])

    def run_flow(self, suffix, lang):
        (self.li | self.zhao).partner_id.lang = lang
        self.start_tour("/odoo/my-commission", f"crm_sales_dispute_{suffix}", login=self.li.login)
        self.assertEqual(self.statement.state, "disputed")
        self.start_tour(
            "/odoo/commission-statements", f"crm_sales_confirm_{suffix}", login=self.zhao.login
        )
        self.assertEqual(self.statement.state, "confirmed")
        self.assertEqual(self.statement.dispute_answer, "It counts in April.")

    def test_flow_in_english(self):
        self.run_flow("en", "en_US")

    def test_flow_in_chinese(self):
        self.run_flow("zh", "zh_CN")
