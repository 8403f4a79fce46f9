from odoo import api, fields, models


class CrmLead(models.Model):
    """Leads move their customer between segments, and hint at customers they may come from."""

    _name = "crm.lead"
    _inherit = ["crm.lead", "crm.segment.source"]

    _segment_watched = frozenset(
        {"partner_id", "stage_id", "active", "probability", "expected_revenue", "lost_reason_id"}
    )

    duplicate_hint = fields.Html(
        "Likely Customers",
        compute="_compute_duplicate_hint",
        sanitize=False,
        groups="crm_customer.group_customer_user",
    )

    @api.depends(
        "partner_id", "partner_name", "contact_name", "email_from", "phone", "website", "street",
        "street2", "city", "zip", "country_id", "company_id",
    )  # fmt: skip
    def _compute_duplicate_hint(self):
        """Name the customers that a lead without one may come from."""
        candidates = self.env["crm.match.candidate"]
        for lead in self:
            lead.duplicate_hint = False
            for kind, name in (("company", lead.partner_name), ("person", lead.contact_name)):
                if name and not lead.partner_id and not lead.duplicate_hint:
                    lead.duplicate_hint = candidates._hint(
                        kind, lead._values_for_matching(name), lead.company_id
                    )

    def _values_for_matching(self, name):
        """Return what this lead says about a customer, as fields of ``res.partner``."""
        same = ("phone", "website", "street", "street2", "city", "zip", "country_id")
        return {"name": name, "email": self.email_from, **{field: self[field] for field in same}}
