from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class CrmMdfFundBatch(models.TransientModel):
    """Open the funds of a period for many partners at once."""

    _name = "crm.mdf.fund.batch"
    _description = "Open Funds for Partners"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(
        [("accrual", "Share of purchases"), ("discretionary", "Allocated")],
        required=True,
        default="accrual",
    )
    date_from = fields.Date("From", required=True)
    date_to = fields.Date("To", required=True)
    expiry_date = fields.Date("Usable until", required=True)
    grade_ids = fields.Many2many("res.partner.grade", string="Levels")
    partner_ids = fields.Many2many(
        "res.partner",
        string="Partners",
        compute="_compute_partner_ids",
        store=True,
        readonly=False,
        domain="[('is_company', '=', True), ('grade_id', '!=', False)]",
    )
    budget_id = fields.Many2one("crm.mdf.budget")
    allocation = fields.Monetary("Allocation per Partner")

    @api.depends("grade_ids", "kind", "company_id")
    def _compute_partner_ids(self):
        for wizard in self:
            domain = Domain("grade_id", "!=", False) & Domain("parent_id", "=", False)
            domain &= Domain("company_id", "in", (False, wizard.company_id.id))
            if wizard.grade_ids:
                domain &= Domain("grade_id", "in", wizard.grade_ids.ids)
            if wizard.kind == "accrual":
                domain &= Domain("grade_id.mdf_rate", ">", 0)
            wizard.partner_ids = self.env["res.partner"].search(domain)

    def action_open_funds(self):
        """Open a fund for each partner that has none of this kind in the period."""
        self.ensure_one()
        partners = self.partner_ids.commercial_partner_id - self._having_one()
        if not partners:
            raise UserError(
                self.env._(
                    "Every chosen partner has a fund of this period already, or none is chosen."
                )
            )
        funds = self.env["crm.mdf.fund"].create([self._prepare_fund(p) for p in partners])
        funds.action_open()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_partner.crm_mdf_fund_action")
        return {**action, "domain": [("id", "in", funds.ids)], "context": {}}

    def _having_one(self):
        if self.kind != "accrual":
            return self.env["res.partner"]
        return (
            self.env["crm.mdf.fund"]
            .search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("kind", "=", "accrual"),
                    ("state", "!=", "cancelled"),
                    ("date_from", "<=", self.date_to),
                    ("date_to", ">=", self.date_from),
                ]
            )
            .partner_id
        )

    def _prepare_fund(self, partner):
        """Return the values of the fund of ``partner``; an allocation in company currency."""
        allocated = self.kind == "discretionary"
        return {
            "partner_id": partner.id,
            "company_id": self.company_id.id,
            "kind": self.kind,
            "date_from": self.date_from,
            "date_to": self.date_to,
            "expiry_date": self.expiry_date,
            "budget_id": self.budget_id.id if allocated else False,
            "allocation": self.allocation if allocated else 0.0,
            "user_id": (partner.user_id or self.env.user).id,
        }
