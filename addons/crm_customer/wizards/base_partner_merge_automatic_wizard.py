from odoo import models

from ..models.crm_merge_engine import Repoint


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Odoo's own merge of contacts takes along what this addon keeps of them, without a journal."""

    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        """Bring our tables over first: core deletes rows that clash with a unique index."""
        self.env.flush_all()
        ours = Repoint(self.env, journal=False, only=lambda table: table.startswith("crm_"))
        with ours.with_pairs([(None, partner.id, dst_partner.id) for partner in src_partners]):
            for place in ours.engine._places("res_partner"):
                if ours.only(place.table):
                    ours._move(place)
        self.env.invalidate_all()
        return super()._update_foreign_keys(src_partners, dst_partner)
