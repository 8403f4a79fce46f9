from odoo.tests import tagged
from odoo.tools import file_open

from .common import DemoCase

OPTIONS = {"has_headers": True, "quoting": '"', "separator": "", "encoding": ""}
"""What the import screen sends when a file has just been chosen."""

NUMBERS = {"float_thousand_separator": ",", "float_decimal_separator": "."}


@tagged("post_install", "-at_install")
class TestImport(DemoCase):
    """The messy files import through the standard import screen."""

    def run_import(self, model, name, **changes):
        """Upload a file, accept the columns that the screen proposes, and import it."""
        with file_open(f"crm_demo/data/import/{name}", "rb") as stream:
            content = stream.read()
        # as the screen does, unless "track history during import" is ticked
        importer = self.env["base_import.import"].with_context(tracking_disable=True)
        wizard = importer.create(
            {
                "res_model": model,
                "file": content,
                "file_name": name,
                "file_type": "text/csv",
            }
        )
        preview = wizard.parse_preview(dict(OPTIONS))
        self.assertNotIn("error", preview)
        headers = preview["headers"]
        fields = ["/".join(preview["matches"].get(index, [])) for index in range(len(headers))]
        self.assertNotIn("", fields, f"a column of {name} is not recognised: {headers}")
        self.assertEqual(preview["num_rows"], 1001)  # with the header
        result = wizard.execute_import(fields, headers, {**preview["options"], **changes})
        self.assertFalse(result["messages"])
        return self.env[model].browse(result["ids"])

    def test_customers(self):
        partners = self.run_import("res.partner", "customers.csv")
        self.assertEqual(len(partners), 1000)
        companies = partners.filtered("is_company")
        self.assertTrue(800 < len(companies) < 1000)
        self.assertTrue(partners.filtered(lambda one: one.state_id.name == "江苏省"))
        self.assertTrue(partners.filtered("category_id"))
        self.assertLess(len(set(partners.mapped("name"))), 1000)

    def test_leads(self):
        leads = self.run_import("crm.lead", "leads.csv", date_format="%Y/%m/%d", **NUMBERS)
        self.assertEqual(len(leads), 1000)
        self.assertTrue(leads.filtered("date_deadline"))
        self.assertTrue(leads.filtered("tag_ids"))
        self.assertEqual(set(leads.mapped("type")), {"lead", "opportunity"})
        self.assertTrue(all(0 <= lead.expected_revenue <= 200000 for lead in leads))

    def test_products(self):
        templates = self.run_import("product.template", "products.csv", **NUMBERS)
        self.assertEqual(len(templates), 1000)
        goods = templates.filtered("is_storable")
        self.assertEqual(set(goods.mapped("type")), {"consu"})
        self.assertEqual(set(goods.mapped("valuation")), {"real_time"})
        self.assertTrue(goods.filtered(lambda one: one.standard_price > 1000))
