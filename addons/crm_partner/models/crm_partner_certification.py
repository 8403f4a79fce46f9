from odoo import fields, models


class CrmPartnerCertification(models.Model):
    """A kind of certificate that people of partners can hold."""

    _name = "crm.partner.certification"
    _description = "Partner Certification"
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company, index=True)
    description = fields.Text(
        translate=True, help="What partners read: how one gets it, and what to hand in."
    )
    validity_months = fields.Integer(
        "Valid for (months)", default=24, help="0: the certificate does not expire."
    )
    remind_days = fields.Integer(
        "Remind before (days)", default=30, help="The partner is reminded once, so long before."
    )
    certificate_ids = fields.One2many("crm.partner.certificate", "certification_id")
    certificate_count = fields.Integer("Valid Certificates", compute="_compute_certificate_count")

    _numbers_positive = models.Constraint(
        "CHECK(validity_months >= 0 AND remind_days >= 0)",
        "Months and days of a certification must not be negative.",
    )

    def _compute_certificate_count(self):
        certificates = self.env["crm.partner.certificate"]
        domain = certificates._valid_domain(fields.Date.context_today(self))
        rows = certificates._read_group(
            [*domain, ("certification_id", "in", self.ids)], ["certification_id"], ["__count"]
        )
        counts = {certification.id: count for certification, count in rows}
        for certification in self:
            certification.certificate_count = counts.get(certification.id, 0)

    def action_view_certificates(self):
        """Open the certificates of this kind."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Certificates"),
            "res_model": "crm.partner.certificate",
            "view_mode": "list,form",
            "domain": [("certification_id", "in", self.ids)],
            "context": {"default_certification_id": self[:1].id},
        }
