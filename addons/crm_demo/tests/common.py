from odoo.tests import TransactionCase

from ..builder import story, tables


class DemoCase(TransactionCase):
    """Tests that read the demonstration company; they change nothing that outlives them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.ref("base.main_company")
        cls.env = cls.env(context={**cls.env.context, "allowed_company_ids": cls.company.ids})
        cls.users = {
            person.login: cls.env["res.users"].search([("login", "=", person.login)])
            for person in (*tables.PEOPLE, tables.ADMINISTRATOR)
        }

    @classmethod
    def product(cls, code):
        """Return the product with that internal reference."""
        return cls.env["product.product"].search([("default_code", "=", code)], limit=1)

    @classmethod
    def story_order(cls):
        """Return the order of the story."""
        return cls.env["sale.order"].search(
            [
                ("partner_id.name", "=", story.CUSTOMER),
                ("opportunity_id", "!=", False),
            ]
        )

    def balance(self, code, domain=()):
        """Return the posted balance of the account whose code starts with ``code``."""
        [[total]] = self.env["account.move.line"]._read_group(
            [
                ("company_id", "=", self.company.id),
                ("parent_state", "=", "posted"),
                ("account_id.code", "=like", f"{code}%"),
                *domain,
            ],
            [],
            ["balance:sum"],
        )
        return total

    def assertAmount(self, actual, expected, message=None):
        """Compare amounts in the currency of the company."""
        self.assertFalse(
            self.company.currency_id.compare_amounts(actual, expected),
            message or f"{actual} instead of {expected}",
        )
