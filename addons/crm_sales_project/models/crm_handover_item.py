from odoo import api, fields, models
from odoo.exceptions import AccessError

from .crm_handover_template_item import SIDES

FACTS = frozenset({"done_by_id", "date_done"})
TRANSLATING = "crm_handover_translating"


class CrmHandoverItem(models.Model):
    """One thing to hand over for a sold project: who did it and when."""

    _name = "crm.handover.item"
    _description = "Hand-over Item"
    _order = "project_id, sequence, id"

    project_id = fields.Many2one("project.project", required=True, ondelete="cascade", index=True)
    order_id = fields.Many2one("sale.order", index="btree_not_null", ondelete="set null")
    company_id = fields.Many2one(related="project_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    side = fields.Selection(SIDES, "Whose Turn", required=True, default="sales")
    user_id = fields.Many2one("res.users", "Responsible", domain="[('share', '=', False)]")
    date_due = fields.Date("Due")
    done = fields.Boolean()
    done_by_id = fields.Many2one("res.users", readonly=True)
    date_done = fields.Datetime("Done on", readonly=True)
    note = fields.Char()

    @api.model_create_multi
    def create(self, vals_list):
        """Add items; one ticked from the start is done by the user, now (UTC).

        :raises AccessError: who did it, or when, is given
        """
        return super().create([self._with_facts(vals) for vals in vals_list])

    def write(self, vals):
        """Tick items, and tell the followers when the last one is done.

        :raises AccessError: as in :meth:`create`
        """
        result = super().write(self._with_facts(vals))
        if vals.get("name") and not self.env.context.get(TRANSLATING):
            self._same_for_everybody(vals["name"])
        if vals.get("done"):
            self.project_id._handover_advanced()
        return result

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        # each language is written by itself, and only that one is meant
        items = self.with_context(**{TRANSLATING: True})
        return super(CrmHandoverItem, items)._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )

    def _same_for_everybody(self, name):
        """What somebody writes replaces the words of the checklist in every language."""
        names = dict.fromkeys(dict(self.env["res.lang"].get_installed()), name)
        for item in self:
            item.update_field_translations("name", names)

    def _translate_as(self, rows):
        """Take over the names of the rows of a checklist, in all languages."""
        for item, row in zip(self, rows, strict=True):
            item.update_field_translations("name", row._names())

    @api.model
    def _with_facts(self, vals):
        """Who ticked an item and when is a fact, not an input."""
        if FACTS & vals.keys():
            raise AccessError(self.env._("Tick the item; who did it and when follows."))
        if "done" not in vals:
            return vals
        done = vals["done"]
        return {
            **vals,
            "done_by_id": self.env.uid if done else False,
            "date_done": fields.Datetime.now() if done else False,
        }
