from odoo import fields, models


class CrmSegmentSnapshot(models.Model):
    """How many members a segment had at the end of a day."""

    _name = "crm.segment.snapshot"
    _description = "Segment Figures"
    _order = "date desc, id desc"
    _log_access = False

    segment_id = fields.Many2one(
        "crm.segment", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="segment_id.company_id")
    date = fields.Date(required=True, readonly=True)
    member_count = fields.Integer("Members", readonly=True)
    entered = fields.Integer(readonly=True)
    exited = fields.Integer("Left", readonly=True)

    _day_uniq = models.Constraint("UNIQUE(segment_id, date)", "One row a segment and day.")
