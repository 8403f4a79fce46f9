from odoo.tests import HttpCase, tagged

from .common_quotation import QuotationCase


@tagged("post_install", "-at_install")
class TestQuotationTour(QuotationCase, HttpCase):
    """Beyond the authority: refused, requested, approved, confirmed, compared."""

    def _play(self, lang):
        (self.rep | self.lead).lang = lang
        self._create_matrix()
        order = self._quote((self.pump, 1, None, 0), name="S0AUTHORITY")
        order._version_take("manual")
        order.order_line.discount = 10
        url = f"/odoo/action-sale.action_quotations_with_onboarding/{order.id}"
        self.start_tour(url, "crm_sales_authority_refused", login=self.rep.login)
        self.env.invalidate_all()
        self.assertEqual(order.approval_state, "pending")
        self.start_tour("/odoo/my-approvals", "crm_sales_authority_approve", login=self.lead.login)
        self.env.invalidate_all()
        self.assertEqual(order.approval_state, "approved")
        self.start_tour(url, "crm_sales_authority_confirm", login=self.rep.login)
        self.env.invalidate_all()
        self.assertEqual(order.state, "sale")

    def test_authority(self):
        self._play("en_US")

    def test_authority_in_chinese(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self._play("zh_CN")
