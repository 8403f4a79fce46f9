from odoo import fields, models


class CrmHandoverTemplate(models.Model):
    """What sales has to hand over to the people who deliver."""

    _name = "crm.handover.template"
    _description = "Hand-over Checklist"
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True)
    product_tmpl_ids = fields.Many2many(
        "product.template",
        string="For Products",
        help="Used for projects that these products bring about. Empty: for every sold project.",
    )
    item_ids = fields.One2many("crm.handover.template.item", "template_id", "Items", copy=True)

    def _is_for(self, project):
        self.ensure_one()
        if self.company_id and self.company_id != project.company_id:
            return False
        sold = project._contract_lines().product_template_id
        return not self.product_tmpl_ids or bool(sold & self.product_tmpl_ids)
