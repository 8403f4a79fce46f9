from odoo import api, fields, models
from odoo.fields import Domain

TREE_FIELDS = ("parent_id", "channel_parent_id", "is_company", "commercial_partner_id")


class ResPartner(models.Model):
    _inherit = "res.partner"

    channel_grade_id = fields.Many2one(
        "res.partner.grade",
        "Programme Level",
        compute="_compute_channel_grade",
        help="Level of the company this contact belongs to.",
    )

    @api.depends("commercial_partner_id.grade_id")
    def _compute_channel_grade(self):
        for partner in self:
            partner.channel_grade_id = partner.commercial_partner_id.grade_id

    # --- rebates ---
    def write(self, vals):
        result = super().write(vals)
        self._rebate_tree_changed(vals)
        return result

    def _rebate_tree(self):
        """Return the companies whose purchases count with those of ``self``: all below it.

        Below is who names it as parent company or as the distributor above it.
        """
        names = [name for name in ("parent_id", "channel_parent_id") if name in self._fields]
        found, level = self, self
        while level:
            domain = Domain.OR(Domain(name, "in", level.ids) for name in names)
            # sudo: whoever opens an agreement need not see every company of a tree
            level = self.sudo().search(domain & Domain("is_company", "=", True)) - found
            found |= level
        return found

    def _rebate_tree_changed(self, vals):
        """Have agreements over whole trees follow a change of the tree."""
        if not vals.keys() & set(TREE_FIELDS):
            return
        # sudo: the agreements follow, whoever changes the contact
        participants = self.env["crm.rebate.participant"].sudo()
        trees = participants.search(
            [
                ("agreement_id.participation", "=", "tree"),
                ("agreement_id.state", "in", ("draft", "active")),
            ]
        )
        if trees:
            self.env.add_to_compute(trees._fields["buyer_ids"], trees)
            trees.agreement_id.filtered(lambda a: a.state == "active")._mark_dirty()
