from odoo import fields, models

SIDES = [("sales", "Sales"), ("delivery", "Delivery")]


class CrmHandoverTemplateItem(models.Model):
    """A row that each new project gets; it is due so many calendar days after the confirmation."""

    _name = "crm.handover.template.item"
    _description = "Item of a Hand-over Checklist"
    _order = "template_id, sequence, id"

    template_id = fields.Many2one(
        "crm.handover.template", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    side = fields.Selection(SIDES, "Whose Turn", required=True, default="sales")
    days = fields.Integer("Due after (days)", default=3)

    def _names(self):
        """Return ``{language: name}`` for the languages in use."""
        self.ensure_one()
        return {
            code: self.with_context(lang=code).name
            for code, _label in self.env["res.lang"].get_installed()
        }
