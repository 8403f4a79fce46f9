from odoo.tests import tagged

from ..builder import partner_programme
from .common import DemoCase


@tagged("post_install", "-at_install")
class TestPartnerProgramme(DemoCase):
    """Three levels of partners, people in the portal, and a year of purchases."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        names = [row.name for row in partner_programme.PARTNERS]
        cls.partners = cls.env["res.partner"].search(
            [("name", "in", names), ("is_company", "=", True)]
        )

    def test_three_levels_with_prices(self):
        self.assertEqual(len(self.partners), len(partner_programme.PARTNERS))
        self.assertEqual(len(self.partners.grade_id), 3)
        for partner in self.partners:
            self.assertEqual(
                partner.specific_property_product_pricelist,
                partner.grade_id.default_pricelist_id,
            )

    def test_a_year_of_purchases(self):
        invoices = self.env["account.move"].search(
            [
                ("commercial_partner_id", "in", self.partners.ids),
                ("move_type", "=", "out_invoice"),
                ("state", "=", "posted"),
            ]
        )
        self.assertGreaterEqual(len(invoices), 80)
        self.assertGreaterEqual(len({f"{m.invoice_date:%Y-%m}" for m in invoices}), 11)
        self.assertLessEqual({"paid", "partial", "not_paid"}, set(invoices.mapped("payment_state")))
        orders = invoices.line_ids.sale_line_ids.order_id
        self.assertEqual(set(orders.picking_ids.mapped("state")), {"done"})

    def test_people_have_roles(self):
        for login, (_partner, _name, role) in partner_programme.PORTAL.items():
            user = self.env["res.users"].search([("login", "=", login)])
            self.assertTrue(user._has_channel_role(role), login)
            self.assertEqual(user._has_channel_role("admin"), role == "admin", login)

    def test_reviews_and_agreements(self):
        reviews = self.env["crm.partner.review"].search([])
        self.assertEqual(set(reviews.mapped("state")), {"applied", "preview"})
        applied = reviews.filtered(lambda review: review.state == "applied")
        self.assertFalse(applied.failed_count)
        self.assertTrue(applied.moved_count)
        agreements = self.env["crm.partner.agreement"].search([])
        self.assertLessEqual({"draft", "sent", "signed"}, set(agreements.mapped("state")))
        for agreement in agreements:
            self.assertFalse(agreement._evidence_faults(), agreement.name)
