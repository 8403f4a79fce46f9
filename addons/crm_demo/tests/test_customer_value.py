from odoo.tests import tagged

from .common import DemoCase


@tagged("post_install", "-at_install")
class TestCustomerValue(DemoCase):
    """Value scores and data quality of the demonstration."""

    def test_scores_of_seven_months(self):
        runs = self.env["crm.partner.score.run"].search([("company_id", "=", self.company.id)])
        self.assertEqual(len(runs), 7)
        self.assertFalse(runs.filtered(lambda run: run.state == "failed"))
        current = runs.filtered("is_current")
        self.assertEqual(current, runs.sorted("month")[-1:])
        self.assertGreaterEqual(len(set(current.score_ids.mapped("rfm_class"))), 5)

    def test_scores_are_the_invoices(self):
        current = self.env["crm.partner.score"].search(
            [("company_id", "=", self.company.id), ("is_current", "=", True)]
        )
        # what settles a rebate is a credit note too, but no revenue that goes away
        [[balance]] = self.env["account.move.line"]._read_group(
            [
                ("company_id", "=", self.company.id),
                ("parent_state", "=", "posted"),
                ("move_id.move_type", "in", ("out_invoice", "out_refund")),
                ("move_id.commercial_partner_id", "in", current.partner_id.ids),
                ("display_type", "=", "product"),
                ("account_id.internal_group", "=", "income"),
            ],
            [],
            ["balance:sum"],
        )
        self.assertAmount(sum(current.mapped("revenue")), -balance)

    def test_cohorts(self):
        rows = self.env["crm.customer.cohort"].search([("company_id", "=", self.company.id)])
        self.assertGreaterEqual(len(set(rows.mapped("cohort"))), 10)

    def test_quality_rises(self):
        figures = self.env["crm.quality.figure"].search(
            [("company_id", "=", self.company.id)], order="week"
        )
        self.assertEqual(len(figures), 4)
        self.assertEqual(figures.mapped("score"), sorted(figures.mapped("score")))
        self.assertLess(figures[-1].with_issues, figures[0].with_issues)

    def test_one_job_is_applied_and_one_waits(self):
        jobs = self.env["crm.cleaning.job"].search([])
        self.assertEqual(sorted(jobs.mapped("state")), ["applied", "previewed"])
        for job in jobs:
            self.assertTrue(job.line_ids)
