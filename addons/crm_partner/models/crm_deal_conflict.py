from odoo import api, fields, models

from ..tools import unlocked


class CrmDealConflict(models.Model):
    """What a registration is, or may be, in conflict with. For channel managers only."""

    _name = "crm.deal.conflict"
    _description = "Conflict of a Registered Deal"
    _order = "certain desc, probability desc, id"
    _rec_name = "kind"

    registration_id = fields.Many2one(
        "crm.deal.registration", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="registration_id.company_id", store=True)
    kind = fields.Selection(
        [
            ("registration", "Another Registration"),
            ("lead", "Direct Opportunity"),
            ("customer", "Existing Customer"),
            ("account", "Named Account"),
        ],
        required=True,
        readonly=True,
    )
    probability = fields.Float(readonly=True, aggregator="max")
    certain = fields.Boolean(
        readonly=True, help="Whether the matching rules are sure; otherwise somebody has to look."
    )
    other_id = fields.Many2one(
        "crm.deal.registration", "Other Registration", readonly=True, index="btree_not_null"
    )
    other_partner_id = fields.Many2one(related="other_id.partner_id", string="Registered by")
    lead_id = fields.Many2one(
        "crm.lead", "Opportunity", readonly=True, ondelete="cascade", index="btree_not_null"
    )
    customer_id = fields.Many2one(
        "res.partner", readonly=True, ondelete="cascade", index="btree_not_null"
    )
    dismissed = fields.Boolean(readonly=True, help="Somebody looked: it is another company.")
    dismissed_by_id = fields.Many2one("res.users", readonly=True)

    @api.model
    def _keep(self, registration, matches):
        """Replace the conflicts of a registration; what was dismissed stays dismissed.

        :param matches: list of :class:`~.crm_deal_matcher.Match`
        """
        conflicts = self.sudo()  # sudo: written by the check, read by channel managers
        old = {row._key(): row for row in registration.conflict_ids}
        seen = set()
        for match in matches:
            vals = self._prepare_vals(registration, match)
            row = conflicts.new(vals)
            key = row._key()
            seen.add(key)
            if key in old:
                old[key].write({"probability": match.probability, "certain": match.certain})
            else:
                old[key] = conflicts.create(vals)
        for key, row in old.items():
            if key not in seen and not row.dismissed:
                row.unlink()
        registration.invalidate_recordset(["conflict_ids"])

    def _key(self):
        return self.kind, self.other_id.id, self.lead_id.id, self.customer_id.id

    @api.model
    def _prepare_vals(self, registration, match):
        """Return the values of a conflict of ``registration`` with what ``match`` names."""
        names = {
            "registration": "other_id",
            "lead": "lead_id",
            "customer": "customer_id",
            "account": "customer_id",
        }
        return {
            "registration_id": registration.id,
            "kind": match.kind,
            "probability": match.probability,
            "certain": match.certain,
            names[match.kind]: match.res_id,
        }

    def action_dismiss(self):
        """Say that it is another company; *Check Again* then leaves it out."""
        self.registration_id._require_manager()
        unlocked(self).write({"dismissed": True, "dismissed_by_id": self.env.uid})

    def action_undo_dismiss(self):
        """Take that back."""
        self.registration_id._require_manager()
        unlocked(self).write({"dismissed": False, "dismissed_by_id": False})
