from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_contract import ContractCase


@tagged("post_install", "-at_install")
class TestCollection(ContractCase):
    """Receivables of own customers, promises, disputes and letters."""

    @classmethod
    @freeze_time("2026-03-01 08:00:00")
    def setUpClass(cls):
        super().setUpClass()
        (cls.customer | cls.other_customer).property_payment_term_id = cls.env.ref(
            "account.account_payment_term_immediate"
        )
        cls.customer.email = "office@customer.example.com"
        cls.other_customer.email = "office@other.example.com"
        cls.own = cls._invoice(cls._create_order(1000), date="2026-01-10")
        cls.other = cls._invoice(
            cls._create_order(
                2000, user=cls.chen, partner_id=cls.other_customer.id, team_id=cls.south.id
            ),
            date="2026-02-10",
        )
        cls.stranger = cls._create_seller(
            "stranger",
            "sales_team.group_sale_manager",
            company=cls.setup_other_company(name="Other")["company"],
        )
        cls.levels = cls.env["crm.dunning.level"].search([("company_id", "=", False)])

    def _rows(self, user=None):
        rows = self.env["crm.receivable"]
        self.env.flush_all()
        rows.invalidate_model()
        return (rows.with_user(user) if user else rows).search(
            [("company_id", "=", self.company.id)]
        )

    @freeze_time("2026-03-01 08:00:00")
    def test_who_sees_what(self):
        seen = {
            user: set(self._rows(user).sudo().move_id)
            for user in (self.li, self.zhao, self.chen, self.accountant, self.director)
        }
        self.assertEqual(seen[self.li], {self.own})
        self.assertEqual(seen[self.zhao], {self.own}, "leads the team of the invoice")
        self.assertEqual(seen[self.chen], {self.other})
        self.assertEqual(seen[self.accountant], {self.own, self.other})
        self.assertEqual(seen[self.director], {self.own, self.other})
        self.assertFalse(self._rows(self.stranger))
        with self.assertRaises(AccessError):
            self._rows(self.lawyer)
        total = (
            self.env["crm.receivable"]
            .with_user(self.li)
            ._read_group([], [], ["amount_residual:sum"])
        )
        self.assertEqual(total, [(1130,)], "sums are under the rules too")
        for operation in ("write", "create", "unlink"):
            self.assertFalse(self._rows(self.director).has_access(operation))

    @freeze_time("2026-03-01 08:00:00")
    def test_opens_by_role(self):
        """Nobody is shown an empty list of 'mine' who has no customers of his own."""
        expected = {self.li: "mine", self.accountant: "group_bucket", self.director: "group_user"}
        filters = self.env.ref("crm_sales.crm_receivable_view_search").arch
        for user, name in expected.items():
            action = self.env["crm.receivable"].with_user(user).action_open_by_role()
            self.assertEqual(action["context"], {f"search_default_{name}": 1}, user.name)
            self.assertEqual(action["path"], "receivables")
            self.assertIn(f'name="{name}"', filters)

    @freeze_time("2026-03-01 08:00:00")
    def test_salesperson_of_the_customer_sees_a_colleagues_invoice(self):
        self.other_customer.user_id = self.li
        rows = self._rows(self.li)
        self.assertEqual(set(rows.sudo().move_id), {self.own, self.other})
        self.assertEqual(self.other_customer.with_user(self.li).crm_receivable_amount, 2260)
        with self.assertRaises(AccessError):
            rows.filtered(lambda row: row.name == self.other.name).action_open_document()

    @freeze_time("2026-03-01 08:00:00")
    def test_figures_and_age(self):
        row = self._rows(self.li)
        due = self.own.invoice_date_due
        self.assertEqual((row.date_due, row.amount_residual), (due, 1130))
        self.assertEqual(row.days_overdue, (self._day("2026-03-01") - due).days)
        self.assertEqual(row.bucket, "31_60")
        self._pay(self.own, 130)
        self.assertEqual(self._rows(self.li).amount_residual, 1000)
        for now, bucket in (
            ("2026-01-10", "0_not_due"),
            ("2026-01-11", "1_30"),
            ("2026-03-12", "61_90"),
            ("2026-05-01", "over_90"),
        ):
            with freeze_time(f"{now} 08:00:00"):
                self.assertEqual(self._rows(self.li).bucket, bucket)
        self._pay(self.own)
        self.assertFalse(self._rows(self.li))

    @freeze_time("2026-03-01 08:00:00")
    def _promise(self, user=None, **values):
        return (
            self.env["crm.payment.promise"]
            .with_user(user or self.li)
            .create(
                {
                    "partner_id": self.customer.id,
                    "amount": 1000,
                    "date": "2026-03-10",
                    "company_id": self.company.id,
                    **values,
                }
            )
        )

    def test_promise_kept(self):
        promise = self._promise()
        self.assertEqual((promise.open_at_start, promise.sudo().move_ids), (1130, self.own))
        with freeze_time("2026-03-05 08:00:00"):
            self.assertEqual(str(self._rows(self.li).promise_date), "2026-03-10")
            self._pay(self.own, 600, date="2026-03-04")
            self._run_cron("ir_cron_promises")
            self.assertEqual((promise.state, promise.amount_received), ("open", 600))
            self._pay(self.own, 400, date="2026-03-05")
            self._run_cron("ir_cron_promises")
        self.assertEqual(promise.state, "kept")

    def test_promise_broken_goes_to_the_manager_once(self):
        promise = self._promise()
        for day in ("2026-03-10", "2026-03-11", "2026-03-12"):
            with freeze_time(f"{day} 08:00:00"):
                self._run_cron("ir_cron_promises")
            self.assertEqual(promise.state, "open" if day == "2026-03-10" else "broken")
        self.assertEqual(promise.activity_ids.user_id, self.zhao | self.li)
        self.assertEqual(len(promise.activity_ids), 2)
        with freeze_time("2026-03-20 08:00:00"):
            self._pay(self.own, date="2026-03-20")
            self._run_cron("ir_cron_promises")
        self.assertEqual(promise.state, "kept", "late, but paid")
        self.assertFalse(promise.activity_ids)

    @freeze_time("2026-03-01 08:00:00")
    def test_promises_leak_nothing(self):
        with self.assertRaisesRegex(UserError, r"0\.00"):
            self._promise(partner_id=self.other_customer.id)
        with self.assertRaisesRegex(UserError, r"1,130\.00.*5,000\.00"):
            self._promise(amount=5000)
        promise = self._promise()
        self.assertNotIn(promise, promise.with_user(self.chen).search([]))
        self.assertIn(promise, promise.with_user(self.zhao).search([]))
        with self.assertRaisesRegex(UserError, "read from the payments"):
            promise.state = "kept"
        promise.action_cancel()
        self.assertEqual(promise.state, "cancelled")

    def test_poisoned_promise_stops_nobody(self):
        bad, good = self._promise(), self._promise(amount=500)
        original = type(bad)._check

        def check(promise):
            if promise == bad:
                raise ValueError("poison")
            original(promise)

        self.patch(type(bad), "_check", check)
        with freeze_time("2026-03-11 08:00:00"):
            self._run_cron("ir_cron_promises")
        self.assertEqual((bad.error, bad.state, good.state), ("poison", "open", "broken"))

    @freeze_time("2026-03-01 08:00:00")
    def test_letters_level_by_level(self):
        letter = self.env["crm.dunning.letter"].browse(
            self._rows(self.li).action_send_letter()["domain"][0][2]
        )
        self.assertEqual((letter.level_number, letter.state), (1, "sent"))
        self.assertEqual(letter.amount, 1130)
        mail = self.env["mail.mail"].search(
            [("model", "=", "crm.dunning.letter"), ("res_id", "=", letter.id)]
        )
        self.assertIn(self.own.name, mail.body_html)
        self.assertEqual(mail.recipient_ids, self.customer)
        self.assertEqual(self._rows(self.li).dunning_level, 1)
        with self.assertRaisesRegex(UserError, "not due yet"):
            self._rows(self.li).action_send_letter()
        for day, level in (("2026-03-12", 2), ("2026-03-25", 3)):
            with freeze_time(f"{day} 08:00:00"):
                self._rows(self.li).action_send_letter()
                self.assertEqual(self._rows(self.li).dunning_level, level)
        with freeze_time("2026-05-01 08:00:00"), self.assertRaises(UserError):
            self._rows(self.li).action_send_letter()
        self.assertEqual(len(letter.search([("partner_id", "=", self.customer.id)])), 3)
        self.assertFalse(letter.with_user(self.chen).search([("id", "=", letter.id)]))
        with self.assertRaises(AccessError):
            letter.with_user(self.li).write({"amount": 1})

    @freeze_time("2026-03-01 08:00:00")
    def test_stop_conditions(self):
        action = self._rows(self.li).action_dispute()
        dispute = (
            self.env["crm.receivable.dispute"]
            .with_user(self.li)
            .with_context(**action["context"])
            .create({"reason": "Wrong quantity"})
        )
        self.assertTrue(self._rows(self.li).disputed)
        with self.assertRaisesRegex(UserError, "disputed or promised"):
            self._rows(self.li).action_send_letter()
        dispute.action_close()
        promise = self._promise()
        with self.assertRaisesRegex(UserError, "disputed or promised"):
            self._rows(self.li).action_send_letter()
        promise.action_cancel()
        self.customer.crm_no_dunning = True
        with self.assertRaisesRegex(UserError, "gets no letters"):
            self._rows(self.li).action_send_letter()
        self.customer.crm_no_dunning = False
        self._rows(self.li).action_send_letter()
        dispute.action_reopen()
        with self.assertRaises(AccessError):
            self.env["crm.receivable.dispute"].with_user(self.li).create(
                {"move_id": self.other.id, "reason": "Not mine"}
            )

    @freeze_time("2026-03-01 08:00:00")
    def test_automatic_letters(self):
        self._run_cron("ir_cron_dunning")
        letters = self.env["crm.dunning.letter"].search([("company_id", "=", self.company.id)])
        self.assertFalse(letters, "no level is automatic")
        self.levels.automatic = True
        self.other_customer.email = False
        for _again in range(2):
            self._run_cron("ir_cron_dunning")
        letters = letters.search([("company_id", "=", self.company.id)])
        self.assertEqual(
            {(letter.partner_id, letter.state) for letter in letters},
            {(self.customer, "sent"), (self.other_customer, "failed")},
        )
        self.assertEqual(len(letters), 2, "a failure is not repeated every day")
        self.assertIn("no e-mail", letters.filtered("error").error)

    @freeze_time("2026-03-01 08:00:00")
    def test_poisoned_customer_stops_nobody(self):
        self.levels.automatic = True
        original = type(self.env["crm.dunning.letter"])._send

        def send(model, rows, level):
            if rows.partner_id == self.customer:
                raise ValueError("poison")
            return original(model, rows, level)

        self.patch(type(self.env["crm.dunning.letter"]), "_send", send)
        self._run_cron("ir_cron_dunning")
        letters = self.env["crm.dunning.letter"].search([("company_id", "=", self.company.id)])
        self.assertEqual(letters.partner_id, self.other_customer)
        self.assertIn("poison", self.customer.message_ids[0].body)


