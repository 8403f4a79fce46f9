from odoo import api, fields, models
from odoo.exceptions import UserError


class CrmPartnerStatementBatch(models.TransientModel):
    """Create the statements of a period for many partners at once."""

    _name = "crm.partner.statement.batch"
    _description = "Create Statements of Account"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date_from = fields.Date("From", required=True, default=lambda self: self._last_month()[0])
    date_to = fields.Date("To", required=True, default=lambda self: self._last_month()[1])
    partner_ids = fields.Many2many(
        "res.partner",
        string="Partners",
        domain="[('is_company', '=', True)]",
        help="Empty: every partner of the programme.",
    )
    send = fields.Boolean("Send at Once")

    @api.model
    def _last_month(self):
        end = fields.Date.start_of(fields.Date.context_today(self), "month")
        end = fields.Date.subtract(end, days=1)
        return fields.Date.start_of(end, "month"), end

    def action_create(self):
        """Create what is missing and open it; partners that failed are among it."""
        self.ensure_one()
        Statement = self.env["crm.partner.statement"]
        Statement.check_access("create")
        partners = self.partner_ids.commercial_partner_id or Statement._partners_of(self.company_id)
        created = Statement.with_company(self.company_id)._create_for(
            partners, self.company_id, self.date_from, self.date_to, self.send
        )
        if not created:
            raise UserError(
                self.env._(
                    "Nothing to create: these partners have a statement of the period already, or "
                    "neither balance nor movements."
                )
            )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "crm_partner.crm_partner_statement_action"
        )
        return {**action, "domain": [("id", "in", created.ids)], "context": {}}
