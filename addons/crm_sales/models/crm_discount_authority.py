from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

from ..engine.authority import ZERO, Facts, Floor, Matrix, Row, discount, spread


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the matrix says of one line of a quotation; prices per unit without taxes."""

    line_id: int
    row_id: int
    entitled: Decimal
    agreed: Decimal
    floor: Floor
    gap: Decimal
    discount: Decimal
    max_discount: Decimal | None


class CrmDiscountAuthority(models.Model):
    """Down to which price somebody may quote without asking: one row of the discount matrix.

    Of the rows of a company the first one that fits a line applies to it.
    """

    _name = "crm.discount.authority"
    _description = "Discount Authority"
    _inherit = ["crm.kept.mixin"]
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", default=lambda self: self.env.company, index="btree_not_null"
    )
    user_ids = fields.Many2many(
        "res.users",
        string="Salespersons",
        domain="[('share', '=', False)]",
        help="Empty: everybody.",
    )
    team_ids = fields.Many2many("crm.team", string="Sales Teams", help="Empty: every team.")
    group_id = fields.Many2one(
        "res.groups", string="Role", ondelete="cascade", help="Empty: every role."
    )
    product_ids = fields.Many2many(
        "product.template",
        string="Products",
        domain=[("sale_ok", "=", True)],
        help="Empty: every product of the categories.",
    )
    category_ids = fields.Many2many(
        "product.category", string="Product Categories", help="With those below them. Empty: all."
    )
    level_ids = fields.Many2many(
        "crm.customer.level", string="Customer Levels", help="Empty: every customer."
    )
    limits_discount = fields.Boolean("Limit the Discount", default=True)
    max_discount = fields.Float(
        "Largest Discount (%)",
        digits="Discount",
        help="Off the price of the customer's own price list, whatever way it is given: by the "
        "discount of the line, a lower unit price, another price list or a reduction of the whole "
        "quotation.",
    )
    limits_margin = fields.Boolean("Limit the Margin")
    min_margin = fields.Float(
        "Smallest Margin (%)",
        digits="Discount",
        help="On the price, over the cost of the product. Products without a cost have no such "
        "limit.",
    )
    note = fields.Char(help="Why this row is there; shown to whoever asks for an approval.")
    shadowed_by_id = fields.Many2one(
        "crm.discount.authority", compute="_compute_shadowed_by_id", string="Hidden by"
    )
    problem = fields.Char(compute="_compute_shadowed_by_id")

    _percentages = models.Constraint(
        "CHECK(max_discount >= 0 AND max_discount <= 100 AND min_margin < 100)",
        "A discount is between 0 and 100 %, a margin below 100 %.",
    )

    @api.depends("note", "user_ids", "team_ids", "group_id", "category_ids", "product_ids")
    def _compute_display_name(self):
        for row in self:
            parts = [
                *row.group_id.mapped("name"),
                *row.team_ids.mapped("name"),
                *row.user_ids.mapped("name"),
                *row.category_ids.mapped("name"),
                *row.product_ids.mapped("name"),
                *row.level_ids.mapped("name"),
            ]
            row.display_name = row.note or ", ".join(parts) or self.env._("Everybody, everything")

    @api.depends("sequence", "active", "company_id", *(
        "user_ids", "team_ids", "group_id", "product_ids", "category_ids", "level_ids"
    ))  # fmt: skip
    def _compute_shadowed_by_id(self):
        """A row that never decides, because one above it fits wherever it fits, is a mistake."""
        for row in self:
            row.shadowed_by_id = row._origin._shadow()
            row.problem = bool(row.shadowed_by_id) and self.env._(
                "Never applies: the row “%s” above fits wherever this one fits. Move this row up, "
                "or narrow the other one.",
                row.shadowed_by_id.display_name,
            )

    def _shadow(self):
        rows = self.search([("company_id", "in", [False, self.company_id.id])])
        mine = self._engine_row()
        for other in rows:
            if other == self:
                break
            company_covers = not other.company_id or other.company_id == self.company_id
            if company_covers and other._engine_row().covers(mine):
                return other
        return self.browse()

    @api.constrains("limits_discount", "limits_margin")
    def _check_limits(self):
        for row in self:
            if not row.limits_discount and not row.limits_margin and row.max_discount:
                raise ValidationError(
                    self.env._(
                        "%s: a largest discount is entered, but it is not limited. Tick “Limit the "
                        "Discount”, or set it to 0.",
                        row.display_name,
                    )
                )

    # ------------------------------------------------------------------
    # The matrix
    # ------------------------------------------------------------------

    @api.model
    @ormcache("company_id")
    def _row_ids(self, company_id):
        domain = [("company_id", "in", [False, company_id]), ("active", "=", True)]
        # sudo: the matrix binds people who cannot read it
        # pylint: disable-next=context-overridden
        return tuple(self.sudo().with_context({}).search(domain).ids)

    @api.model
    @ormcache()
    def _is_used(self):
        """Whether any company limits prices; without that, quotations cost no question here."""
        return bool(self.sudo().search_count([("active", "=", True)], limit=1))  # sudo: as above

    @api.model
    def _matrix(self, company, user):
        """Return the engine's matrix of ``user`` in ``company``; None when there is no row."""
        ids = self._row_ids(company.id)
        if not ids:
            return None
        # sudo: the matrix binds people who cannot read it
        rows = [row._engine_row() for row in self.sudo().browse(ids)]
        # sudo: teams and roles of somebody else
        user = user.sudo()
        person = Facts(
            users=frozenset(user.ids),
            teams=frozenset(user.crm_team_ids.ids),
            groups=frozenset(user.all_group_ids.ids),
        )
        return Matrix.for_person(rows, person)

    def _engine_row(self):
        self.ensure_one()
        return Row(
            id=self.id,
            users=frozenset(self.user_ids.ids),
            teams=frozenset(self.team_ids.ids),
            groups=frozenset(self.group_id.ids),
            products=frozenset(self.product_ids.ids),
            categories=frozenset(self.category_ids.ids),
            levels=frozenset(self.level_ids.ids),
            max_discount=exact(self.max_discount) if self.limits_discount else None,
            min_margin=exact(self.min_margin) if self.limits_margin else None,
        )

    # ------------------------------------------------------------------
    # Judging a quotation
    # ------------------------------------------------------------------

    @api.model
    def _judge(self, order, user):
        """Return the verdicts on the lines of ``order`` if ``user`` answers for its prices.

        :return: list of :class:`Verdict`; lines without a limit are not in it
        """
        matrix = self._matrix(order.company_id, user) if user else None
        if matrix is None or not matrix.rows:
            return []
        lines = order.order_line.filtered(lambda line: line._is_priced_by_hand())
        agreed, after_promotions = _unit_prices(order, lines)
        # Lines with a row first: the price list is asked for them only.
        facts = _facts(order, lines)
        decided = [(line, row) for line in lines if (row := matrix.row(facts[line.id]))]
        entitled = self._entitled_prices(order, lines.browse(line.id for line, _row in decided))
        costs = self._costs(order, [line for line, row in decided if row.min_margin is not None])
        step = exact(order.currency_id.rounding or 0.01)
        verdicts = []
        for line, row in decided:
            right, cost = entitled[line.id], costs.get(line.id, ZERO)
            floor = Floor.of(right, cost, row.max_discount, row.min_margin, step)
            verdicts.append(
                Verdict(
                    line_id=line.id,
                    row_id=row.id,
                    entitled=right,
                    agreed=agreed[line.id],
                    floor=floor,
                    gap=floor.gap(agreed[line.id], after_promotions[line.id]),
                    discount=discount(right, agreed[line.id]),
                    max_discount=row.max_discount,
                )
            )
        return verdicts

    @api.model
    def _costs(self, order, lines):
        """Return {line id: cost per unit in the currency of the quotation}.

        That of the product, not that of the line, which whoever quotes can change.
        """
        products = self.env["product.product"].browse(line.product_id.id for line in lines)
        # sudo: the cost decides, whoever looks at the quotation
        products = products.sudo().with_company(order.company_id)
        return {
            line.id: exact(line._authority_cost(product))
            for line, product in zip(lines, products, strict=True)
        }

    @api.model
    def _entitled_prices(self, order, lines):
        """Return {line id: price per unit without taxes} of the customer's own price list.

        A price list that somebody chose for this quotation is compared with it like a discount.
        """
        own = order.partner_id.with_company(order.company_id).property_product_pricelist
        if own == order.pricelist_id:
            prices = {line.id: line._get_pricelist_price() for line in lines}
        else:
            prices = self._prices_of_list(own, order, lines)
        return {line.id: exact(line._authority_untaxed(prices[line.id])) for line in lines}

    @api.model
    def _prices_of_list(self, pricelist, order, lines):
        alike = defaultdict(lines.browse)
        for line in lines:
            alike[line.product_uom_qty, line.product_uom_id] |= line
        prices = {}
        for (quantity, uom), group in alike.items():
            found = pricelist._compute_price_rule(
                group.product_id,
                quantity or 1.0,
                uom=uom,
                date=order.date_order,
                currency=order.currency_id,
            )
            prices.update({line.id: found[line.product_id.id][0] for line in group})
        return prices


