import base64

from odoo.tests import TransactionCase

from odoo.addons.crm_approval.tests.common import create_user

USCC = ("91350100M000100Y43", "91330106MA2AXXXX01")


def encode(text, encoding="utf-8"):
    return base64.b64encode(text.encode(encoding))


class ImportCase(TransactionCase):
    """A company in China and its people.

    ==========  ===========================================
    seller      salesperson who may manage contacts
    reader      salesperson who may not
    other       salesperson of another company
    ==========  ===========================================
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.china = cls.env.ref("base.cn")
        cls.company = cls.env["res.company"].create({"name": "Pumps", "country_id": cls.china.id})
        cls.other_company = cls.env["res.company"].create({"name": "Valves"})
        cls.seller = cls.create_user("import.seller", cls.company, "base.group_partner_manager")
        cls.other = cls.create_user("import.other", cls.other_company, "base.group_partner_manager")
        cls.reader = cls.create_user("import.reader", cls.company)

    @classmethod
    def create_user(cls, login, company, *groups):
        groups = ",".join(["crm_customer.group_customer_user", *groups])
        return create_user(cls.env, login, groups, company)

    @classmethod
    def create_import(cls, text, user=None, encoding="utf-8", **values):
        return (
            cls.env["crm.customer.import"]
            .with_user(user or cls.seller)
            .with_company((user or cls.seller).company_id)
            .create(
                {"name": "Fair", "file": encode(text, encoding), "file_name": "f.csv", **values}
            )
        )

    def run_import(self, text, **values):
        document = self.create_import(text, **values)
        document.action_check()
        document.action_import()
        self.assertEqual(document.state, "done")
        return document

    def results(self, document):
        return document.row_ids.sorted("line").mapped("result")

    def find(self, name):
        return self.env["res.partner"].search([("name", "=", name)])
