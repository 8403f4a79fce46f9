"""Forty products in five categories, with Chinese names, costs and taxes."""

from odoo import Command

from . import tables

CHART_TAXES = {
    "goods": "l10n_cn_tax_large_bis_sales_excluded_13",
    "service": "l10n_cn_tax_large_bis_sales_excluded_6",
}
STOCK_ACCOUNT = "l10n_cn_common_account_1405"


def run(env, rng, ctx):
    """Create the categories and the products; their costs are in force from the first month."""
    chart = env["account.chart.template"].with_company(ctx.company)
    categories = create_categories(env, chart)
    taxes = {key: chart.ref(xml_id) for key, xml_id in CHART_TAXES.items()}
    products = env["product.product"].create(
        [product_vals(env, row, categories, taxes) for row in tables.PRODUCTS]
    )
    for product, row in zip(products, tables.PRODUCTS, strict=True):
        product.product_tmpl_id.update_field_translations("name", {"zh_CN": row.name_zh})
    ctx.products = {
        row.code: product for row, product in zip(tables.PRODUCTS, products, strict=True)
    }
    set_costs(env, ctx)


def create_categories(env, chart):
    """Create the categories: goods at average cost in perpetual valuation on account 1405."""
    goods = {
        "property_cost_method": "average",
        "property_valuation": "real_time",
        "property_stock_valuation_account_id": chart.ref(STOCK_ACCOUNT).id,
    }
    categories = env["product.category"].create(
        [
            {"name": name, **(goods if key in ("pump", "seal", "part") else {})}
            for key, name in tables.CATEGORIES.items()
        ]
    )
    return dict(zip(tables.CATEGORIES, categories, strict=True))


def product_vals(env, row, categories, taxes):
    """Values of one product."""
    vals = {
        "name": row.name,
        "default_code": row.code,
        "categ_id": categories[row.kind].id,
        "list_price": row.price,
        "sale_ok": True,
    }
    if row.kind in ("service", "contract"):
        unit = env.ref("uom.product_uom_hour" if "hour" in row.name else "uom.product_uom_unit")
        return {
            **vals,
            "type": "service",
            "invoice_policy": "order",
            "uom_id": unit.id,
            "taxes_id": [Command.set(taxes["service"].ids)],
        }
    return {
        **vals,
        "type": "consu",
        "is_storable": True,
        "invoice_policy": "delivery",
        "tracking": "lot" if row.lots else "none",
        "taxes_id": [Command.set(taxes["goods"].ids)],
    }


def set_costs(env, ctx):
    """Set the cost of every product as of the first day of the demonstration.

    Odoo keeps the history of costs in ``product.value``; a cost dated today would outweigh the
    receipts of the past year, so that its first entry gets the first day instead.
    """
    for row in tables.PRODUCTS:
        if row.cost:
            ctx.products[row.code].standard_price = row.cost
    products = env["product.product"].union(*ctx.products.values())
    values = env["product.value"].search([("product_id", "in", products.ids)])
    values.write({"date": ctx.start})
