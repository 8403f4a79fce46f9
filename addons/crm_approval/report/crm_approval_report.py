from odoo import fields, models
from odoo.tools import SQL

from ..models.crm_approval_rule import operations


class CrmApprovalReport(models.Model):
    """How long approvals take: a row per decision of a step, and one per step still open."""

    _name = "crm.approval.report"
    _description = "Approval Turn-around"
    _auto = False
    _rec_name = "request_id"
    _order = "date_start desc"
    _depends = {
        "crm.approval.request": ["state", "rule_id", "requester_id", "res_model", "operation"],
        "crm.approval.request.step": ["state", "date_start", "date_done", "name"],
        "crm.approval.decision": ["kind", "date", "user_id", "step_id"],
    }

    request_id = fields.Many2one("crm.approval.request", readonly=True)
    rule_id = fields.Many2one("crm.approval.rule", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    requester_id = fields.Many2one("res.users", readonly=True)
    user_id = fields.Many2one("res.users", "Decided by", readonly=True)
    step_name = fields.Char("Step", readonly=True)
    res_model = fields.Char("Document Model", readonly=True)
    operation = fields.Selection(operations, readonly=True)
    state = fields.Selection([("open", "Open"), ("decided", "Decided")], "Decision", readonly=True)
    kind = fields.Selection(
        [
            ("approve", "Approved"),
            ("refuse", "Refused"),
            ("return", "Returned for change"),
            ("auto_approve", "Approved by time limit"),
            ("auto_refuse", "Refused by time limit"),
        ],
        "Outcome",
        readonly=True,
    )
    date_start = fields.Datetime("Asked on", readonly=True)
    date = fields.Datetime("Decided on", readonly=True)
    hours = fields.Float("Hours to Decision", readonly=True, aggregator="avg")
    hours_open = fields.Float(readonly=True, aggregator="avg")
    age = fields.Selection(
        [
            ("1", "up to 1 day"),
            ("2", "1 to 3 days"),
            ("3", "3 to 7 days"),
            ("4", "more than 7 days"),
        ],
        "Open for",
        readonly=True,
    )
    on_time = fields.Boolean("Within Time Limit", readonly=True)

    @property
    def _table_query(self):
        # A decided step has a row for each person who decided, numbered by the decision; an open
        # one has a negative number, so the two never meet.
        return SQL(
            """
            SELECT d.id AS id, r.id AS request_id, r.rule_id, r.company_id, r.requester_id,
                   d.user_id, s.name AS step_name, r.res_model, r.operation,
                   'decided' AS state, d.kind, s.date_start, d.date,
                   EXTRACT(EPOCH FROM d.date - s.date_start) / 3600 AS hours,
                   NULL::numeric AS hours_open, NULL AS age,
                   (s.deadline IS NULL OR d.date <= s.deadline) AS on_time
              FROM crm_approval_decision d
              JOIN crm_approval_request_step s ON s.id = d.step_id
              JOIN crm_approval_request r ON r.id = s.request_id
             WHERE d.kind IN ('approve', 'refuse', 'return', 'auto_approve', 'auto_refuse')
         UNION ALL
            SELECT -s.id, r.id, r.rule_id, r.company_id, r.requester_id, NULL, s.name,
                   r.res_model, r.operation, 'open', NULL, s.date_start, NULL, NULL,
                   open.hours,
                   CASE WHEN open.hours <= 24 THEN '1' WHEN open.hours <= 72 THEN '2'
                        WHEN open.hours <= 168 THEN '3' ELSE '4' END,
                   (s.deadline IS NULL OR now() AT TIME ZONE 'UTC' <= s.deadline)
              FROM crm_approval_request_step s
              JOIN crm_approval_request r ON r.id = s.request_id
        CROSS JOIN LATERAL (
                   SELECT EXTRACT(EPOCH FROM now() AT TIME ZONE 'UTC' - s.date_start) / 3600
                          AS hours
                   ) open
             WHERE s.state = 'pending'
            """
        )
