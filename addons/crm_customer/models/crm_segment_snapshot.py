from odoo import api, fields, models
from odoo.tools import SQL


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

    @api.model
    def _note(self, segment, total, entered, exited):
        """Keep the figures of today; several refreshes of a day add up."""
        self.env.execute_query(
            SQL(
                "INSERT INTO crm_segment_snapshot"
                " (segment_id, date, member_count, entered, exited)"
                " VALUES (%(segment)s, %(date)s, %(total)s, %(entered)s, %(exited)s)"
                " ON CONFLICT (segment_id, date) DO UPDATE"
                " SET member_count = EXCLUDED.member_count,"
                " entered = crm_segment_snapshot.entered + EXCLUDED.entered,"
                " exited = crm_segment_snapshot.exited + EXCLUDED.exited RETURNING id",
                segment=segment.id,
                date=fields.Date.today(),
                total=total,
                entered=entered,
                exited=exited,
            )
        )
        segment.invalidate_recordset(["snapshot_ids", "trend"])
