from odoo import api, models


class CrmSegmentSource(models.AbstractModel):
    """A document whose coming, change and going may move its customers between segments."""

    _name = "crm.segment.source"
    _description = "Document that Segments Look at"

    #: names of the fields whose change matters to a behaviour
    _segment_watched = frozenset()

    @api.model_create_multi
    def create(self, vals_list):
        """Have the customers of new documents evaluated."""
        records = super().create(vals_list)
        records._mark_for_segments()
        return records

    def write(self, vals):
        """Have customers evaluated where a watched field changes: the old ones and the new ones."""
        if self._segment_watched.isdisjoint(vals):
            return super().write(vals)
        # The customer may be changed itself: who it was counts as well.
        self._mark_for_segments()
        result = super().write(vals)
        self._mark_for_segments()
        return result

    def unlink(self):
        """Have the customers evaluated without these documents."""
        self._mark_for_segments()
        return super().unlink()

    def _mark_for_segments(self):
        """Have the customers of these documents evaluated for segments."""
        self.env["crm.segment.dirty"]._mark(self._segment_partners())

    def _segment_partners(self):
        """Return the contacts these documents are about; their entities are evaluated."""
        return self.partner_id
