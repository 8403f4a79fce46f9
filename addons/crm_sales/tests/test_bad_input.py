from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import CommissionCase


@tagged("post_install", "-at_install")
class TestBadInput(CommissionCase):
    """Everything that cannot work is refused on save, naming the record and the remedy."""

    def assertRefused(self, pattern, method, *args, error=ValidationError, **kwargs):
        with self.assertRaisesRegex(error, pattern), self.cr.savepoint():
            method(*args, **kwargs)
            self.env.flush_all()

    # Scales ------------------------------------------------------------

    def test_scale_must_start_at_zero(self):
        self.assertRefused(
            "Direct sales.*does not start at 0", self._create_version, self.plan, tiers=((5, 1),)
        )

    def test_tiers_must_not_overlap(self):
        self.assertRefused(
            "start at the same bound",
            self._create_version,
            self.plan,
            tiers=((0, 1), (10, 2), (10, 3)),
        )

    def test_scale_needs_a_tier(self):
        version = self._create_version(self.plan, approve=False, date_from="2026-07-01")
        self.assertRefused("has no tier", version.write, {"tier_ids": [Command.clear()]})
        self.assertRefused("has no tier", version.tier_ids.unlink)

    def test_rates_must_not_be_negative(self):
        self.assertRefused("negative rate", self._create_version, self.plan, tiers=((0, -1),))

    def test_editing_tiers_in_one_go(self):
        """The scale is checked once everything is written, not in between."""
        version = self._create_version(self.plan, approve=False, date_from="2026-07-01")
        low, high = version.tier_ids.sorted("lower_bound")
        version.write(
            {"tier_ids": [Command.delete(low.id), Command.update(high.id, {"lower_bound": 0})]}
        )
        self.assertEqual(version.tier_ids.lower_bound, 0)

    def test_guarantee_above_maximum(self):
        self.assertRefused("guaranteed minimum", self._create_version, self.plan, floor=100, cap=50)

    def test_approved_version_is_immutable(self):
        for name, value in (("cap", 5), ("date_from", "2026-02-01"), ("basis", "invoiced")):
            self.assertRefused("approved", self.version.write, {name: value}, error=UserError)
        tier = self.version.tier_ids[0]
        self.assertRefused("approved", tier.write, {"rate": 9}, error=UserError)
        self.assertRefused("approved", tier.unlink, error=UserError)
        self.assertRefused("approved", self.version.unlink, error=UserError)
        self.assertRefused(
            "approved",
            self.env["crm.commission.tier"].create,
            {"version_id": self.version.id, "lower_bound": 7, "rate": 1},
            error=UserError,
        )

    def test_two_versions_on_one_day(self):
        self.assertRefused("approved twice", self._create_version, self.plan)

    def test_version_in_use_cannot_be_cancelled(self):
        order = self._create_order(10000)
        self._pay(self._invoice(order))
        self.run_subledger()
        self.assertRefused("cannot be cancelled", self.version.action_cancel, error=UserError)
        draft = self._create_version(self.plan, approve=False, date_from="2026-07-01")
        draft.action_cancel()
        self.assertEqual(draft.state, "cancelled")

    # Plans -------------------------------------------------------------

    @mute_logger("odoo.sql_db")
    def test_plan_without_accounts(self):
        plan = {"name": "Empty", "company_id": self.company.id}
        self.assertRefused(
            "ledger_id", self.env["crm.commission.plan"].create, plan, error=Exception
        )
        self.assertRefused("no payroll account", self._create_plan, payroll_account_id=False)

    def test_plan_with_the_wrong_kind_of_ledger(self):
        self.assertRefused(
            "Contract costs.*Commissions Payable", self._create_plan, ledger_id=self.costs.id
        )
        self.assertRefused("Commissions", self._create_plan, cost_ledger_id=self.commissions.id)

    def test_payroll_account_is_not_the_ledger(self):
        self.assertRefused("payroll account", self._create_plan, payroll_account_id=self.payroll.id)

    def test_account_of_another_company(self):
        other = self.setup_other_company(name="Other")
        self.assertRefused(
            "payroll|Payroll|compan",
            self._create_plan,
            payroll_account_id=other["default_account_expense"].id,
            error=UserError,
        )

    def test_archived_journal(self):
        self.commissions.journal_id = self.journal.copy({"code": "COM1"})
        self.commissions.journal_id.active = False
        self.assertRefused(
            "archived", self._create_version, self.plan, date_from="2026-07-01", error=UserError
        )

    def test_currency_without_a_rate(self):
        coin = self.env["res.currency"].create({"name": "XTS", "symbol": "x"})
        self.env["product.pricelist"].create({"name": "Coins", "currency_id": coin.id})
        self.assertRefused(
            "XTS.*no exchange rate", self._create_version, self.plan, date_from="2026-07-01"
        )

    def test_capitalising_without_a_ledger(self):
        plan = self._create_plan(cost_ledger_id=False)
        self.assertRefused(
            "no sub-ledger for contract costs", self._create_version, plan, capitalise=True
        )

    def test_started_plan_keeps_its_period(self):
        self._pay(self._invoice(self._create_order(10000)))
        self.run_subledger()
        self.assertRefused("has statements", self.plan.write, {"period": "year"}, error=UserError)
        self.assertRefused("has statements", self.plan.unlink, error=UserError)

    # People ------------------------------------------------------------

    def test_member_is_one_person(self):
        create = self.env["crm.commission.member"].create
        agent = self.env["res.partner"].create({"name": "Sun"})
        self.assertRefused("exactly one", create, {"plan_id": self.plan.id})
        self.assertRefused(
            "exactly one",
            create,
            {"plan_id": self.plan.id, "user_id": self.chen.id, "agent_id": agent.id},
        )

    def test_member_without_employee(self):
        self.chen.employee_ids.unlink()
        self.assertRefused(
            "Chen is no employee", self._add_member, self.plan, self.chen, role="owner"
        )
        self._add_member(self.plan, self.chen, role="owner", payout="bill")

    def test_member_twice(self):
        self.assertRefused("Li is named twice", self._add_member, self.plan, self.li, role="owner")

    def test_member_dates_reversed(self):
        self.assertRefused(
            "Chen ends on 2026-01-01, before",
            self._add_member,
            self.plan,
            self.chen,
            role="owner",
            date_from="2026-02-01",
            date_to="2026-01-01",
        )

    def test_manager_without_team(self):
        self.assertRefused(
            "Zhao has no team", self._add_member, self.plan, self.zhao, role="manager", rate=1
        )

    # Deals -------------------------------------------------------------

    def _share(self, order, *shares, **values):
        order.write(
            {
                "participant_ids": [Command.clear()]
                + [
                    Command.create({"user_id": user.id, "share": share, **values})
                    for user, share in shares
                ]
            }
        )

    def test_shares_must_sum_to_100(self):
        order = self._create_order(10000)
        name = order.name
        self.assertRefused(
            f"{name}.*90.00 % instead of 100", self._share, order, (self.li, 50), (self.chen, 40)
        )
        self.assertRefused(f"{name}.*120.00 %", self._share, order, (self.li, 60), (self.chen, 60))
        self.assertRefused(f"{name}.*50.00 %", order.participant_ids.write, {"share": 50})
        self._share(order, (self.li, 60), (self.chen, 40))
        self.assertRefused(f"{name}.*60.00 %", order.participant_ids[-1:].unlink)

    def test_shares_must_sum_on_every_day(self):
        order = self._create_order(10000)
        self.assertRefused(
            "from the beginning to 2026-01-31",
            order.participant_ids.write,
            {"date_from": "2026-02-01"},
        )
        self.assertRefused(
            "from 2026-02-01 to the end",
            order.participant_ids.write,
            {"date_to": "2026-01-31"},
        )

    def test_participant_dates_reversed(self):
        order = self._create_order(10000)
        self.assertRefused(
            "before they begin",
            order.participant_ids.write,
            {"date_from": "2026-02-01", "date_to": "2026-01-01"},
        )

    def test_participant_is_one_person(self):
        order = self._create_order(10000)
        self.assertRefused(
            "exactly one",
            self.env["crm.commission.participant"].create,
            {"order_id": order.id, "role": "overlay"},
        )

    def test_contract_dates(self):
        self.assertRefused("cannot be negative", self._create_order, 10000, contract_months=-1)
        order = self._create_order(10000, contract_months=24, contract_date_start="2026-02-01")
        self.assertRefused(
            "terminated on 2026-01-01, before",
            order.write,
            {"contract_terminated_on": "2026-01-01"},
        )
        plain = self._create_order(10000)
        self.assertRefused("nothing to terminate", plain.action_terminate_contract, error=UserError)

    def test_replacing_by_the_same_person(self):
        wizard = self.env["crm.sale.replace.salesperson"].create(
            {"order_id": self._create_order(10000).id, "new_user_id": self.li.id}
        )
        self.assertRefused("belongs to Li already", wizard.action_replace, error=UserError)

    def test_only_accountants_pay(self):
        self._pay(self._invoice(self._create_order(10000)))
        self.run_subledger()
        statement = self._statement(self.li)
        with self.assertRaisesRegex(AccessError, "accountants"):
            statement.with_user(self.li).action_pay()