def exact(number):
    """Return a float as a decimal of the digits that people see."""
    return Decimal(repr(round(number, 6)))


def _facts(order, lines):
    """Return {line id: Facts}."""
    levels = frozenset(order.partner_id.commercial_partner_id.customer_level_id.ids)
    above = {
        category: frozenset(map(int, filter(None, (category.parent_path or "").split("/"))))
        for category in lines.product_id.categ_id
    }
    above[lines.product_id.categ_id.browse()] = frozenset()
    return {
        line.id: Facts(
            products=frozenset(line.product_id.product_tmpl_id.ids),
            categories=above[line.product_id.categ_id],
            levels=levels,
        )
        for line in lines
    }


def _unit_prices(order, lines):
    """Return ({line id: price}, {line id: price after promotions}) per unit, without taxes.

    Reductions of the whole quotation are spread over the lines; promotions only in the second.
    """
    priced = order.order_line.filtered(
        lambda line: not line.display_type and not line.is_downpayment
    )
    own = priced.filtered(lambda line: not line._is_promotion())
    after_promotions = _spread(priced, lines)
    return _spread(own, lines) if own != priced else after_promotions, after_promotions


def _spread(priced, lines):
    ids = set(lines.ids)
    after = spread([exact(line.price_subtotal) for line in priced])
    amounts = dict(zip(priced.ids, after, strict=True))
    return {
        line.id: amounts.get(line.id, ZERO) / (exact(line.product_uom_qty) or 1)
        for line in priced
        if line.id in ids
    }
