from odoo import Command
from odoo.tests import tagged
from odoo.tests.common import new_test_user

from .common import DemoCase

CRONS = (
    "crm_subledger.ir_cron_process",
    "crm_subledger.ir_cron_check",
    "crm_sales.ir_cron_close_periods",
    "crm_sales.ir_cron_amortise",
)


@tagged("post_install", "-at_install")
class TestInvariants(DemoCase):
    """What must hold on every database holds after a year of business."""

    def test_subledgers_equal_the_general_ledger(self):
        """I1: per ledger, partner and day."""
        report = self.env["crm.subledger.report"]
        rows = report._read_group(
            [("company_id", "=", self.company.id)],
            ["ledger_id", "partner_id", "date:day"],
            ["difference:sum"],
        )
        self.assertGreater(len(rows), 100)
        for ledger, partner, day, difference in rows:
            self.assertAmount(difference, 0, f"{ledger.name}, {partner.name}, {day}: {difference}")

    def test_nothing_failed(self):
        self.assertFalse(self.env["crm.subledger.queue"].search_count([], limit=1))

    def test_lifetime_revenue_is_net_invoiced(self):
        """I2: per customer, the revenue account holds what the invoices say.

        Revenue over time moves a part of it to another month; those entries are the sub-ledger's.
        """
        moved = self.env["crm.subledger.entry"].search([]).move_id
        booked = self.env["account.move.line"]._read_group(
            [
                ("account_id.code", "=like", "6001%"),
                ("parent_state", "=", "posted"),
                ("move_id", "not in", moved.ids),
            ],
            ["partner_id"],
            ["balance:sum"],
        )
        invoiced = dict(
            self.env["account.move"]._read_group(
                [("move_type", "in", ("out_invoice", "out_refund")), ("state", "=", "posted")],
                ["commercial_partner_id"],
                ["amount_untaxed_signed:sum"],
            )
        )
        self.assertGreater(len(booked), 100)
        for partner, balance in booked:
            self.assertAmount(-balance, invoiced[partner], partner.display_name)

    def test_no_line_crosses_companies(self):
        """I5: every item belongs to the company of its document; strangers see nothing."""
        crossing = self.env["account.move.line"].search_count(
            [("company_id", "!=", self.company.id), ("move_id.company_id", "=", self.company.id)]
        )
        self.assertFalse(crossing)
        other = self.env["res.company"].create({"name": "Other Company"})
        stranger = new_test_user(
            self.env,
            login="stranger",
            groups="base.group_user,sales_team.group_sale_manager,account.group_account_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        for model in ("sale.order", "account.move", "crm.subledger.entry", "crm.commission.plan"):
            records = (
                self.env[model].with_user(stranger).with_context(allowed_company_ids=other.ids)
            )
            self.assertFalse(records.search_count([("company_id", "=", self.company.id)]), model)

    def test_scheduled_actions_post_nothing_again(self):
        """I6: everything is up to date, so that no scheduled action posts anything."""
        counted = ("account.move", "account.move.line", "crm.subledger.entry")
        with self.enter_registry_test_mode():
            self.run_scheduled_actions()
            before = [self.env[model].search_count([]) for model in counted]
            self.run_scheduled_actions()
            self.assertEqual([self.env[model].search_count([]) for model in counted], before)

    def run_scheduled_actions(self):
        """Run the scheduled actions of the sub-ledgers and commissions."""
        for xml_id in CRONS:
            self.env.ref(xml_id).method_direct_trigger()

    def test_recomputing_everything_posts_nothing(self):
        """I3 and I6: the statements follow from the documents as they stand."""
        entries = self.env["crm.subledger.entry"].search_count([])
        self.env["crm.commission.plan"].search([]).action_recompute()
        self.env.cr.flush()
        self.env["crm.subledger.queue"].search([])._process()
        self.assertEqual(self.env["crm.subledger.entry"].search_count([]), entries)

    def test_credit_notes_are_storno(self):
        """I7: a credit note posts negative amounts on the side of the invoice."""
        wrong = self.env["account.move.line"].search_count(
            [
                ("move_id.move_type", "=", "out_refund"),
                ("parent_state", "=", "posted"),
                "|",
                ("debit", ">", 0),
                ("credit", ">", 0),
            ]
        )
        self.assertFalse(wrong)
