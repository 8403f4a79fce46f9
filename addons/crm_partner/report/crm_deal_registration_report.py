from odoo import fields, models
from odoo.tools import SQL


class CrmDealRegistrationReport(models.Model):
    """Submitted registrations: how many met a conflict, and how long partners waited.

    One row per registration; amounts in the currency of the company, excluding taxes.
    """

    _name = "crm.deal.registration.report"
    _description = "Deal Registration Analysis"
    _auto = False
    _order = "submitted_at desc, id desc"
    _rec_name = "registration_id"

    registration_id = fields.Many2one("crm.deal.registration", readonly=True)
    submitted_at = fields.Datetime("Submitted", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", readonly=True)
    grade_id = fields.Many2one("res.partner.grade", "Level", readonly=True)
    user_id = fields.Many2one("res.users", "Channel Manager", readonly=True)
    state = fields.Selection(selection="_states", readonly=True)
    decision = fields.Selection(selection="_decisions", string="Way of Decision", readonly=True)
    registrations = fields.Integer(readonly=True)
    conflicts = fields.Integer(readonly=True)
    approved = fields.Integer(readonly=True, help="Whatever became of them afterwards.")
    won = fields.Integer(readonly=True)
    conflict_rate = fields.Float("Conflicts (%)", readonly=True, aggregator="avg", digits=(5, 1))
    approval_rate = fields.Float("Approved (%)", readonly=True, aggregator="avg", digits=(5, 1))
    win_rate = fields.Float(
        "Win Rate (%)",
        readonly=True,
        aggregator="avg",
        digits=(5, 1),
        help="Won of those that were won, lost, taken back, given back or expired.",
    )
    hours = fields.Float("Hours to Decision", readonly=True, aggregator="avg", digits=(16, 1))
    amount = fields.Monetary(readonly=True)
    won_amount = fields.Monetary(readonly=True)

    def _states(self):
        return self.env["crm.deal.registration"]._fields["state"]._description_selection(self.env)

    def _decisions(self):
        model = self.env["crm.deal.registration"]
        return model._fields["decision"]._description_selection(self.env)

    @property
    def _table_query(self):
        self.env["crm.deal.registration"].flush_model()
        # an average leaves out NULL: what is not decided yet is in neither part of a rate
        return SQL(
            """SELECT id, id AS registration_id, submitted_at, company_id, partner_id, grade_id,
                      user_id, state, decision,
                      1 AS registrations,
                      COALESCE(in_conflict, FALSE)::int AS conflicts,
                      (approved_on IS NOT NULL)::int AS approved,
                      (state = 'won')::int AS won,
                      100.0 * COALESCE(in_conflict, FALSE)::int AS conflict_rate,
                      CASE WHEN decided_at IS NOT NULL
                           THEN 100.0 * (approved_on IS NOT NULL)::int END AS approval_rate,
                      CASE WHEN approved_on IS NOT NULL AND state <> 'approved'
                           THEN 100.0 * (state = 'won')::int END AS win_rate,
                      CASE WHEN decided_at IS NOT NULL THEN decision_hours END AS hours,
                      amount_company AS amount,
                      CASE WHEN state = 'won' THEN amount_company ELSE 0 END AS won_amount
                 FROM crm_deal_registration
                WHERE submitted_at IS NOT NULL AND active"""
        )

    def action_open_registration(self):
        """Open the registration of the row."""
        self.ensure_one()
        return self.registration_id._get_records_action()
