from odoo import Command
from odoo.tests import tagged

from odoo.addons.crm_subledger.tests.common import day

from .common import CommissionCase


@tagged("post_install", "-at_install")
class TestDocuments(CommissionCase):
    """Commissions follow the documents, whatever happens to them."""

    def _sold(self, amount=10000, **values):
        order = self._create_order(amount, **values)
        return order, self._invoice(order)

    def test_partial_payments(self):
        _order, invoice = self._sold()
        self._pay(invoice, 5650)
        self.assertEarned(self.li, "150.00")
        self._pay(invoice, 2825)
        self.assertEarned(self.li, "225.00")
        self._pay(invoice, 2825)
        self.assertEarned(self.li, "300.00")
        self.assertPostsNothing()

    def test_partial_payments_in_foreign_currency(self):
        """The basis is the untaxed amount at the rate of the invoice: differences of exchange
        are neither earned nor lost."""
        usd = self.setup_other_currency(
            "USD", rates=[("2026-01-01", 1 / 7), ("2026-02-01", 1 / 7.2), ("2026-02-15", 1 / 6.8)]
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Export", "currency_id": usd.id, "company_id": self.company.id}
        )
        _order, invoice = self._sold(10000, pricelist_id=pricelist.id)
        self.assertEqual(invoice.amount_untaxed_signed, 70000)
        self._pay(invoice, 5650, date="2026-02-01", currency_id=usd.id)
        self.assertEarned(self.li, "1050.00")
        self._pay(invoice, 5650, date="2026-02-15", currency_id=usd.id)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEarned(self.li, "2100.00")
        self.assertPostsNothing()

    def test_payment_of_two_invoices(self):
        first, invoice = self._sold(10000)
        second, other = self._sold(20000, user=self.chen)
        self._add_member(self.plan, self.chen, role="owner")
        payment = self._pay(invoice | other, group_payment=True)
        self.assertEqual(len(payment), 1)
        self.assertEarned(self.li, "300.00")
        self.assertEarned(self.chen, "600.00")
        self.assertEqual(first.commission_amount, 300)
        self.assertEqual(second.commission_amount, 600)
        entries = self._statement(self.li)._subledger_entries()
        self.assertEqual(entries.source_move_ids, invoice | payment.move_id)

    def test_cash_discount(self):
        """What the customer may deduct for paying early is settled: nothing of it is open."""
        term = self.env["account.payment.term"].create(
            {
                "name": "2 % 10 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "early_pay_discount_computation": "included",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})
                ],
            }
        )
        _order, invoice = self._sold(10000, payment_term_id=term.id)
        payment = self._pay(invoice, date="2026-01-15")
        self.assertEqual(payment.amount, 11074)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEarned(self.li, "300.00")

    def test_cancelled_and_posted_again(self):
        _order, invoice = self._sold()
        self._pay(invoice)
        self.assertEarned(self.li, "300.00")
        payment = self.env["account.payment"].search([], order="id desc", limit=1)
        invoice.button_draft()
        self.assertEarned(self.li, "0.00")
        invoice.button_cancel()
        self.assertEarned(self.li, "0.00")
        invoice.button_draft()
        invoice.action_post()
        self.assertEarned(self.li, "0.00")
        self._reconcile(invoice, payment.move_id)
        self.assertEarned(self.li, "300.00")
        entries = self._statement(self.li)._subledger_entries()
        self.assertEqual(sorted(entries.mapped("amount")), [-300, -300, 300])
        self.assertPostsNothing()

    def test_several_things_in_one_transaction(self):
        """The loop runs once, for what stands at the end."""
        _order, invoice = self._sold()
        payment = self._pay(invoice)
        self._unreconcile(payment)
        self._reconcile(invoice, payment.move_id)
        self.assertEarned(self.li, "300.00")
        self.assertEqual(len(self._statement(self.li)._subledger_entries()), 1)

    def _plain_invoice(self):
        """Return a posted invoice over 10,000 of Li, without any order."""
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_user_id": self.li.id,
                "invoice_date": "2026-01-10",
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": self.service.id,
                            "price_unit": 10000,
                            "tax_ids": [Command.set(self.tax_13.ids)],
                        }
                    )
                ],
            }
        )
        invoice.action_post()
        return invoice

    def test_invoice_without_order(self):
        invoice = self._plain_invoice()
        self._pay(invoice)
        self.assertEarned(self.li, "300.00")
        self._credit(invoice, amount=4000)
        self.assertEarned(self.li, "180.00")

    def test_salesperson_of_an_invoice_changed(self):
        self._add_member(self.plan, self.chen, role="owner")
        invoice = self._plain_invoice()
        self._pay(invoice)
        self.assertEarned(self.li, "300.00")
        invoice.invoice_user_id = self.chen
        self.assertEarned(self.li, "0.00")
        self.assertEarned(self.chen, "300.00")

    def test_invoice_moved_to_another_quarter(self):
        plan = self._create_plan(name="Invoiced", members=False)
        self._add_member(plan, self.li, role="owner")
        self._create_version(plan, tiers=((0, 3),), basis="invoiced")
        invoice = self._plain_invoice()
        self.assertEarned(self.li, "300.00", plan=plan)
        invoice.button_draft()
        invoice.write({"invoice_date": "2026-05-10", "date": "2026-05-10"})
        invoice.action_post()
        self.assertEarned(self.li, "0.00", plan=plan)
        self.assertEarned(self.li, "300.00", plan=plan, on="2026-04-01")

    def test_clawback_in_a_later_quarter(self):
        """The later quarter mirrors the scale from zero: 3 % of what was credited back."""
        _order, invoice = self._sold(200000)
        self._pay(invoice)
        self.assertEarned(self.li, "8000.00")
        self._credit(invoice, amount=150000, date="2026-05-10")
        self.assertEarned(self.li, "8000.00")
        self.assertEarned(self.li, "-5500.00", on="2026-04-01")

    def test_no_clawback_on_credit_notes(self):
        plan = self._create_plan(name="Kind", members=False)
        self._add_member(plan, self.li, role="owner")
        self._create_version(plan, tiers=((0, 3),), credit_note_clawback=False)
        _order, invoice = self._sold()
        self._pay(invoice, 5650)
        self.assertEarned(self.li, "150.00", plan=plan)
        note = self._credit(invoice, amount=5000)
        self._reconcile(invoice, note)
        self.assertEqual(invoice.payment_state, "paid")
        self.assertEarned(self.li, "150.00", plan=plan)

    def test_lock_date_in_between(self):
        """I4: a correction of a locked period is posted on the first open day, and says so."""
        _order, invoice = self._sold()
        payment = self._pay(invoice, date="2026-01-20")
        self.assertEarned(self.li, "300.00")
        self.company.fiscalyear_lock_date = "2026-03-31"
        self._unreconcile(payment)
        self.assertEarned(self.li, "0.00")
        entry = self._statement(self.li)._subledger_entries().sorted("id")[-1]
        self.assertEqual(entry.date, day("2026-04-01"))
        self.assertEqual(entry.explanation["notes"][0]["code"], "lock_date")
        self.assertPostsNothing()

    def test_two_companies(self):
        """I5: each company has its own plans, statements and ledgers."""
        other = self.setup_other_company(name="Other")
        company = other["company"]
        user = self._create_seller("li_abroad", "sales_team.group_sale_salesman", company=company)
        ledger = self.env["crm.subledger"].create(
            {
                "name": "Commissions abroad",
                "code": "COM",
                "kind": "commission",
                "company_id": company.id,
                "journal_id": other["default_journal_misc"].id,
                "account_id": self._create_account(
                    "221190", "Payable", "liability_current", company
                ).id,
                "counterpart_account_id": other["default_account_expense"].id,
            }
        )
        plan = self.env["crm.commission.plan"].create(
            {
                "name": "Abroad",
                "company_id": company.id,
                "ledger_id": ledger.id,
                "payroll_account_id": other["default_account_expense"].id,
            }
        )
        self._add_member(plan, user, role="owner")
        self._create_version(plan, tiers=((0, 10),), basis="invoiced")
        _order, invoice = self._sold()
        self._pay(invoice)
        abroad = (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "company_id": company.id,
                    "partner_id": self.customer.id,
                    "invoice_user_id": user.id,
                    "invoice_date": "2026-01-10",
                    "invoice_line_ids": [
                        Command.create({"name": "x", "price_unit": 1000, "tax_ids": False})
                    ],
                }
            )
        )
        abroad.action_post()
        self.assertEarned(self.li, "300.00")
        self.assertEarned(user, "100.00", plan=plan)
        entries = self.env["crm.subledger.entry"].search([])
        for entry in entries:
            self.assertEqual(entry.move_id.company_id, entry.company_id)
            self.assertEqual(entry.line_id.account_id.company_ids, entry.company_id)
        self.assertPostsNothing()


