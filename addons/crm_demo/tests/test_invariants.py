from collections import defaultdict

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tests.common import new_test_user
from odoo.tools import date_utils

from ..builder import commissions, projects
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

    def test_revenue_is_net_invoiced_and_what_is_deferred(self):
        """I2 on any day: per customer, revenue = net invoiced + balance of revenue over time."""
        deferred = self.deferred()
        self.assertTrue(any(deferred.values()), "projects under way have earned or owe something")
        self.check_revenue(deferred)

    def test_lifetime_revenue_is_net_invoiced(self):
        """I2: once every project is complete and billed, the releases sum to zero."""
        for revenue in self.env["crm.project.revenue"].search([]):
            self.complete(revenue)
        self.assertFalse(any(self.deferred().values()))
        self.check_revenue(defaultdict(float))

    def check_revenue(self, deferred):
        """Compare the revenue account of each customer with the invoices and ``deferred``.

        What is promised to partners (rebates, market development funds) is a reduction of revenue
        until it is settled; the settlement is a document of the balance sheet.
        """
        revenue = self.by_partner([("account_id.code", "=like", "6001%")])
        invoiced = defaultdict(
            float,
            self.env["account.move"]._read_group(
                [("move_type", "in", ("out_invoice", "out_refund")), ("state", "=", "posted")],
                ["commercial_partner_id"],
                ["amount_untaxed_signed:sum"],
            ),
        )
        self.assertGreater(len(invoiced), 100)
        promised, settled = self.promised(), self.settled()
        self.assertTrue(any(promised.values()) and any(settled.values()))
        for partner in {*revenue, *invoiced, *deferred, *promised}:
            self.assertAmount(
                -revenue[partner] + promised[partner],
                invoiced[partner] + settled[partner] + deferred[partner],
                partner.display_name,
            )

    def promised(self):
        """Return what rebates and funds took off the revenue by partner, from the sub-ledgers."""
        entries = self.env["crm.subledger.entry"].search(
            [("ledger_id.kind", "in", ("rebate", "mdf")), ("kind", "!=", "settlement")]
        )
        taken = self.by_partner(
            [("account_id.code", "=like", "6001%"), ("move_id", "in", entries.move_id.ids)]
        )
        rebates = entries.filtered(lambda entry: entry.ledger_id.kind == "rebate")
        for partner, group in rebates.grouped("partner_id").items():
            funds = self.by_partner(
                [
                    ("account_id.code", "=like", "6001%"),
                    ("partner_id", "=", partner.id),
                    ("move_id", "in", (entries - rebates).move_id.ids),
                ]
            )
            owed = -sum(group.mapped("amount"))
            self.assertAmount(taken[partner] - funds[partner], owed, partner.display_name)
        return taken

    def settled(self):
        """Return what documents settled of rebates and funds by customer: not a sale."""
        return self.by_partner(
            [
                ("subledger_key_model", "in", ("crm.rebate.period", "crm.mdf.fund")),
                ("move_id.move_type", "in", ("out_invoice", "out_refund")),
            ]
        )

    def deferred(self):
        """Return the balance of contract assets and liabilities by customer, from the items."""
        kinds = ("contract_liability", "contract_asset")
        ledgers = self.env["crm.subledger"].search([("kind", "in", kinds)])
        self.assertEqual(len(ledgers), 2)
        return self.by_partner([("account_id", "in", ledgers.account_id.ids)])

    def by_partner(self, domain):
        """Return the posted balance of the journal items of ``domain`` by partner."""
        items = self.env["account.move.line"]
        rows = items._read_group(
            [
                ("company_id", "=", self.company.id),
                ("parent_state", "=", "posted"),
                ("partner_id", "!=", False),
                *domain,
            ],
            ["partner_id"],
            ["balance:sum"],
        )
        return defaultdict(float, rows)

    def complete(self, revenue):
        """Spend what is left of the estimate, bill what is left of the contract, and close."""
        project, order = revenue.project_id, revenue.order_id
        day = fields.Date.add(revenue.date_until, days=1)
        projects.spend(self.env, project, revenue.estimate - revenue.cost, day)
        projects.bill(self.env, order, revenue.contract_amount - revenue.billed, day)
        revenue.date_until = date_utils.end_of(day, "month")
        commissions.bring_up_to_date(self.env)
        self.assertAmount(revenue.earned, revenue.contract_amount)

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
