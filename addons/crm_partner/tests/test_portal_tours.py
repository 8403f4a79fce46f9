from odoo.tests import tagged

from .common_diversion import DiversionCase


@tagged("post_install", "-at_install")
class TestPortalTours(DiversionCase):
    def test_partner_orders_and_repeats(self):
        self.start_tour("/my/partner", "crm_partner_order", login=self.alpha_sales.login)
        orders = self.env["sale.order"].search(
            [("channel_ordered_by_id", "=", self.alpha_sales.id)], order="id"
        )
        self.assertEqual(orders.mapped("amount_untaxed"), [2400, 2400])
        self.assertEqual(orders.mapped("client_order_ref"), ["PO-TOUR", False])

    def test_administrator_invites(self):
        self.start_tour("/my/partner", "crm_partner_team", login=self.alpha_admin.login)
        user = self.env["res.users"].search([("login", "=", "wang.fang@alpha.example")])
        self.assertEqual(self.env["crm.partner.team"]._roles(user), ["sales", "finance"])
        actions = self.env["crm.partner.team.log"].search([], order="id").mapped("action")
        self.assertEqual(actions, ["invite", "remove", "restore"])

    def test_channel_manager_works_a_case(self):
        case = self._see(self.lot_a1, self.guangdong, "Shenzhen").case_id
        self.start_tour("/odoo/diversion-cases", "crm_partner_diversion", login=self.channel.login)
        self.assertEqual(case.state, "penalised")
        self.assertEqual(case.decided_by_id, self.channel)
