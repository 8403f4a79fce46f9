from odoo import api, fields, models


class CrmLeadCheck(models.Model):
    """A checklist item that somebody ticked on an opportunity: the row is the proof."""

    _name = "crm.lead.check"
    _description = "Ticked Checklist Item"
    _order = "date desc, id desc"

    lead_id = fields.Many2one("crm.lead", required=True, ondelete="cascade", index=True)
    item_id = fields.Many2one("crm.playbook.item", required=True, ondelete="cascade", index=True)
    user_id = fields.Many2one(
        "res.users", "Done by", required=True, readonly=True, default=lambda self: self.env.uid
    )
    date = fields.Datetime("Done on", required=True, readonly=True, default=fields.Datetime.now)

    _lead_item_uniq = models.Constraint(
        "UNIQUE(lead_id, item_id)", "This item of the checklist was ticked already."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Tick items in the name of the user, now (UTC), whatever the client says of both."""
        # Who ticked and when is a fact, not an input.
        mine = {"user_id": self.env.uid, "date": fields.Datetime.now()}
        return super().create([{**vals, **mine} for vals in vals_list])
