from odoo import fields, http
from odoo.exceptions import UserError
from odoo.http import request

from ..tools.number import parse_amount
from .partner_portal import HOME, PartnerPortal

URL = f"{HOME}/rebates"
MODEL = "crm.rebate.period"
FILTERS = {
    "all": [],
    "running": [("is_final", "=", False)],
    "open": [("payable", "!=", 0)],
    "settled": [("state", "=", "settled")],
}
ORDERS = {"newest": "date_from desc, id desc", "open": "payable desc, id desc"}
SEARCHED = ("agreement_name",)


class PartnerRebatePortal(PartnerPortal):
    """Rebates of the partner: to date, next threshold, settlements, disputes. Role: finance."""

    def _rebate_options(self):
        filters = {
            "all": request.env._("All"),
            "running": request.env._("Running"),
            "open": request.env._("Open amount"),
            "settled": request.env._("Settled"),
        }
        sortings = {"newest": request.env._("Newest"), "open": request.env._("Open amount")}
        return {
            "searchbar_filters": {
                name: {"label": label, "domain": FILTERS[name]} for name, label in filters.items()
            },
            "searchbar_sortings": {
                name: {"label": label, "order": ORDERS[name]} for name, label in sortings.items()
            },
            "searchbar_inputs": {
                "agreement": {
                    "input": "agreement",
                    "label": request.env._("Search in agreements"),
                    "fields": SEARCHED,
                },
            },
        }

    @http.route(
        [URL, f"{URL}/page/<int:page>"], type="http", auth="user", website=True, readonly=True
    )
    def partner_rebates(self, page=1, **parameters):
        """Show the rebate periods of the partner, page by page. Role: finance.

        Amounts are in the currency of the company, purchases in that of the agreement.
        """
        self._partner_access("finance")
        chosen = {
            name: parameters.get(name) for name in ("search", "search_in", "filterby", "sortby")
        }
        values = self._partner_list(MODEL, URL, options=self._rebate_options(), page=page, **chosen)
        values["describe"] = self._rebate_description
        values["page_title"] = request.env._("Rebates")
        return request.render(
            "crm_partner.portal_rebates", self._partner_values("partner_rebates", **values)
        )

    @http.route(f"{URL}/<int:period_id>", type="http", auth="user", website=True, readonly=True)
    def partner_rebate(self, period_id, **parameters):
        """Show one period with its scale and settlements. Role: finance.

        A period of another partner is not found (404).
        """
        period = self._partner_record(MODEL, period_id, "finance")
        values = self._partner_values(
            "partner_rebates",
            period=period,
            describe=self._rebate_description,
            page_title=request.env._("Rebates"),
            page_url=URL,
            # sudo: the partner may read the period, and so the name and scale of its agreement
            page_record=period.sudo().agreement_id.name,
            notice=parameters.get("done") and request.env._("Your objection was sent."),
            error=self._rebate_error(parameters.get("problem")),
        )
        return request.render("crm_partner.portal_rebate", values)

    def _rebate_error(self, code):
        return {
            "reason": request.env._("Say what you do not agree with."),
            "open": request.env._("You disputed this period already; the answer will appear here."),
            "amount": request.env._("Enter the amount as a number."),
        }.get(code)

    @http.route(
        f"{URL}/<int:period_id>/dispute",
        type="http",
        auth="user",
        methods=["POST"],
        website=True,
        csrf=True,
    )
    def partner_rebate_dispute(self, period_id, reason="", amount="", **_forged):
        """Dispute a period of the partner. Role: finance.

        :param amount: what the partner thinks it earned, in the currency of the company
        """
        period = self._partner_record(MODEL, period_id, "finance")
        url = f"{URL}/{period.id}"
        try:
            wanted = parse_amount(amount) if amount.strip() else 0.0
        except ValueError:
            return self._partner_redirect(url, problem="amount")
        if not reason.strip():
            return self._partner_redirect(url, problem="reason")
        try:
            request.env["crm.rebate.dispute"]._open(period, reason, wanted)
        except UserError:
            return self._partner_redirect(url, problem="open")
        return self._partner_redirect(url, done=1)

    def _rebate_description(self, period):
        """Return what a page says about a period: the scale, how far it got, what is missing."""
        # sudo: the period was read as the visitor; the terms of its agreement are told to them
        agreement = period.sudo().agreement_id
        currency = agreement.currency_id
        unit = agreement.uom_id.name if agreement.basis == "quantity" else currency.name
        if agreement._terms().in_percent():
            unit = "%"
        return {
            "name": agreement.name,
            "kind": dict(agreement._fields["kind"]._description_selection(request.env))[
                agreement.kind
            ],
            "unit": unit,
            "tiers": [
                {
                    "lower": tier.lower_bound,
                    "rate": self._rebate_rate(agreement, tier.rate),
                    "reached": tier.rate and tier.rate == period.rate_reached,
                }
                for tier in agreement.tier_ids.sorted("lower_bound")
            ],
            "next_rate": self._rebate_rate(agreement, period.next_rate),
            "progress": self._rebate_progress(period),
            "size": period.quantity if agreement.basis == "quantity" else period.revenue,
            "size_unit": agreement.uom_id.name if agreement.basis == "quantity" else currency.name,
            "ends_in": max((period.date_to - fields.Date.context_today(period)).days, 0),
        }

    def _rebate_rate(self, agreement, rate):
        """Return a rate as the partner reads it: 4 %, 2.50 per unit, a lump sum."""
        if agreement.reward == "percent":
            return f"{rate:.2f}".rstrip("0").rstrip(".") + " %"
        amount = agreement.currency_id.format(rate)
        if agreement.reward == "unit":
            return request.env._(
                "%(amount)s per %(unit)s", amount=amount, unit=agreement.uom_id.name
            )
        return amount

    def _rebate_progress(self, period):
        size = period.quantity if period.basis == "quantity" else period.revenue
        if not period.next_missing or size <= 0:
            return 0 if period.next_missing else 100
        return min(round(100 * size / (size + period.next_missing)), 100)

    def _prepare_partner_home_values(self, partner):
        values = super()._prepare_partner_home_values(partner)
        if request.env.user._has_channel_role("finance"):
            values["rebates"] = self._rebate_home_values()
        return values

    def _rebate_home_values(self):
        Period = request.env[MODEL]
        running = Period.search([("is_final", "=", False)], order="date_to, id", limit=3)
        [(earned, count)] = Period._read_group(
            [("is_final", "=", False)], [], ["entitlement:sum", "__count"]
        )
        return {
            "periods": running,
            "earned": earned or 0.0,
            "count": count,
            "describe": self._rebate_description,
        }
