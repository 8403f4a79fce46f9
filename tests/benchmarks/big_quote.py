"""Re-pricing and checking a quotation of 1,000 lines, against Odoo alone.

Both sides update the prices by the price list, write them, and ask whether the quotation may be
confirmed. With our addons a discount matrix of 20 rows is in force: every line has a floor price
that is compared, and the approval gate is asked.
"""

from odoo import Command

DATABASES = ("suite", "core")
BAR = 1.3


def prepare(bench, env, lines):
    products = env["product.product"].create(
        [
            {"name": f"Part {number}", "list_price": 10 + number % 90, "standard_price": 5}
            for number in range(lines)
        ]
    )
    if "crm.discount.authority" in env:
        categories = env["product.category"].create([{"name": f"C{n}"} for n in range(19)])
        env["crm.discount.authority"].create(
            [
                {
                    "category_ids": [Command.set(category.ids)],
                    "max_discount": 5,
                    "limits_margin": True,
                    "min_margin": 10,
                }
                for category in categories
            ]
            + [{"sequence": 99, "max_discount": 5, "limits_margin": True, "min_margin": 10}]
        )
    order = env["sale.order"].create(
        {
            "partner_id": env["res.partner"].create({"name": "Big Customer"}).id,
            "order_line": [
                Command.create({"product_id": product.id, "product_uom_qty": 1 + number % 7})
                for number, product in enumerate(products)
            ],
        }
    )
    return order.id


def reprice(bench, env, order_id, rounds):
    """Return the seconds of the fastest round."""
    order = env["sale.order"].with_user(env.ref("base.user_admin")).browse(order_id)
    found = bench.best(lambda: once(env, order), times=rounds)
    return found.seconds, found.cpu_seconds, found.queries


def once(env, order):
    env.invalidate_all()
    order._recompute_prices()
    env.flush_all()
    message = order._confirmation_error_message()
    assert not message, message


def run(bench):
    lines, rounds = bench.option("lines", 1000), bench.option("rounds", 5)
    results = {}
    for kind in DATABASES:
        order_id = bench.child(prepare, lines, kind=kind).value
        results[kind] = bench.child(reprice, order_id, rounds, kind=kind).value
    ours, peer = results["suite"], results["core"]
    bench.figure(
        "re-price and check a quotation",
        ours[0],
        peer[0],
        bar=BAR,
        lines=lines,
        cpu_ratio=round(ours[1] / peer[1], 3),
        queries=ours[2],
        peer_queries=peer[2],
    )
