from odoo.tests import HttpCase, tagged

from .common_360 import Customer360Case


@tagged("post_install", "-at_install")
class TestTour(Customer360Case, HttpCase):
    """A sales administrator opens a customer, filters, loads more, and drills to an invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        # Odoo's form of an invoice asks for a right to payments.
        cls.chief = cls._user(
            "chief", "sales_team.group_sale_manager,account.group_account_invoice"
        )
        cls.env["res.lang"]._activate_lang("zh_CN")
        for number in range(45):
            cls._order(100 + number, days=60 + number, user=cls.li)
        cls._move(1234.5, days=50, due=40, user=cls.li)
        cls._mail(cls.customer, 3, author=cls.chen)
        cls.chen.contact_role_ids = cls.env.ref("crm_customer.crm_contact_role_decider")
        cls.env.flush_all()
        cls.env["crm.customer.lifecycle"]._refresh(cls.customer.ids)
        cls.env["crm.customer.level"]._refresh()

    def run_tour(self, lang, suffix):
        self.chief.partner_id.lang = lang
        self.start_tour("/odoo/customers-360", f"crm_customer_360_{suffix}", login=self.chief.login)

    def test_in_english(self):
        self.run_tour("en_US", "en")

    def test_in_chinese(self):
        self.run_tour("zh_CN", "zh")
