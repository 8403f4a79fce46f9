from odoo import fields
from odoo.fields import Domain
from odoo.http import request

from .partner_order import PartnerOrder

RECENT = 5
OPEN_INVOICE = [
    ("state", "=", "posted"),
    ("move_type", "in", ("out_invoice", "out_refund")),
    ("payment_state", "in", ("not_paid", "partial")),
]


class PartnerHome(PartnerOrder):
    """Own cards of the home page: orders, invoices, serial numbers, team; and its links.

    The number of queries is the same for a partner with ten orders and with ten thousand.
    """

    def _prepare_partner_home_values(self, partner):
        values = super()._prepare_partner_home_values(partner)
        user = request.env.user
        values["links"] = [*values.get("links", ()), *self._home_links(user)]
        if user._has_channel_role("sales"):
            values.update(self._home_orders(partner))
        if user._has_channel_role("finance"):
            values.update(self._home_invoices(partner))
        if user._has_channel_role("admin"):
            values.update(self._home_team(partner))
        return values

    def _home_links(self, user):
        """Return the buttons under the name of the partner; topics add theirs to ``links``."""
        links = [
            (("sales",), "/my/partner/order", "fa-shopping-cart", request.env._("Catalogue")),
            (
                ("sales", "technical"),
                "/my/partner/serials",
                "fa-barcode",
                request.env._("Serial Numbers"),
            ),
            (("admin",), "/my/partner/team", "fa-users", request.env._("Team")),
        ]
        return [
            {"url": url, "icon": icon, "label": label}
            for roles, url, icon, label in links
            if any(map(user._has_channel_role, roles))
        ]

    def _home_orders(self, partner):
        orders = request.env["sale.order"]
        domain = self._orders_domain(partner)
        # sudo: the role was asked for; the cart is that of the visitor
        service = request.env["crm.partner.cart"].sudo()
        return {
            "recent_orders": orders.search(
                domain, order="date_order desc, id desc", limit=RECENT
            ).sudo(),  # sudo: found with the rights of the visitor
            "waiting_orders": orders.search_count(
                domain & Domain("state", "in", ("draft", "sent"))
            ),
            "cart_lines": len(service._lines(service._find(partner, request.env.user))),
        }

    def _home_invoices(self, partner):
        """Return what is open and overdue, in the currency of the company."""
        moves = request.env["account.move"]
        company = partner.company_id or request.env.company
        domain = Domain(OPEN_INVOICE) & Domain("partner_id", "child_of", partner.ids)
        overdue = domain & Domain("invoice_date_due", "<", fields.Date.context_today(moves))
        [(count, amount)] = moves._read_group(domain, [], ["__count", "amount_residual_signed:sum"])
        [(late_count, late)] = moves._read_group(
            overdue, [], ["__count", "amount_residual_signed:sum"]
        )
        return {
            "open_invoices": {
                "count": count,
                "amount": amount,
                "late_count": late_count,
                "late": late,
                "currency": company.sudo().currency_id,  # sudo: only how an amount is written
                "limit": partner.with_company(company).credit_limit
                if company.sudo().account_use_credit_limit  # sudo: a setting
                else 0,
            }
        }

    def _home_team(self, partner):
        service = request.env["crm.partner.team"]
        states = [service._state(user) for user in service._members(partner)]
        return {
            "team_active": states.count("active"),
            "team_invited": states.count("invited"),
        }
