from odoo import api, fields, models

CONTENT = {"product_id", "name", "quantity", "price_unit", "tax_ids", "contract_id"}


class CrmContractLine(models.Model):
    """What a contract without a sales order is over; of a recurring one, in each period."""

    _name = "crm.contract.line"
    _description = "Line of a Contract"
    _order = "contract_id, sequence, id"
    _check_company_auto = True

    contract_id = fields.Many2one("crm.contract", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    sequence = fields.Integer(default=10)
    product_id = fields.Many2one(
        "product.product",
        required=True,
        check_company=True,
        domain="[('sale_ok', '=', True)]",
        ondelete="restrict",
    )
    name = fields.Char("Description", compute="_compute_name", store=True, readonly=False)
    quantity = fields.Float(default=1, digits="Product Unit")
    price_unit = fields.Float(
        "Unit Price",
        compute="_compute_price_unit",
        store=True,
        readonly=False,
        digits="Product Price",
    )
    tax_ids = fields.Many2many(
        "account.tax",
        string="Taxes",
        compute="_compute_tax_ids",
        store=True,
        readonly=False,
        check_company=True,
    )
    price_subtotal = fields.Monetary("Untaxed", compute="_compute_amounts", store=True)
    price_total = fields.Monetary("Total", compute="_compute_amounts", store=True)

    @api.depends("product_id")
    def _compute_name(self):
        for line in self:
            line.name = line.product_id.display_name or ""

    @api.depends("product_id")
    def _compute_price_unit(self):
        for line in self:
            line.price_unit = line.product_id.lst_price

    @api.depends("product_id", "company_id", "contract_id.partner_id")
    def _compute_tax_ids(self):
        for line in self:
            company = line.company_id or line.contract_id.company_id
            taxes = line.product_id.taxes_id.filtered_domain(
                self.env["account.tax"]._check_company_domain(company)
            )
            position = self.env["account.fiscal.position"].with_company(company)
            fiscal = position._get_fiscal_position(line.contract_id.partner_id)
            line.tax_ids = fiscal.map_tax(taxes)

    @api.depends("quantity", "price_unit", "tax_ids", "currency_id")
    def _compute_amounts(self):
        tax_model = self.env["account.tax"]
        for line in self:
            base_line = line._prepare_base_line(1)
            tax_model._add_tax_details_in_base_line(base_line, line.company_id)
            tax_model._round_base_lines_tax_details([base_line], line.company_id)
            line.price_subtotal = base_line["tax_details"]["total_excluded_currency"]
            line.price_total = base_line["tax_details"]["total_included_currency"]

    @api.model_create_multi
    def create(self, vals_list):
        """Make signatures of the contract void.

        :raise UserError: the contract is signed
        """
        lines = super().create(vals_list)
        lines.contract_id._content_changes()
        return lines

    def write(self, vals):
        """Make signatures of the contract void where what is signed changes.

        :raise UserError: the contract is signed
        """
        if CONTENT & vals.keys():
            self.contract_id._content_changes()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_changes_contract(self):
        self.contract_id._content_changes()

    def _prepare_base_line(self, periods, rate=1.0):
        """Return the line as Odoo's tax engine takes it, over a number of periods."""
        self.ensure_one()
        return self.env["account.tax"]._prepare_base_line_for_taxes_computation(
            self,
            quantity=self.quantity * periods,
            tax_ids=self.tax_ids,
            partner_id=self.contract_id.partner_id,
            currency_id=self.currency_id or self.company_id.currency_id,
            rate=rate,
            name=self.name,
        )