@tagged("post_install", "-at_install")
class TestConditions(CommissionCase):
    """What a plan can say, each condition to the cent."""

    def _collect(self, amount, date="2026-01-20", **values):
        order = self._create_order(amount, **values)
        invoice = self._invoice(order)
        self._pay(invoice, date=date)
        return order, invoice

    def _plan_of_li(self, **version):
        plan = self._create_plan(name="Other", members=False)
        self._add_member(plan, self.li, role="owner")
        self._create_version(plan, **version)
        return plan

    def test_plan_changed_in_mid_quarter(self):
        """The second version goes on counting where the first one stopped."""
        self._create_version(self.plan, tiers=((0, 2), (100000, 10)), date_from="2026-02-15")
        self.assertEqual(self.version.date_to, day("2026-02-14"))
        self._collect(80000, date="2026-02-01")
        self.assertEarned(self.li, "2400.00")
        self._collect(40000, date="2026-03-01")
        # 20,000 at 2 % up to the bound, 20,000 at 10 % above it
        self.assertEarned(self.li, "4800.00")
        self._collect(50000, date="2026-02-14")
        # first version: 130,000; second: 40,000 above the bound
        self.assertEarned(self.li, "8500.00")
        self.assertPostsNothing()

    def test_version_approved_later(self):
        """A version approved for the past corrects what was posted."""
        self._collect(80000, date="2026-02-01")
        self.assertEarned(self.li, "2400.00")
        self._create_version(self.plan, tiers=((0, 4),), date_from="2026-01-15")
        self.assertEarned(self.li, "3200.00")

    def test_salesperson_replaced_in_mid_deal(self):
        self._add_member(self.plan, self.chen, role="owner")
        order = self._create_order(10000)
        invoice = self._invoice(order)
        self._pay(invoice, 5650, date="2026-01-20")
        wizard = self.env["crm.sale.replace.salesperson"].create(
            {"order_id": order.id, "new_user_id": self.chen.id, "date": "2026-02-01"}
        )
        wizard.action_replace()
        self.assertEqual(order.user_id, self.chen)
        self.assertEqual(len(order.participant_ids), 2)
        self._pay(invoice, 5650, date="2026-02-10")
        self.assertEarned(self.li, "150.00")
        self.assertEarned(self.chen, "150.00")
        self._credit(invoice, amount=2000)
        self.assertEarned(self.li, "150.00")
        self.assertEarned(self.chen, "90.00")

    def test_shares(self):
        self._add_member(self.plan, self.chen, role="owner")
        order, invoice = self._collect(10000)
        self.assertEarned(self.li, "300.00")
        order.participant_ids = [
            Command.update(order.participant_ids.id, {"share": 60}),
            Command.create({"user_id": self.chen.id, "share": 40}),
        ]
        self.assertEarned(self.li, "180.00")
        self.assertEarned(self.chen, "120.00")
        self.assertEqual(order.commission_amount, 300)
        self.assertEqual(invoice.subledger_entry_count, 3)

    def test_participants_of_the_opportunity(self):
        lead = self.env["crm.lead"].create(
            {
                "name": "Pumps",
                "type": "opportunity",
                "partner_id": self.customer.id,
                "deal_member_ids": [
                    Command.create({"user_id": self.li.id, "commission": "owner", "split": 100}),
                    Command.create({"user_id": self.wang.id, "commission": "overlay", "rate": 1}),
                ],
            }
        )
        self._collect(10000, opportunity_id=lead.id)
        self.assertEarned(self.li, "300.00")
        self.assertEarned(self.wang, "100.00")

    def test_plan_of_overlays_only(self):
        """A plan needs no owner: its members may all earn a flat rate."""
        self.plan.member_ids.filtered(lambda m: m.role == "owner").unlink()
        self._collect(
            10000,
            participant_ids=[Command.create({"user_id": self.wang.id, "role": "overlay"})],
        )
        self.assertEarned(self.wang, "50.00")

    def test_overlay_of_every_deal_and_manager(self):
        self.plan.member_ids.filtered(lambda m: m.role == "overlay").every_deal = True
        self._add_member(
            self.plan, self.zhao, role="manager", rate=1, team_ids=[Command.set(self.north.ids)]
        )
        self._collect(10000)
        self._collect(
            20000,
            team_id=self.south.id,
            participant_ids=[
                Command.create({"user_id": self.wang.id, "role": "overlay", "rate": 2})
            ],
        )
        self.assertEarned(self.wang, "450.00")
        self.assertEarned(self.zhao, "100.00")

    def test_external_agent(self):
        agent = self.env["res.partner"].create({"name": "Agent Sun"})
        self._add_member(self.plan, agent, role="overlay", rate=2)
        self._collect(
            10000, participant_ids=[Command.create({"agent_id": agent.id, "role": "overlay"})]
        )
        self.assertEarned(agent, "200.00")

    def test_retroactive(self):
        plan = self._plan_of_li(tiers=((0, 2), (5000, 4)), method="retroactive")
        first, _invoice = self._collect(5000)
        self.assertEarned(self.li, "100.00", plan=plan)
        self._collect(5000)
        self.assertEarned(self.li, "400.00", plan=plan)
        shares = {
            entry.order_id.id for entry in self._statement(self.li, plan)._subledger_entries()
        }
        self.assertEqual(len(shares), 2)
        amounts = self.env["crm.subledger.entry"]._read_group(
            [
                ("res_id", "=", self._statement(self.li, plan).id),
                ("order_id", "=", first.id),
                ("res_model", "=", "crm.commission.statement"),
            ],
            [],
            ["amount:sum"],
        )
        self.assertEqual(amounts, [(-200,)])

    def test_invoiced(self):
        plan = self._plan_of_li(tiers=((0, 3),), basis="invoiced")
        invoice = self._invoice(self._create_order(10000))
        self.assertEarned(self.li, "300.00", plan=plan)
        self._credit(invoice, amount=4000)
        self.assertEarned(self.li, "180.00", plan=plan)

    def test_booked(self):
        plan = self._plan_of_li(tiers=((0, 3),), basis="booked")
        order = self._create_order(10000)
        self.assertEarned(self.li, "300.00", plan=plan)
        order.order_line.price_unit = 12000
        self.run_subledger()
        statements = self.env["crm.commission.statement"].search([("plan_id", "=", plan.id)])
        self.assertEqual(sum(statements.mapped("earned")), 360)
        order._action_cancel()
        self.run_subledger()
        self.assertEqual(sum(statements.mapped("earned")), 0)
        self.assertPostsNothing()

    def test_booked_orders_before_the_plan(self):
        self._create_order(10000)
        plan = self._plan_of_li(tiers=((0, 3),), basis="booked")
        self.assertEarned(self.li, "300.00", plan=plan)

    def test_cap(self):
        plan = self._plan_of_li(tiers=((0, 3),), cap=500)
        self._collect(10000)
        self._collect(10000)
        self.assertEarned(self.li, "500.00", plan=plan)
        entry = self._statement(self.li, plan)._subledger_entries()[0]
        self.assertIn("500.00", entry.explanation_html)

    def test_threshold(self):
        plan = self._plan_of_li(tiers=((0, 3),), threshold=15000)
        self._collect(10000)
        self.assertEarned(self.li, "0.00", plan=plan)
        self.assertEqual(self._statement(self.li, plan).basis, 10000)
        order, invoice = self._collect(10000)
        self.assertEarned(self.li, "600.00", plan=plan)
        self._credit(invoice, amount=6000)
        self.assertEarned(self.li, "0.00", plan=plan)

    def test_filters(self):
        other = self._create_product(
            name="Seal",
            type="service",
            taxes_id=self.tax_13,
            invoice_policy="order",
            categ_id=self.env["product.category"].create({"name": "Seals"}).id,
        )
        plan = self._plan_of_li(tiers=((0, 10),), categ_ids=[Command.set(other.categ_id.ids)])
        team = self._plan_of_li(tiers=((0, 10),), team_ids=[Command.set(self.south.ids)])
        customer = self._plan_of_li(tiers=((0, 10),), partner_ids=[Command.set(self.customer.ids)])
        self._collect(
            10000,
            order_line=[
                Command.create(
                    {
                        "product_id": self.service.id,
                        "price_unit": 9000,
                        "product_uom_qty": 1,
                        "tax_ids": [Command.set(self.tax_13.ids)],
                    }
                ),
                Command.create(
                    {
                        "product_id": other.id,
                        "price_unit": 1000,
                        "product_uom_qty": 1,
                        "tax_ids": [Command.set(self.tax_13.ids)],
                    }
                ),
            ],
        )
        self.assertEarned(self.li, "100.00", plan=plan)
        self.assertEarned(self.li, "0", plan=team)
        self.assertEarned(self.li, "1000.00", plan=customer)

    def test_members_leave(self):
        self.plan.member_ids.filtered(lambda m: m.user_id == self.li).date_to = "2026-01-31"
        self._collect(10000, date="2026-01-20")
        self._collect(10000, date="2026-02-20")
        self.assertEarned(self.li, "300.00")

    def test_lines_explain_the_statement(self):
        order, _invoice = self._collect(80000)
        self._collect(40000, date="2026-02-20")
        self.run_subledger()
        statement = self._statement(self.li)
        action = statement.action_open_lines()
        lines = (
            self.env["crm.commission.line"]
            .with_context(**action["context"])
            .search(action["domain"], order="date")
        )
        self.assertEqual(lines.mapped("basis"), [80000, 40000])
        self.assertEqual(lines.mapped("commission"), [2400, 1600])
        self.assertEqual(lines[0].order_id, order)
        self.assertEqual(lines[0].customer_id, self.customer)
        self.assertEqual(sum(lines.mapped("commission")), statement.earned)
        every = self.env["crm.commission.line"].search([("statement_id", "=", statement.id)])
        self.assertEqual(sorted(every.ids), sorted(lines.ids))
