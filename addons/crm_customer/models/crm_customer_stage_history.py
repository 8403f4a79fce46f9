from odoo import api, fields, models
from odoo.tools import format_date

STAGES = [
    ("lead", "Lead"),
    ("prospect", "Prospect"),
    ("customer", "Customer"),
    ("at_risk", "At Risk"),
    ("lost", "Lost"),
    ("won_back", "Won Back"),
]


class CrmCustomerStageHistory(models.Model):
    """From when to when a customer was in a stage of the lifecycle, and why. Written by methods."""

    _name = "crm.customer.stage.history"
    _description = "Customer Lifecycle History"
    _order = "date_from desc, id desc"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="partner_id.company_id", store=True)
    stage = fields.Selection(STAGES, required=True, readonly=True)
    date_from = fields.Date("From", required=True, readonly=True)
    date_to = fields.Date("To", readonly=True, help="Empty while the customer is in this stage.")
    days = fields.Integer(compute="_compute_days")
    manual = fields.Boolean("By Hand", readonly=True)
    user_id = fields.Many2one("res.users", string="By", readonly=True)
    facts = fields.Json(readonly=True)
    reason = fields.Char(compute="_compute_reason")

    _open_uniq = models.UniqueIndex(
        "(partner_id) WHERE date_to IS NULL", "A customer is in one stage at a time."
    )
    _partner_date_idx = models.Index("(partner_id, date_from)")

    @api.depends("date_from", "date_to")
    def _compute_days(self):
        today = fields.Date.context_today(self)
        for row in self:
            row.days = ((row.date_to or today) - row.date_from).days if row.date_from else 0

    @api.depends("facts", "manual", "user_id", "date_from")
    @api.depends_context("lang")
    def _compute_reason(self):
        for row in self:
            if row.manual:
                row.reason = row._explain_manual(row.user_id)
            else:
                row.reason = row._explain(row.stage, row.facts, row.date_from)

    def _explain_manual(self, user):
        name = user.sudo().name  # sudo: the name of a colleague
        return self.env._("Set by hand by %s", name) if name else self.env._("Set by hand")

    @api.model
    def _explain(self, stage, facts, on):
        """Return in the reader's language why a customer is in ``stage`` on a day."""
        facts = facts or {}
        if "error" in facts:
            return self.env._("Could not be computed: %s", facts["error"])
        return getattr(self, f"_explain_{stage}")(facts, on) if stage else ""

    def _explain_lead(self, facts, on):
        return self.env._("Has not bought yet; no open opportunity or quotation")

    def _explain_prospect(self, facts, on):
        return self.env._(
            "Has not bought yet; open: %(leads)s opportunities, %(quotations)s quotations",
            leads=facts.get("open_leads", 0),
            quotations=facts.get("open_quotations", 0),
        )

    def _last_invoice(self, facts, on):
        last = fields.Date.to_date(facts.get("last_invoice"))
        if not last:
            return {}
        return {"day": format_date(self.env, last), "days": (on - last).days}

    def _explain_customer(self, facts, on):
        values = self._last_invoice(facts, on)
        if not values:
            return self.env._("Has ordered; not invoiced yet")
        return self.env._("Last invoice on %(day)s, %(days)s days ago", **values)

    def _explain_at_risk(self, facts, on):
        values = {"day": "", "days": 0, **self._last_invoice(facts, on)}
        return self.env._(
            "Last invoice on %(day)s, %(days)s days ago; the limit is %(limit)s",
            limit=facts.get("limit", 0),
            **values,
        )

    def _explain_lost(self, facts, on):
        return self._explain_at_risk(facts, on)

    def _explain_won_back(self, facts, on):
        returned = fields.Date.to_date(facts.get("returned_on"))
        return self.env._(
            "Was lost and bought again on %s", format_date(self.env, returned) if returned else ""
        )
