from odoo import api, fields, models

WATCHED = {"partner_id", "stage_id", "active", "probability", "expected_revenue", "lost_reason_id"}


class CrmLead(models.Model):
    _inherit = "crm.lead"

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

    # --- segments ---

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._mark_for_segments()
        return records

    def write(self, vals):
        watched = bool(WATCHED & vals.keys())
        if watched:
            self._mark_for_segments()
        result = super().write(vals)
        if watched:
            self._mark_for_segments()
        return result

    def unlink(self):
        self._mark_for_segments()
        return super().unlink()

    def _mark_for_segments(self):
        """Have the customers of these documents evaluated for segments."""
        self.env["crm.segment.dirty"]._mark(self.partner_id)
