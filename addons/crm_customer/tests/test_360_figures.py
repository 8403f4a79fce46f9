from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common_360 import Customer360Case


@tagged("post_install", "-at_install")
class TestFigures(Customer360Case):
    """The key figures are those of the documents, to the cent, and drill down to them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls.paid = cls._move(1000, days=90, due=60, user=cls.li)
        cls.partly = cls._move(600, days=50, due=20, user=cls.li, partner=cls.chen)
        cls.open = cls._move(250.55, days=5, due=-25, user=cls.wang)
        cls.credit = cls._move(100, days=10, user=cls.li, kind="out_refund")
        cls._pay_move(cls.paid, 1000, days=40)
        cls._pay_move(cls.partly, 200, days=15)
        cls._lead(1000, 60, partner=cls.chen, user=cls.li)
        cls._lead(500, 10, user=cls.wang)
        cls._lead(9999, 100, user=cls.li).action_set_won()
        cls._lead(9999, 50, user=cls.li).action_set_lost()

    def test_revenue_and_contribution(self):
        figures = self.figures()
        self.assertAlmostEqual(figures["revenue"]["value"], 1000 + 600 + 250.55 - 100)
        self.assertAlmostEqual(figures["contribution"]["value"], 1750.55)
        self.assertEqual(figures["revenue"]["currency_id"], self.company.currency_id.id)

    def test_contribution_is_less_than_revenue_by_costs_on_the_invoice(self):
        expense = self.company_data["default_account_expense"]
        asset = self.company_data["default_account_assets"]
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": self.today,
                "invoice_line_ids": [
                    (0, 0, {"product_id": self.product.id, "price_unit": 50, "tax_ids": []})
                ],
                "line_ids": [
                    (
                        0,
                        0,
                        {
                            "name": "cost",
                            "account_id": account.id,
                            "balance": balance,
                            "display_type": "cogs",
                        },
                    )
                    for account, balance in ((expense, 30), (asset, -30))
                ],
            }
        )
        move.action_post()
        figures = self.figures()
        self.assertAlmostEqual(figures["revenue"]["value"], 1800.55)
        self.assertAlmostEqual(figures["contribution"]["value"], 1770.55)

    def test_receivables(self):
        figures = self.figures()
        self.assertAlmostEqual(figures["receivable"]["value"], 400 + 250.55 - 100)
        # The credit note fell due ten days ago: it lowers what is overdue.
        self.assertAlmostEqual(figures["overdue"]["value"], 400 - 100)
        self.assertEqual(figures["overdue"]["state"], "danger")
        self.assertIn("20", figures["overdue"]["detail"])

    def test_figures_drill_to_their_documents(self):
        figures = self.figures()
        for key, field in (
            ("revenue", "amount_untaxed_signed"),
            ("receivable", "amount_residual"),
            ("overdue", "amount_residual"),
            ("pipeline", "prorated_revenue"),
        ):
            action = figures[key]["action"]
            records = self.env[action["res_model"]].search(action["domain"])
            self.assertAlmostEqual(sum(records.mapped(field)), figures[key]["value"], msg=key)

    def test_pipeline_counts_open_opportunities_alone(self):
        figure = self.figures()["pipeline"]
        self.assertAlmostEqual(figure["value"], 1000 * 0.6 + 500 * 0.1)
        self.assertIn("2", figure["detail"])

    def test_draft_documents_do_not_count(self):
        self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_line_ids": [
                    (0, 0, {"product_id": self.product.id, "price_unit": 7, "tax_ids": []})
                ],
            }
        )
        self.assertAlmostEqual(self.figures()["revenue"]["value"], 1750.55)

    def test_last_contact(self):
        self._mail(self.customer, 9)
        self._activity(
            self.customer, "mail.mail_activity_data_call", days=4, user=self.li, done=True
        )
        self._activity(self.customer, days=-3, user=self.li)  # planned: nobody spoke yet
        figure = self.figures()["last_contact"]
        self.assertEqual(figure["value"], str(self.day(4)))
        self.assertEqual(figure["detail"], "Call · Li")

    def test_customer_without_documents(self):
        empty = self.env["res.partner"].create({"name": "New"})
        figures = self.figures(partner=empty)
        for key in ("revenue", "contribution", "receivable", "overdue", "pipeline"):
            self.assertEqual(figures[key]["value"], 0, key)
        self.assertFalse(figures["last_contact"]["value"])
        self.assertFalse(figures["overdue"]["state"])

    # ------------------------------------------------------------------ rights

    def test_boss_sees_all(self):
        figures = self.figures(self.boss)
        self.assertAlmostEqual(figures["revenue"]["value"], 1750.55)
        self.assertAlmostEqual(figures["receivable"]["value"], 550.55)

    def test_accountant_sees_money_without_pipeline(self):
        figures = self.figures(self.accountant)
        self.assertAlmostEqual(figures["revenue"]["value"], 1750.55)
        self.assertAlmostEqual(figures["overdue"]["value"], 300)
        self.assertNotIn("pipeline", figures)

    def test_salesperson_sees_figures_of_own_documents(self):
        figures = self.figures(self.li)
        self.assertNotIn("revenue", figures)
        self.assertNotIn("contribution", figures)
        self.assertAlmostEqual(figures["receivable"]["value"], 400 - 100)
        self.assertAlmostEqual(figures["pipeline"]["value"], 600)
        self.assertAlmostEqual(self.figures(self.wang)["receivable"]["value"], 250.55)

    def test_reader_sees_no_money(self):
        self.assertEqual(set(self.figures(self.reader)), {"last_contact"})

    def test_other_company(self):
        figures = self.figures(self.stranger)
        self.assertEqual(figures["revenue"]["value"], 0)
        self.assertEqual(figures["receivable"]["value"], 0)

    def test_customer_of_another_company_is_refused(self):
        self.customer.company_id = self.company
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(self.stranger).get_customer_360(self.customer.id)
        with self.assertRaises(AccessError):
            self.timeline(self.stranger)

    def test_deleted_customer(self):
        partner = self.env["res.partner"].create({"name": "Gone"})
        partner_id = partner.id
        partner.unlink()
        with self.assertRaises(UserError):
            self.env["res.partner"].get_customer_360(partner_id)

    def test_everything_of_the_view(self):
        data = self.env["res.partner"].get_customer_360(self.chen.id)
        self.assertEqual(data["header"]["name"], "Hongtai")
        self.assertEqual([c["name"] for c in data["header"]["contacts"]], ["Chen Fang", "Wu Min"])
        self.assertEqual(data["figures"][0]["key"], "revenue")
        self.assertTrue(data["timeline"]["rows"])