@tagged("post_install", "-at_install")
class TestDealChain(ContractCase):
    """Contract → order → delivered → invoiced → collected → commission."""

    def _chain(self, record, user=None):
        record.invalidate_recordset()
        steps = record.with_user(user or self.li).deal_chain
        return {step["key"]: (step["amount"], step["share"]) for step in steps}

    @freeze_time("2026-01-10 08:00:00")
    def test_amounts_follow_the_deal(self):
        lead = self.env["crm.lead"].create(
            {
                "name": "Deal",
                "type": "opportunity",
                "partner_id": self.customer.id,
                "user_id": self.li.id,
                "company_id": self.company.id,
            }
        )
        order = self._create_order(10000, opportunity_id=lead.id)
        contract = self._create_contract()
        order.crm_contract_id = contract
        chain = self._chain(order)
        self.assertEqual(chain["order"], (11300, 1))
        self.assertEqual(chain["contract"], (0, 0))
        contract.action_generate_plan()
        self._sign(contract)
        self._run_cron("ir_cron_contract_invoice")
        self._pay(contract.instalment_ids.invoice_ids, 1000)
        order.order_line.filtered(lambda line: not line.is_downpayment).qty_delivered = 0.5
        self.run_subledger()
        chain = self._chain(order)
        self.assertEqual(chain["contract"], (11300, 1))
        self.assertEqual(chain["delivered"], (5650, 0.5))
        self.assertEqual(chain["invoiced"], (3390, 0.3))
        self.assertEqual(chain["collected"], (1000, 0.0885))
        self.assertGreater(chain["commission"][0], 0)
        self.assertEqual(self._chain(lead), chain)

    def test_no_order_no_line(self):
        lead = self.env["crm.lead"].create({"name": "New", "type": "opportunity"})
        self.assertFalse(lead.deal_chain)
