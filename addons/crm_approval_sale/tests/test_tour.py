from odoo.tests import HttpCase, tagged

from .common import ApprovalSaleCase


@tagged("post_install", "-at_install")
class TestTour(ApprovalSaleCase, HttpCase):
    """An approval that blocks the signature of the customer, until it is given."""

    def _play(self, lang):
        self.boss.lang = lang
        self._create_rule()
        order = self._create_order(name="S0APPROVAL")
        request = self._ask(order)
        url = order.get_portal_url()
        self.start_tour(url, "crm_approval_sale_blocked")
        answer = self.make_jsonrpc_request(
            f"/my/orders/{order.id}/accept",
            {
                "access_token": order.access_token,
                "name": "Chen",
                "signature": "R0lGODlhAQABAAAAACw=",
            },
        )
        self.assertIn("error", answer, "nor can a request made by hand")
        self.env.invalidate_all()
        self.assertEqual((order.state, order.signature), ("draft", False))
        self.start_tour("/odoo/my-approvals", "crm_approval_sale_approve", login=self.boss.login)
        self.env.invalidate_all()
        self.assertEqual(request.state, "approved")
        self.start_tour(url, "crm_approval_sale_sign")
        self.env.invalidate_all()
        self.assertEqual(order.state, "sale")
        self.assertTrue(order.signature)

    def test_signature_waits_for_the_approval(self):
        self._play("en_US")

    def test_signature_waits_for_the_approval_in_chinese(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self._play("zh_CN")
