import json
from datetime import timedelta

from odoo import Command, fields
from odoo.tests import tagged

from odoo.addons.crm_customer.engine.dashboard import charts as charts_of

from ..tools import dashboards
from .common_forecast import ForecastCase


@tagged("post_install", "-at_install")
class TestSalesReports(ForecastCase):
    def grouped(self, model, by, *measures, domain=()):
        rows = self.env[model]._read_group(
            [("company_id", "=", self.company.id), *domain], [by], list(measures)
        )
        return {group: values for group, *values in rows}

    def test_win_rate_and_cycle_time(self):
        """Three of four decided deals are won; one with two products still counts once."""
        leads = [self._lead(1000, deadline=self.today) for _n in range(5)]
        for days, lead in zip((10, 20, 30, 40, 50), leads, strict=True):
            lead.flush_recordset()
            self.env.cr.execute(
                "UPDATE crm_lead SET create_date = %s WHERE id = %s",
                [fields.Datetime.now() - timedelta(days=days), lead.id],
            )
        products = [self.service, self._create_product(name="Seal", type="service")]
        self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "opportunity_id": leads[0].id,
                "company_id": self.company.id,
                "order_line": [
                    Command.create({"product_id": product.id, "price_unit": price})
                    for product, price in zip(products, (750, 250), strict=True)
                ],
            }
        )
        for lead in leads[:3]:
            lead.action_set_won()
        leads[3].action_set_lost()
        self.env.flush_all()
        rows = self.grouped(
            "crm.opportunity.report",
            "team_id",
            "win_rate:avg",
            "cycle_days:avg",
            "opportunity_share:sum",
            "won_revenue:sum",
            "age_days:avg",
        )
        rate, cycle, count, won, age = rows[self.north]
        self.assertAlmostEqual(rate, 75)
        self.assertAlmostEqual(cycle, 25, places=1)
        self.assertAlmostEqual(count, 5)
        self.assertAlmostEqual(won, 3000)
        self.assertAlmostEqual(age, 50, places=1)
        by_product = self.grouped(
            "crm.opportunity.report", "product_tmpl_id", "won_revenue:sum", "win_rate:avg"
        )
        self.assertEqual(by_product[products[0].product_tmpl_id], [750, 100])
        self.assertEqual(by_product[products[1].product_tmpl_id], [250, 100])
        row = self.env["crm.opportunity.report"].search([("lead_id", "=", leads[4].id)])
        self.assertEqual(row.action_open_lead()["res_id"], leads[4].id)
        self.assertEqual(row.outcome, "open")

    def test_time_in_stage(self):
        lead = self._lead(1).with_context(tracking_disable=False, mail_notrack=False)
        self.flush_tracking()
        lead.stage_id = self.stages["best_case"]
        self.flush_tracking()
        tracking = self.env["mail.tracking.value"].search(
            [("mail_message_id.res_id", "=", lead.id), ("field_id.name", "=", "stage_id")]
        )
        self.assertEqual(len(tracking), 1)
        now = fields.Datetime.now()
        self.env.cr.execute(
            "UPDATE crm_lead SET create_date = %s WHERE id = %s",
            [now - timedelta(days=10), lead.id],
        )
        self.env.cr.execute(
            "UPDATE mail_tracking_value SET create_date = %s WHERE id = %s",
            [now - timedelta(days=4), tracking.id],
        )
        rows = self.env["crm.stage.duration.report"].search([("lead_id", "=", lead.id)])
        days = {row.stage_id: round(row.days, 1) for row in rows}
        self.assertEqual(days, {self.stages["pipeline"]: 6, self.stages["best_case"]: 4})

    def flush_tracking(self):
        self.env.flush_all()
        self.env.cr.precommit.run()

    def test_forecast_against_quota(self):
        self._quota(90000, user=self.li, team=self.north)
        self._quota(1200, user=self.chen, team=self.south, period="year", measure="collected")
        self._invoice(self._create_order(30000, date="2026-01-05"), date="2026-02-10")
        self._lead(4000, category="commit", deadline="2026-03-15")
        rows = self.grouped(
            "crm.quota.report",
            "month:month",
            "quota_invoiced:sum",
            "invoiced:sum",
            "booked:sum",
            "commit:sum",
            "attainment_invoiced:avg",
            domain=[("user_id", "=", self.li.id)],
        )
        found = {
            str(month.date() if hasattr(month, "date") else month): v for month, v in rows.items()
        }
        self.assertEqual(found["2026-01-01"], [30000, 0, 30000, 0, 0])
        self.assertEqual(found["2026-02-01"], [30000, 30000, 0, 0, 100])
        self.assertEqual(found["2026-03-01"], [30000, 0, 0, 4000, 0])
        total = self.grouped(
            "crm.quota.report",
            "user_id",
            "quota_invoiced:sum",
            "attainment_invoiced:avg",
            "quota_collected:sum",
        )
        self.assertEqual(total[self.li][0], 90000)
        self.assertAlmostEqual(total[self.li][1], 100 / 3)
        self.assertEqual(total[self.chen][2], 1200)
        report = self.env["crm.quota.report"].search(
            [("user_id", "=", self.li.id), ("invoiced", "!=", 0)]
        )
        action = report.action_open_documents()
        behind = self.env["crm.achievement"].with_context(**action["context"])
        sums = behind._read_group(action["domain"], ["measure"], ["amount:sum"])
        self.assertEqual(dict(sums)["invoiced"], 30000)

    def test_activities_and_outcomes(self):
        lead = self._lead(2500)
        for _n in range(3):
            lead.activity_schedule("mail.mail_activity_data_call", user_id=self.li.id)
        lead.activity_ids.action_feedback(feedback="called")
        lead.action_set_won()
        self.env.flush_all()
        rows = self.grouped(
            "crm.outcome.report",
            "user_id",
            "activities:sum",
            "created:sum",
            "won:sum",
            "won_revenue:sum",
            "activities_per_win:avg",
        )
        self.assertEqual(rows[self.li], [3, 1, 1, 2500, 3])
        call = self.env.ref("mail.mail_activity_data_call")
        by_type = self.grouped("crm.outcome.report", "activity_type_id", "activities:sum")
        self.assertEqual(by_type[call], [3])

    def test_dashboards(self):
        """The files are what the generator writes, and what they name exists."""
        for name, xml_id, group in (
            ("salesperson", "dashboard_salesperson", "sales_team.group_sale_salesman"),
            ("manager", "dashboard_manager", "sales_team.group_sale_manager"),
        ):
            with self.subTest(name=name):
                dashboard = self.env.ref(f"crm_sales.{xml_id}")
                dashboard._check_spreadsheet_data()
                data = json.loads(dashboard.spreadsheet_data)
                self.assertEqual(data, dashboards.build(name))
                self.assertIn(self.env.ref(group), dashboard.group_ids)
                charts = charts_of(data)
                self.assertTrue(charts)
                for chart in charts:
                    linked = chart.get("actionXmlId") or data["chartOdooMenusReferences"].get(
                        chart["chartId"]
                    )
                    self.assertTrue(linked, chart["title"])
                    self.assertTrue(self.env.ref(linked))
