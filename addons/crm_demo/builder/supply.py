"""Goods received and the vendors' bills."""

from odoo import Command

from . import accounting, orders
from .calendar import bank_day, working_day
from .plan import days

VENDORS = (
    ("苏州铄桐泵体铸造有限公司", "casting@shuotong-suzhou.example.com", ("pump",)),
    ("宁波岑榆密封件有限公司", "sales@cenyu-ningbo.example.com", ("seal", "part")),
)


def create_vendors(env, rng, ctx):
    """Create the vendors; they are paid after thirty days."""
    term = env.ref("account.account_payment_term_30days")
    ctx.vendors = env["res.partner"].create(
        [
            {
                "name": name,
                "email": email,
                "is_company": True,
                "supplier_rank": 1,
                "country_id": ctx.company.country_id.id,
                "lang": "zh_CN",
                "property_supplier_payment_term_id": term.id,
                "create_date": ctx.start,
            }
            for name, email, _kinds in VENDORS
        ]
    )


def run(env, rng, ctx):
    """Receive and bill the goods of ``ctx.month`` and pay the bills of the month before."""
    day, received = ctx.year.receipts[ctx.months.index(ctx.month)]
    for vendor, (_name, _email, kinds) in zip(ctx.vendors, VENDORS, strict=True):
        goods = {
            code: quantity
            for code, quantity in received.items()
            if ctx.product_row(code).kind in kinds
        }
        if goods:
            receive(env, ctx, vendor, goods, min(working_day(day), ctx.today))
    for bill in ctx.bills:
        due = bank_day(bill.invoice_date_due)
        if ctx.within(due, ctx.month):
            accounting.pay(env, ctx, bill, due)


def receive(env, ctx, vendor, goods, day):
    """Receive the goods and post the bill of the vendor on the same day."""
    picking = create_receipt(env, ctx, vendor, goods)
    picking.action_confirm()
    name_lots(picking, day)
    picking.move_ids.picked = True
    orders.validate(picking)
    orders.backdate(picking, day)
    ctx.bills.append(bill(env, ctx, vendor, goods, min(day + days(1), ctx.today)))


def create_receipt(env, ctx, vendor, goods):
    """Create the receipt of the goods into the warehouse."""
    warehouse = env["stock.warehouse"].search([("company_id", "=", ctx.company.id)], limit=1)
    kind = warehouse.in_type_id
    source = env.ref("stock.stock_location_suppliers")
    place = {"location_id": source.id, "location_dest_id": kind.default_location_dest_id.id}
    return env["stock.picking"].create(
        {
            "partner_id": vendor.id,
            "picking_type_id": kind.id,
            **place,
            "move_ids": [
                Command.create(
                    {
                        "product_id": ctx.products[code].id,
                        "product_uom_qty": quantity,
                        "product_uom": ctx.products[code].uom_id.id,
                        **place,
                    }
                )
                for code, quantity in goods.items()
            ],
        }
    )


def name_lots(picking, day):
    """Give the received goods that are tracked a lot named after the month."""
    for line in picking.move_line_ids:
        if line.product_id.tracking == "lot":
            line.lot_name = f"{line.product_id.default_code}-{day:%y%m}"


def bill(env, ctx, vendor, goods, day):
    """Post the bill of the vendor at cost."""
    purchase_tax = ctx.company.account_purchase_tax_id
    move = env["account.move"].create(
        {
            "move_type": "in_invoice",
            "partner_id": vendor.id,
            "invoice_date": day,
            "date": day,
            "ref": f"{vendor.id}-{day:%Y%m}",
            "invoice_line_ids": [
                Command.create(
                    {
                        "product_id": ctx.products[code].id,
                        "quantity": quantity,
                        "price_unit": ctx.product_row(code).cost,
                        "tax_ids": [Command.set(purchase_tax.ids)],
                    }
                )
                for code, quantity in goods.items()
            ],
        }
    )
    move.action_post()
    return move
