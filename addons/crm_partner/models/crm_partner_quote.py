from datetime import timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import float_repr

from ..engine.quote import totals
from ..tools import is_unlocked, unlocked

#: what a partner may fill in by itself
HEADER = (
    "customer_name",
    "customer_contact",
    "customer_email",
    "customer_phone",
    "customer_address",
    "validity_date",
    "basis",
    "markup",
    "tax_percent",
    "note",
)
BY_HAND = ("message_", "activity_", "my_activity_")
MAX_LINES = 100


def decimal(amount):
    """Return a float of a field as the number that it shows."""
    return Decimal(float_repr(amount or 0.0, 6))


class CrmPartnerQuote(models.Model):
    """Quotation of a partner to its own customer: the partner's brand, its prices, our products.

    What the partner pays us stands on the lines for the partner, and never in the document.
    """

    _name = "crm.partner.quote"
    _description = "Quotation of a Partner"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _rec_name = "reference"

    reference = fields.Char(required=True, readonly=True, default="/", copy=False)
    partner_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="restrict"
    )
    user_id = fields.Many2one("res.users", "Made by", readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    state = fields.Selection(
        [("draft", "Draft"), ("issued", "Issued"), ("won", "Won"), ("lost", "Lost")],
        default="draft",
        required=True,
        readonly=True,
        tracking=True,
        group_expand=True,
    )
    customer_name = fields.Char("Customer", required=True)
    customer_contact = fields.Char("Contact")
    customer_email = fields.Char("Email")
    customer_phone = fields.Char("Phone")
    customer_address = fields.Text("Address")
    date = fields.Date(default=fields.Date.context_today, required=True)
    validity_date = fields.Date("Valid until")
    basis = fields.Selection(
        [("list", "List price"), ("own", "Own price")], "Prices from", default="list", required=True
    )
    markup = fields.Float(
        "Markup (%)", digits=(6, 2), help="On top of the prices; negative: a discount."
    )
    tax_percent = fields.Float("Tax (%)", digits=(5, 2))
    note = fields.Text("Terms")
    line_ids = fields.One2many("crm.partner.quote.line", "quote_id", "Lines")
    amount_untaxed = fields.Monetary("Untaxed", compute="_compute_amounts", store=True)
    amount_tax = fields.Monetary("Tax", compute="_compute_amounts", store=True)
    amount_total = fields.Monetary("Total", compute="_compute_amounts", store=True)
    purchase_total = fields.Monetary(
        "Own Price in Total", compute="_compute_amounts", store=True, help="What the partner pays."
    )
    profit = fields.Monetary(compute="_compute_amounts", store=True)

    @api.depends(
        "line_ids.quantity", "line_ids.price_unit", "line_ids.purchase_price", "tax_percent"
    )
    def _compute_amounts(self):
        for quote in self:
            unit = decimal(quote.currency_id.rounding or 0.01)
            rows = [(decimal(line.quantity), decimal(line.price_unit)) for line in quote.line_ids]
            costs = [
                (decimal(line.quantity), decimal(line.purchase_price)) for line in quote.line_ids
            ]
            amounts = totals(rows, decimal(quote.tax_percent), unit)
            own = totals(costs, Decimal(0), unit).untaxed
            quote.amount_untaxed = float(amounts.untaxed)
            quote.amount_tax = float(amounts.tax)
            quote.amount_total = float(amounts.total)
            quote.purchase_total = float(own)
            quote.profit = float(amounts.untaxed - own)

    @api.constrains("markup", "tax_percent")
    def _check_percentages(self):
        for quote in self:
            if not -100 < quote.markup <= 1000:
                raise ValidationError(self.env._("A markup lies between -100 and 1000 %."))
            if not 0 <= quote.tax_percent <= 100:
                raise ValidationError(self.env._("A tax lies between 0 and 100 %."))

    @api.constrains("date", "validity_date")
    def _check_validity(self):
        for quote in self:
            if quote.validity_date and quote.validity_date < quote.date:
                raise ValidationError(self.env._("The quotation ends before its date."))

    # ------------------------------------------------------------------
    # Only methods write: partners have read access

    @api.model_create_multi
    def create(self, vals_list):
        """Number quotations by the sequence of their company.

        :raise AccessError: not by the portal's methods
        """
        self._check_method()
        for vals in vals_list:
            sequence = self.env["ir.sequence"].with_company(vals["company_id"])
            vals["reference"] = sequence.next_by_code("crm.partner.quote") or "/"
        return super().create(vals_list)

    def write(self, vals):
        """Let whoever has the right write messages and activities, the portal's methods the rest.

        :raise AccessError: another field would change by hand
        """
        if not all(name.startswith(BY_HAND) for name in vals):
            self._check_method()
        return super().write(vals)

    def _check_method(self):
        if not is_unlocked(self.env):
            raise AccessError(
                self.env._("Quotations of partners are made in the partner portal, by the partner.")
            )

    # ------------------------------------------------------------------
    # What a salesperson of a partner does in the portal

    @api.model
    def _domain_products(self, company):
        """Hook: the products a partner may quote."""
        return Domain("sale_ok", "=", True) & Domain("company_id", "in", [False, company.id])

    @api.model
    def _start(self, vals):
        """Create a draft for the user's partner; returns it as the user.

        :param dict vals: values of HEADER, others are ignored
        :raise AccessError: if the user is not a salesperson of a partner
        """
        partner = self._visitor_partner()
        company = partner.company_id or self.env.company
        pricelist = partner.with_company(company).property_product_pricelist
        values = self._header(vals)
        if not values.get("customer_name"):
            raise UserError(self.env._("Enter who the quotation is for."))
        values.setdefault("validity_date", fields.Date.context_today(self) + timedelta(days=30))
        quote = unlocked(self).create(
            {
                **values,
                "partner_id": partner.id,
                "user_id": self.env.uid,
                "company_id": company.id,
                "currency_id": (pricelist.currency_id or company.currency_id).id,
            }
        )
        return self.browse(quote.id)

    @api.model
    def _header(self, vals):
        return {name: vals[name] for name in HEADER if name in vals}

    def _change(self, vals):
        """Change the heading of a draft; prices follow the markup."""
        quote = self._as_partner("draft")
        values = self._header(vals)
        if "customer_name" in values and not values["customer_name"]:
            raise UserError(self.env._("Enter who the quotation is for."))
        quote.write(values)
        if {"basis", "markup"} & set(values):
            quote.line_ids._set_prices()

    def _add(self, product, quantity):
        """Add a product to a draft.

        :param product: ``product.product``
        """
        quote = self._as_partner("draft")
        allowed = quote._domain_products(quote.company_id) & Domain("id", "=", product.id)
        product = quote.env["product.product"].search(allowed)
        if not product:
            raise UserError(self.env._("This product cannot be quoted."))
        if len(quote.line_ids) >= MAX_LINES:
            raise UserError(self.env._("A quotation has at most %s lines.", MAX_LINES))
        quote._check_quantity(quantity)
        line = quote.line_ids.create(
            {"quote_id": quote.id, "product_id": product.id, "quantity": quantity}
        )
        line._set_prices()

    def _change_line(self, line_id, quantity, price=None):
        """Change quantity and price of a line of a draft; quantity 0 removes the line."""
        quote = self._as_partner("draft")
        line = quote.line_ids.filtered(lambda line: line.id == line_id)
        if not line:
            raise UserError(self.env._("This line does not exist any more."))
        if not quantity:
            line.unlink()
            return
        quote._check_quantity(quantity)
        if price is not None and not 0 <= price < 1e12:
            raise UserError(self.env._("A price must not be negative."))
        changed = decimal(quantity) != decimal(line.quantity)
        by_hand = price is not None and quote.currency_id.compare_amounts(price, line.price_unit)
        line.quantity = quantity
        if changed:
            line._set_prices()
        if by_hand:
            line.price_unit = quote.currency_id.round(price)

    def _check_quantity(self, quantity):
        if not 0 < quantity <= 1e6:
            raise UserError(self.env._("A quantity lies above 0 and at most at 1,000,000."))

    def _issue(self):
        """Fix the quotation: from now on it only changes its outcome."""
        quote = self._as_partner("draft")
        if not quote.line_ids:
            raise UserError(self.env._("Add a product first."))
        quote.state = "issued"

    def _reopen(self):
        """Take an issued or closed quotation back to draft."""
        self._as_partner("issued", "won", "lost").state = "draft"

    def _decide(self, outcome):
        """Note whether the customer ordered: ``won`` or ``lost``."""
        if outcome not in ("won", "lost"):
            raise UserError(self.env._("Choose whether it was won or lost."))
        self._as_partner("issued").state = outcome

    @api.model
    def _visitor_partner(self):
        user = self.env.user
        if not user._has_channel_role("sales"):
            raise AccessError(self.env._("Only salespeople of a partner make quotations."))
        return user._channel_partner()

    def _as_partner(self, *states):
        """Return the record as methods write it, if it is of the user's partner and in a state."""
        self.ensure_one()
        partner = self._visitor_partner()
        quote = unlocked(self)
        if quote.partner_id != partner:
            raise AccessError(self.env._("This is not a quotation of your company."))
        if quote.state not in states:
            raise UserError(self.env._("The quotation %s is fixed already.", quote.reference))
        return quote

    def _pdf(self):
        """Return the PDF of what the user may read.

        :raise AccessError: if the user may not
        """
        self.ensure_one()
        self.check_access("read")
        # sudo: the report, of a quotation that the user may read
        report = self.env["ir.actions.report"].sudo()
        content, _kind = report._render_qweb_pdf("crm_partner.report_partner_quote", self.ids)
        return content
