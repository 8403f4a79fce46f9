from odoo import Command

from odoo.addons.crm_partner.tools import unlocked

from .common import PartnerCase

#: D3: a company in Shanghai with a valid unified social credit code
HONGTAI = {
    "customer_name": "上海宏泰机械有限公司",
    "customer_code": "91310000MA1K3YJQ5L",
    "customer_phone": "021-68881234",
    "customer_domain": "hongtai-machinery.com.cn",
    "customer_city": "上海",
}
#: how the second partner writes it: same phone and domain
HONGTAI_AGAIN = {
    "customer_name": "宏泰机械（上海）",
    "customer_phone": "+86 21 6888 1234",
    "customer_domain": "www.hongtai-machinery.com.cn",
}


def remove_deals(env, partners):
    """Remove what partners registered, approved or not, for tests whose transactions commit.

    :param list partners: ids
    """
    found = unlocked(env["crm.deal.registration"].search([("partner_id", "in", partners)]))
    leads = found.lead_id
    found.write({"state": "draft", "lead_id": False})
    leads.write({"deal_registration_id": False})
    leads.unlink()
    found.unlink()


class DealCase(PartnerCase):
    """Partners who register deals; see :class:`PartnerCase` for levels and people."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"deal_customer_months": 12, "deal_direct_policy": "warn"})
        cls.company.partner_id.tz = "Asia/Shanghai"
        cls.line_machine = cls._create_product(
            name="Line M5", type="consu", lst_price=500000.0, taxes_id=cls.tax_13
        )
        cls.registrations = cls.env["crm.deal.registration"]

    @classmethod
    def _register(cls, partner, *, amount=500000, user=None, products=None, **customer):
        """Return a registration of a partner as it comes from the portal."""
        registrations = cls.registrations.with_user(user) if user else cls.registrations
        lines = [(product, 1) for product in products or ()]
        return registrations._register_deal(partner, {"amount": amount, **customer}, lines).sudo()

    def _order(self, partner, product=None, **values):
        order = self.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "company_id": self.company.id,
                "order_line": [Command.create({"product_id": (product or self.line_machine).id})],
                **values,
            }
        )
        self.env.flush_all()
        return order
