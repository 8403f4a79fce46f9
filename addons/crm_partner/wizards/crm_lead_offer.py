from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..tools import unlocked


class CrmLeadOffer(models.TransientModel):
    """Give leads to partners: to those whose turn it is, to a chosen one, or into the pool."""

    _name = "crm.lead.offer"
    _description = "Give Leads to Partners"

    lead_ids = fields.Many2many("crm.lead", required=True)
    method = fields.Selection(
        [
            ("push", "Whose turn it is"),
            ("manual", "A partner of my choice"),
            ("pool", "The pool, where partners claim it"),
        ],
        "Who Gets It",
        default="push",
        required=True,
    )
    partner_id = fields.Many2one(
        "res.partner",
        domain="[('grade_id', '!=', False), ('is_company', '=', True)]",
        help="Also one that has had the lead before, or would be passed over.",
    )
    grade_ids = fields.Many2many(
        "res.partner.grade",
        string="Levels that May Claim",
        default=lambda self: self._default_grades(),
        domain="[('lead_pool_quota', '>', 0), ('company_id', 'in', allowed_company_ids + [False])]",
    )
    line_ids = fields.One2many(
        "crm.lead.offer.line", "offer_id", compute="_compute_lines", store=True
    )

    @api.model
    def _default_grades(self):
        """Return the levels of the user's companies, and shared ones, that claim from the pool."""
        companies = [*self.env.companies.ids, False]
        return self.env["res.partner.grade"].search(
            [("lead_pool_quota", ">", 0), ("company_id", "in", companies)]
        )

    @api.depends("lead_ids", "method")
    def _compute_lines(self):
        """Ask the engine what it would do; nothing is offered yet.

        :raise AccessError: the user may not read one of the leads
        """
        self.env["crm.lead.distributor"]._check_manager()
        # sudo: shares and capacity count all leads of a partner; the leads are checked below
        distributor = self.env["crm.lead.distributor"].sudo()
        for offer in self:
            lines = [Command.clear()]
            leads = offer.lead_ids._origin if offer.method == "push" else self.env["crm.lead"]
            # a stored field is computed as superuser: what the user may read is asked as the user
            leads.sudo(False).check_access("read")
            # sudo: as above
            for company, group in leads.sudo().grouped(distributor._company).items():
                candidates = distributor._candidates(company)
                for lead in group:
                    choice = distributor._choose(lead, candidates)
                    lines.append(Command.create(self._line_vals(lead, choice)))
            offer.line_ids = lines

    def _line_vals(self, lead, choice):
        reasons = self.env["crm.lead.distributor"]._reasons(choice)
        return {
            "lead_id": lead.id,
            "partner_id": choice.key,
            "explanation": self.env["crm.lead.assignment"]._explain(reasons),
        }

    def action_confirm(self):
        """Do what was chosen with all leads, or with none of them."""
        self.ensure_one()
        self.env["crm.lead.distributor"]._check_manager()
        leads = self.lead_ids
        leads.check_access("write")
        if self.method == "push":
            self.env["crm.lead.distributor"]._distribute(leads)
        elif self.method == "manual":
            self._offer_by_hand(leads)
        else:
            self._put_in_pool(leads)
        return {"type": "ir.actions.act_window_close"}

    def _offer_by_hand(self, leads):
        if not self.partner_id:
            raise UserError(self.env._("Choose the partner."))
        self.partner_id.check_access("read")
        if not self.partner_id.grade_id:
            raise UserError(self.env._("%s has no level in the programme.", self.partner_id.name))
        assignments = unlocked(self.env["crm.lead.assignment"])
        # sudo: the right to the partner was checked above, that to the leads by the caller
        partner, leads = self.partner_id.sudo(), leads.sudo()
        for lead in leads:
            lead._channel_lock()
            assignments._offer(lead, partner, "manual")

    def _put_in_pool(self, leads):
        if not self.grade_ids:
            raise UserError(
                self.env._("Choose the levels. A level may claim once it has claims per day.")
            )
        assignments = unlocked(self.env["crm.lead.assignment"])
        # sudo: everybody reads levels; the right to the leads was checked by the caller
        for lead in leads.sudo():
            lead._channel_lock()
            assignments._put_in_pool(lead, self._grades_of(lead))

    def _grades_of(self, lead):
        """Return the chosen levels (superuser) whose partners may claim ``lead``.

        :raise UserError: all of them belong to other companies
        """
        company = self.env["crm.lead.distributor"]._company(lead)
        # sudo: as above
        grades = self.grade_ids.sudo().filtered(
            lambda grade: not grade.company_id or grade.company_id == company
        )
        if not grades:
            raise UserError(
                self.env._("None of the levels belongs to %s. Choose others.", company.name)
            )
        return grades


class CrmLeadOfferLine(models.TransientModel):
    """Which partner a lead would go to, and why."""

    _name = "crm.lead.offer.line"
    _description = "Partner Suggested for a Lead"

    offer_id = fields.Many2one("crm.lead.offer", required=True, ondelete="cascade")
    lead_id = fields.Many2one("crm.lead", required=True, readonly=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", readonly=True, ondelete="cascade")
    explanation = fields.Html(readonly=True)
