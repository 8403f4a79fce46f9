"""The portal of the partners: catalogue, orders placed there, serial numbers, a diversion case."""

from odoo import Command

from .context import without_mails
from .orders import validate

CATALOGUE = 12
ORDERING = 4
CONTROLLER = ("Smart Controller SC-100", "智能控制器 SC-100", "SC-100", 2800.0)
SERIALS = ("SC100-26-0001", "SC100-26-0002", "SC100-26-0003")


def run(env, rng, ctx):
    """Open products, let partners order, and show one serial number outside its territory."""
    partners = [partner for partner in getattr(ctx, "channel_partners", ()) if partner.grade_id]
    if not partners:
        return
    env = env(context={**env.context, "allowed_company_ids": ctx.company.ids})
    open_catalogue(env, ctx)
    controller = create_controller(env, ctx)
    with without_mails(env):
        for partner in partners[:ORDERING]:
            place_order(env, rng, partner, ctx)
        deliver_serials(env, partners[0], controller, ctx)
        for partner in partners[:1]:
            seen_elsewhere(env, partner, controller, ctx)


def open_catalogue(env, ctx):
    """Let partners order the first goods of the list, and a few services."""
    goods = [product for product in ctx.products.values() if product.is_storable]
    for product in goods[:CATALOGUE]:
        product.channel_ok = True


def create_controller(env, ctx):
    """Create a device with serial numbers; its stock is not valued, as samples are not."""
    name, name_zh, code, price = CONTROLLER
    category = env["product.category"].create({"name": "Smart Devices"})
    controller = env["product.product"].create(
        {
            "name": name,
            "default_code": code,
            "categ_id": category.id,
            "type": "consu",
            "is_storable": True,
            "tracking": "serial",
            "list_price": price,
            "channel_ok": True,
        }
    )
    controller.product_tmpl_id.update_field_translations("name", {"zh_CN": name_zh})
    return controller


def people_of(env, partner, role):
    """Return the people of a partner with a role in the portal."""
    group = env.ref(f"crm_partner.group_portal_{role}")
    return env["res.users"].search(
        [
            ("partner_id.commercial_partner_id", "=", partner.id),
            ("share", "=", True),
            ("all_group_ids", "in", group.ids),
        ],
        order="id",
    )


def place_order(env, rng, partner, ctx):
    """Fill a cart in the portal and send it, as the partner's salesperson does."""
    user = people_of(env, partner, "sales")[:1]
    if not user:
        return env["sale.order"]
    service = env["crm.partner.cart"]
    products = env["product.product"].search(service._product_domain(partner), order="id", limit=8)
    chosen = rng.sample(list(products), min(3, len(products)))
    cart = service._add(partner, user, {product: rng.choice((1, 2, 5)) for product in chosen})
    cart.client_order_ref = f"PO-{ctx.today:%y%m}-{rng.randint(100, 999)}"
    order, submitted = service._submit(partner, user, service._total(cart))
    assert submitted, order
    return order


def deliver_serials(env, partner, controller, ctx):
    """Sell and deliver the serial numbers to ``partner``."""
    warehouse = env["stock.warehouse"].search([("company_id", "=", ctx.company.id)], limit=1)
    lots = env["stock.lot"].create(
        [
            {"name": serial, "product_id": controller.id, "company_id": ctx.company.id}
            for serial in SERIALS
        ]
    )
    for lot in lots:
        env["stock.quant"]._update_available_quantity(
            controller, warehouse.lot_stock_id, 1, lot_id=lot
        )
    order = env["sale.order"].create(
        {
            "partner_id": partner.id,
            "company_id": ctx.company.id,
            "order_line": [
                Command.create({"product_id": controller.id, "product_uom_qty": len(lots)})
            ],
        }
    )
    order.action_confirm()
    picking = order.picking_ids
    picking.action_assign()
    picking.move_ids.picked = True
    validate(picking)
    assert picking.state == "done", picking.state
    return lots


def seen_elsewhere(env, partner, controller, ctx):
    """Report one number inside and one outside what ``partner`` covers, and confirm the case."""
    china = env.ref("base.cn")
    if "crm.partner.coverage" in env and not partner.channel_coverage_ids:
        env["crm.partner.coverage"].create(
            {
                "partner_id": partner.id,
                "country_id": china.id,
                "state_ids": [Command.link(env.ref("base.state_cn_SH").id)],
            }
        )
    places = {
        covered: next(
            (
                state
                for state in china.state_ids.sorted("code")
                if partner._diversion_covers(china, state, state.name) == covered
            ),
            None,
        )
        for covered in (True, False)
    }
    lots = env["stock.lot"].search([("product_id", "=", controller.id)], order="name")
    sightings = env["crm.lot.sighting"]
    for lot, covered, customer in zip(
        lots, (True, False), ("上海恒达机电有限公司", "南方泵业网店"), strict=False
    ):
        state = places[covered]
        if state:
            sightings |= sightings.create(
                {
                    "lot_id": lot.id,
                    "date": ctx.today,
                    "source": "registration" if covered else "scan",
                    "country_id": china.id,
                    "state_id": state.id,
                    "city": state.name,
                    "end_customer": customer,
                    "company_id": ctx.company.id,
                    "reporter_partner_id": partner.id if covered else False,
                }
            )
    return sightings
