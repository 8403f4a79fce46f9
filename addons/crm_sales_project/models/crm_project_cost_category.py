from odoo import fields, models


class CrmProjectCostCategory(models.Model):
    """What a project spends money on: how budgets are split, and where actual costs belong."""

    _name = "crm.project.cost.category"
    _description = "Cost Category of Projects"
    _order = "sequence, name"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    labour = fields.Boolean(
        "Hours", help="Costs without an account in the general ledger, such as timesheets."
    )
    account_ids = fields.Many2many(
        "account.account", string="Accounts", domain=[("internal_group", "=", "expense")]
    )
    product_categ_ids = fields.Many2many("product.category", string="Product Categories")

    def _classify(self, account, product):
        """Return the category in ``self`` that a cost belongs to; the last one without rules
        takes what fits nowhere else."""
        for category in self:
            if product.categ_id and category._has_product_category(product.categ_id):
                return category
        for category in self:
            if account in category.account_ids or (category.labour and not account):
                return category
        return self.filtered(
            lambda one: not (one.labour or one.account_ids or one.product_categ_ids)
        )[:1]

    def _has_product_category(self, categ):
        parents = {int(part) for part in (categ.parent_path or "").split("/") if part}
        return bool(parents & set(self.product_categ_ids.ids))
