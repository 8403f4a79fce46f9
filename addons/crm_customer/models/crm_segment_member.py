from odoo import api, fields, models
from odoo.tools import SQL


class Many2oneUnchecked(fields.Many2one):
    """A many2one without foreign key.

    For a hundred thousand new members the database would look up the same segment a hundred
    thousand times. The refresh updates the segment in the statement that adds members, so that
    a deletion at the same time fails and is tried again; ``crm.segment`` deletes its members.
    """

    def update_db_foreign_key(self, model, column):
        """Make none."""


class CrmSegmentMember(models.Model):
    """A stay of a customer in a segment; only the refresh writes here."""

    _name = "crm.segment.member"
    _description = "Segment Member"
    _order = "date_in desc, id desc"
    _rec_name = "partner_id"
    _log_access = False

    segment_id = Many2oneUnchecked(
        "crm.segment", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="segment_id.company_id")
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, index=True, ondelete="cascade"
    )
    date_in = fields.Datetime("Entered", required=True, readonly=True)
    date_out = fields.Datetime("Left", readonly=True)

    _present_idx = models.UniqueIndex("(segment_id, partner_id) WHERE date_out IS NULL")

    @api.model
    def _active_query(self, segment_ids):
        """Return SQL of the ids of the present members of any of the segments."""
        return SQL(
            "(SELECT partner_id FROM crm_segment_member"
            " WHERE date_out IS NULL AND segment_id = ANY(%s))",
            list(segment_ids),
        )
