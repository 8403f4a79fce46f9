import io
from zipfile import ZipFile

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.crm_subledger.tests.common import day

from .common_mdf import MdfCase


@tagged("post_install", "-at_install")
class TestPartnerStatement(MdfCase):
    """March 2026 of alpha: opening 113,000, an invoice, a payment and a credit note, a fund."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.before = cls._invoice(cls.alpha, "2026-02-10", 100000)
        cls.fund = cls._create_fund()
        cls.invoice = cls._invoice(cls.alpha, "2026-03-05", 200000)
        cls.credit = cls._invoice(cls.alpha, "2026-03-20", 50000, refund=True)
        cls.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=cls.before.ids
        ).create({"payment_date": day("2026-03-15")})._create_payments()
        cls.run_subledger()

    def _create(self, partner=None, **values):
        statement = self.env["crm.partner.statement"].create(
            {
                "partner_id": (partner or self.alpha).id,
                "company_id": self.company.id,
                "date_from": day("2026-03-01"),
                "date_to": day("2026-03-31"),
                "user_id": self.channel.id,
                **values,
            }
        )
        statement.action_compute()
        return statement

    def test_sections(self):
        statement = self._create()
        receivable, fund = statement.section_ids
        self.assertEqual((receivable.code, fund.ledger_id), ("receivable", self.mdf_ledger))
        self.assertEqual((statement.opening, statement.closing), (113000, 169500))
        rows = [(line.kind, line.amount, line.balance) for line in receivable.line_ids]
        self.assertEqual(
            rows,
            [
                ("invoice", 226000, 339000),
                ("payment", -113000, 226000),
                ("credit_note", -56500, 169500),
            ],
        )
        self.assertEqual(receivable.line_ids[0].name, self.invoice.name)
        # the receivable of the general ledger
        items = self.env["account.move.line"].search(
            [
                ("partner_id", "=", self.alpha.id),
                ("parent_state", "=", "posted"),
                ("account_id.account_type", "=", "asset_receivable"),
                ("date", "<=", "2026-03-31"),
            ]
        )
        self.assertEqual(statement.closing, round(sum(items.mapped("balance")), 2))
        # the fund: 2 % of 250,000, without a line of code for this ledger
        self.assertEqual((fund.opening, fund.closing), (0, 5000))
        self.assertEqual(fund.name, self.mdf_ledger.name)
        for section in statement.section_ids:
            self.assertEqual(section.opening + section.increase - section.decrease, section.closing)

    def test_payable_and_contacts(self):
        """Vendor bills have a section of their own; what a contact is invoiced counts."""
        contact = self.env["res.partner"].create(
            {"name": "Branch", "parent_id": self.alpha.id, "type": "invoice"}
        )
        self._invoice(contact, "2026-03-25", 1000)
        self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.alpha.id,
                "invoice_date": "2026-03-26",
                "invoice_line_ids": [
                    Command.create({"name": "Fair", "price_unit": 300, "tax_ids": False})
                ],
            }
        ).action_post()
        statement = self._create()
        self.assertEqual(statement.closing, 169500 + 1130)
        payable = statement.section_ids.filtered(lambda s: s.code == "payable")
        self.assertEqual((payable.closing, payable.line_ids.kind), (300, "bill"))

    def test_foreign_currency(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": dollar.id, "name": "2026-01-01", "rate": 0.125}
        )
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.beta.id,
                "invoice_date": "2026-03-03",
                "currency_id": dollar.id,
                "invoice_line_ids": [
                    Command.create({"name": "Pump", "price_unit": 100, "tax_ids": False})
                ],
            }
        )
        move.action_post()
        line = self._create(self.beta).line_ids.filtered(lambda item: item.kind == "invoice")
        self.assertEqual((line.amount, line.amount_currency), (800, 100))
        self.assertEqual(line.currency_id, dollar)

    def test_confirmed_is_frozen_and_says_when_documents_change(self):
        self.mdf_ledger.on_statement = False  # its corrections are movements of their own
        statement = self._create()
        statement.action_send()
        statement._confirm("Wang", seen=statement.content_hash, ip="10.0.0.1")
        closing, content = statement.closing, statement.content_hash
        self.assertFalse(statement.outdated)
        late = self._invoice(self.alpha, "2026-03-30", 10000)
        self.assertTrue(statement.outdated)
        self.assertEqual((statement.closing, statement.content_hash), (closing, content))
        with self.assertRaises(UserError):
            statement.action_compute()
        late.button_draft()
        self.run_subledger()
        self.assertFalse(statement.outdated, "as it was again")
        self._invoice(self.alpha, "2026-04-02", 10000)
        self.assertFalse(statement.outdated, "another month")
        kinds = statement.log_ids.sorted("seq").mapped("kind")
        self.assertEqual(kinds, ["created", "sent", "confirmed", "changed", "unchanged"])

    def test_log_is_chained_and_append_only(self):
        statement = self._create()
        statement.action_send()
        statement._dispute("Wang", "Invoice missing", ip="10.0.0.1", user_agent="Firefox")
        row = statement.log_ids.filtered(lambda log: log.kind == "disputed")
        self.assertEqual((row.name, row.ip, row.detail), ("Wang", "10.0.0.1", "Invoice missing"))
        self.assertEqual(row.content_hash, statement.content_hash)
        with self.assertRaises(UserError):
            row.write({"detail": "Nothing"})
        with self.assertRaises(UserError):
            row.sudo().unlink()
        with self.assertRaises(AccessError):
            self.env["crm.partner.statement.log"].sudo().create({"statement_id": statement.id})
        self.assertFalse(statement.log_ids._first_broken())
        payload = row._payload()
        self.assertEqual(
            (payload["statement"], payload["detail"], payload["content_hash"], payload["user"]),
            (statement.id, "Invoice missing", statement.content_hash, self.env.uid),
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_partner_statement_log SET detail = 'forged' WHERE id = %s", [row.id]
        )
        self.env.invalidate_all()
        self.assertEqual(statement.log_ids._first_broken(), row)
        self.assertEqual(statement.action_verify_log()["params"]["type"], "danger")

    def test_dispute_is_answered_and_sent_again(self):
        statement = self._create()
        statement.action_send()
        self.assertIn("Answer", self._disputed(statement).activity_ids.summary)
        with self.assertRaises(UserError):
            statement.action_send()
        statement.with_user(self.channel).dispute_answer = "It was in April."
        statement.with_user(self.channel).action_send()
        self.assertEqual(statement.state, "sent")

    def _disputed(self, statement):
        with self.assertRaises(UserError):
            statement._dispute("Wang", "  ")
        statement._dispute("Wang", "Invoice missing")
        self.assertEqual(statement.state, "disputed")
        return statement

    def test_what_was_seen_is_what_is_confirmed(self):
        statement = self._create()
        statement.action_send()
        seen = statement.content_hash
        self._invoice(self.alpha, "2026-03-30", 10000)
        self.run_subledger()
        statement.action_send()  # computed anew
        self.assertEqual(statement.closing, 180800)
        with self.assertRaises(UserError):
            statement._confirm("Wang", seen=seen)
        statement._confirm("Wang", seen=statement.content_hash)
        with self.assertRaises(UserError):
            statement._confirm("Wang")

    def test_withdraw_and_cancel(self):
        statement = self._create()
        statement.action_send()
        statement.action_confirm()
        self.assertEqual(statement.confirmed_by, self.env.user.name)
        with self.assertRaises(UserError):
            statement.action_cancel()
        statement.action_reopen()
        self.assertFalse(statement.confirmed_by)
        with self.assertRaises(UserError):
            statement.unlink()
        statement.action_cancel()
        self.env.flush_all()
        self._create()  # the period is free again
        # the server tells a user which period is taken, see the index
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            with self.env.cr.savepoint():
                statement.action_reopen()
                self.env.flush_all()

    def test_nobody_writes_contents_or_states(self):
        statement = self._create()
        for user in (self.env.user, self.channel, self.programme):
            record = statement.with_user(user)
            with self.assertRaises(AccessError):
                record.write({"state": "confirmed"})
            with self.assertRaises(AccessError):
                record.write({"content_hash": "x"})
            with self.assertRaises(AccessError):
                record.line_ids[:1].write({"amount": 1})
            with self.assertRaises(AccessError):
                record.section_ids[:1].sudo().unlink()
            with self.assertRaises(AccessError):
                self.env["crm.partner.statement"].with_user(user).create(
                    {
                        "partner_id": self.beta.id,
                        "date_from": "2026-01-01",
                        "date_to": "2026-01-31",
                        "state": "confirmed",
                    }
                )
        forged = (
            self.env["crm.partner.statement"]
            .with_context(default_state="confirmed")
            .create(
                {
                    "partner_id": self.beta.id,
                    "company_id": self.company.id,
                    "date_from": "2026-01-01",
                    "date_to": "2026-01-31",
                }
            )
        )
        self.assertEqual(forged.state, "draft")

    def test_rights(self):
        statement = self._create()
        for user in (self.channel, self.programme, self.accountant):
            self.assertEqual(statement.with_user(user).closing, 169500)
        with self.assertRaises(AccessError):
            statement.with_user(self.seller).read(["closing"])
        self.assertFalse(self.env["crm.partner.statement"].with_user(self.stranger).search([]))

    def test_xlsx_and_pdf(self):
        statement = self._create()
        document = self.env["crm.partner.statement.document"]
        content = document.with_user(self.channel)._xlsx(statement.with_user(self.channel))
        with ZipFile(io.BytesIO(content)) as book:
            strings = book.read("xl/sharedStrings.xml").decode()
            summary = book.read("xl/worksheets/sheet1.xml").decode()
        self.assertIn(self.invoice.name, strings)
        self.assertIn("169500", summary)
        html = (
            self.env["ir.actions.report"]
            ._render_qweb_html("crm_partner.report_partner_statement", statement.ids)[0]
            .decode()
        )
        self.assertIn(self.invoice.name, html)
        self.assertIn("169,500.00", html)

    def test_many_at_once(self):
        """A partner whose statement fails keeps the reason, and the others get theirs."""
        self._invoice(self.beta, "2026-03-10", 1000)
        Statement = self.env["crm.partner.statement"]
        original = type(Statement)._statement_sections

        def sections(record):
            if record.partner_id == self.beta:
                raise ZeroDivisionError("poisoned")
            return original(record)

        self.company.partner_statement_auto = "send"
        self.patch(type(Statement), "_statement_sections", sections)
        with freeze_time("2026-04-01 04:00:00"):
            self._run_cron("ir_cron_partner_statement")
        made = Statement.search([("company_id", "=", self.company.id)])
        self.assertEqual(made.partner_id, self.alpha | self.beta, "gamma has nothing")
        good = made.filtered(lambda s: s.partner_id == self.alpha)
        bad = made - good
        self.assertEqual((good.state, good.closing), ("sent", 169500))
        self.assertEqual((bad.state, bad.error), ("draft", "poisoned"))
        self.patch(type(Statement), "_statement_sections", original)
        with freeze_time("2026-04-02 04:00:00"):
            self._run_cron("ir_cron_partner_statement")
        self.assertEqual(
            Statement.search([("company_id", "=", self.company.id)]), made, "nothing twice"
        )
        bad.action_compute()
        self.assertEqual((bad.error, bad.closing), (False, 1130))

    def test_wizard(self):
        wizard = (
            self.env["crm.partner.statement.batch"]
            .with_user(self.channel)
            .create({"date_from": "2026-03-01", "date_to": "2026-03-31", "send": True})
        )
        action = wizard.action_create()
        made = self.env["crm.partner.statement"].search(action["domain"])
        self.assertEqual((made.partner_id, made.state), (self.alpha, "sent"))
        with self.assertRaises(UserError):
            wizard.action_create()
