import re

from odoo import http
from odoo.exceptions import AccessError, UserError
from odoo.http import request

from ..tools.number import posted_amount
from .partner_portal import HOME, PartnerPortal

LEADS = f"{HOME}/leads"
MODEL = "crm.lead.assignment"


class PartnerLeads(PartnerPortal):
    """Leads in the portal: offered, mine, the pool. Who the customer is stands in the model's
    fields only after the partner has accepted."""

    def _prepare_partner_home_values(self, partner):
        values = super()._prepare_partner_home_values(partner)
        if request.env.user._has_channel_role("sales"):
            counts = dict(request.env[MODEL]._read_group([], ["state"], ["__count"]))
            values["lead_counts"] = {
                state: counts.get(state, 0) for state in ("offered", "accepted", "pool")
            }
        return values

    def _lead_options(self):
        return {
            "searchbar_filters": {
                "offered": {
                    "label": request.env._("Offered to us"),
                    "domain": [("is_mine", "=", True), ("state", "=", "offered")],
                },
                "accepted": {
                    "label": request.env._("Our open leads"),
                    "domain": [("is_mine", "=", True), ("state", "=", "accepted")],
                },
                "pool": {"label": request.env._("Pool"), "domain": [("state", "=", "pool")]},
                "closed": {
                    "label": request.env._("Won and lost"),
                    "domain": [("is_mine", "=", True), ("state", "in", ("converted", "lost"))],
                },
                "past": {
                    "label": request.env._("Declined, expired, withdrawn"),
                    "domain": [
                        ("is_mine", "=", True),
                        ("state", "in", ("declined", "expired", "withdrawn")),
                    ],
                },
            },
            "searchbar_inputs": {
                "place": {
                    "input": "place",
                    "label": request.env._("Search in place and number"),
                    "fields": ["city", "state_id.name", "country_id.name", "reference"],
                },
                "city": {
                    "input": "city",
                    "label": request.env._("Search in city"),
                    "fields": ["city"],
                },
            },
            "searchbar_sortings": {
                "date": {"label": request.env._("Newest"), "order": "offered_at desc, id desc"},
                "deadline": {"label": request.env._("Answer due"), "order": "deadline, id"},
                "city": {"label": request.env._("City"), "order": "city, id"},
            },
        }

    @http.route(
        [LEADS, f"{LEADS}/page/<int:page>"], type="http", auth="user", website=True, readonly=True
    )
    def partner_leads(self, page=1, **chosen):
        """List the leads offered to, taken by, or open to the visitor's company."""
        self._partner_access("sales")
        found = self._partner_list(MODEL, LEADS, options=self._lead_options(), page=page, **chosen)
        values = self._partner_values(
            "partner_leads",
            page_title=request.env._("Leads"),
            **found,
        )
        return request.render("crm_partner.portal_leads", values)

    @http.route(
        f"{LEADS}/<int:assignment_id>", type="http", auth="user", website=True, readonly=True
    )
    def partner_lead(self, assignment_id, **_parameters):
        """Show one lead; the customer only once it was accepted."""
        lead = self._partner_record(MODEL, assignment_id, "sales")
        return request.render("crm_partner.portal_lead", self._lead_values(lead))

    def _lead_values(self, lead, error=None):
        fields = lead._fields
        # sudo: names of reasons, which every salesperson of a partner chooses from
        reasons = request.env["crm.lost.reason"].sudo().search([], order="name", limit=100)
        return self._partner_values(
            "partner_leads",
            page_title=request.env._("Leads"),
            page_url=LEADS,
            page_record=lead.reference,
            lead=lead,
            decline_reasons=fields["decline_reason"]._description_selection(request.env),
            steps=fields["progress"]._description_selection(request.env)[1:],
            lost_reasons=reasons,
            error=error,
        )

    def _lead_notice(self, code):
        return {
            "accepted": request.env._("The lead is yours. Here is who to call."),
            "claimed": request.env._("The lead is yours. Here is who to call."),
            "declined": request.env._("Thank you for the clear answer."),
            "feedback": request.env._("Thank you, we have noted it."),
        }[code]

    def _change(self, assignment_id, notice, change):
        """Carry out a change; on an error show the page with what was said, nothing written."""
        lead = self._partner_record(MODEL, assignment_id, "sales")
        try:
            change(lead)
            request.env.flush_all()
        except (UserError, AccessError) as error:
            request.env.cr.rollback()
            request.env.transaction.reset()
            return self._refused(assignment_id, str(error))
        return self._partner_redirect(f"{LEADS}/{assignment_id}", notice=self._lead_notice(notice))

    def _refused(self, assignment_id, error):
        lead = request.env[MODEL].search([("id", "=", assignment_id)])
        if lead:
            return request.render("crm_partner.portal_lead", self._lead_values(lead, error))
        found = self._partner_list(MODEL, LEADS, options=self._lead_options(), filterby="pool")
        values = self._partner_values(
            "partner_leads", page_title=request.env._("Leads"), error=error, **found
        )
        return request.render("crm_partner.portal_leads", values)

    @http.route(
        f"{LEADS}/<int:assignment_id>/accept",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def partner_lead_accept(self, assignment_id, **_forged):
        """Accept an offered lead."""
        return self._change(assignment_id, "accepted", lambda lead: lead._accept())

    @http.route(
        f"{LEADS}/<int:assignment_id>/claim",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def partner_lead_claim(self, assignment_id, **_forged):
        """Take a lead out of the pool."""
        return self._change(assignment_id, "claimed", lambda lead: lead._claim())

    @http.route(
        f"{LEADS}/<int:assignment_id>/decline",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def partner_lead_decline(self, assignment_id, reason=None, note=None, **_forged):
        """Decline an offered lead, with a reason."""
        return self._change(assignment_id, "declined", lambda lead: lead._decline(reason, note))

    @http.route(
        f"{LEADS}/<int:assignment_id>/feedback",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def partner_lead_feedback(
        self, assignment_id, progress=None, note=None, amount=None, lost_reason=None, **_forged
    ):
        """Report how a lead goes on; the amount of a won one is in company currency."""
        return self._change(
            assignment_id,
            "feedback",
            lambda lead: lead._feedback(
                progress,
                note,
                amount=posted_amount(request.env, amount, positive=True)
                if progress == "won"
                else None,
                lost_reason=self._posted_reason(lost_reason) if progress == "lost" else None,
            ),
        )

    def _posted_reason(self, text):
        # sudo: one of the reasons the form shows
        reasons = request.env["crm.lost.reason"].sudo()
        if not re.fullmatch("[0-9]{1,9}", text or ""):
            return reasons
        return reasons.search([("id", "=", int(text))])
