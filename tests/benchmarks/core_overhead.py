"""The standard flow with our addons installed, against Odoo alone.

Every order is confirmed, delivered, invoiced, posted and paid in a transaction of its own, as users
do. With our addons a commission plan on the collected basis is in force and the salesperson of the
orders is its member, so every payment really posts a commission.
"""

from odoo import Command

DATABASES = ("suite", "core")


def prepare(bench, env):
    company = env.company
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company)
    if "crm.commission.plan" in env:
        create_plan(env)


def create_plan(env):
    payable, expense = env["account.account"].create(
        [
            {"code": "229901", "name": "Commissions payable", "account_type": "liability_current"},
            {"code": "669901", "name": "Commissions", "account_type": "expense"},
        ]
    )
    journal = env["account.journal"].create({"name": "Com", "code": "COMM", "type": "general"})
    ledger = env["crm.subledger"].create(
        {
            "name": "Commissions payable",
            "code": "COM",
            "kind": "commission",
            "journal_id": journal.id,
            "account_id": payable.id,
            "counterpart_account_id": expense.id,
        }
    )
    plan = env["crm.commission.plan"].create(
        {
            "name": "Collected",
            "ledger_id": ledger.id,
            "member_ids": [
                Command.create({"user_id": env.user.id, "role": "owner", "payout": "bill"})
            ],
            "version_ids": [
                Command.create(
                    {
                        "date_from": "2020-01-01",
                        "basis": "collected",
                        "tier_ids": [
                            Command.create({"lower_bound": 0, "rate": 3}),
                            Command.create({"lower_bound": 100_000, "rate": 5}),
                        ],
                    }
                )
            ],
        }
    )
    plan.version_ids.action_approve()


def flow(bench, env, orders):
    product = env["product.product"].create(
        {"name": "Pump", "type": "consu", "is_storable": True, "list_price": 100}
    )
    location = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
    env["stock.quant"]._update_available_quantity(product, location.lot_stock_id, 10 * orders)
    customer = env["res.partner"].create({"name": "Customer"})
    env.cr.commit()
    for _number in range(orders):
        play(env, product, customer)
        env.cr.commit()
    return entries(env)


def play(env, product, customer):
    order = env["sale.order"].create(
        {
            "partner_id": customer.id,
            "user_id": env.uid,
            "order_line": [Command.create({"product_id": product.id, "product_uom_qty": 2})],
        }
    )
    order.action_confirm()
    order.picking_ids.move_ids.write({"quantity": 2, "picked": True})
    order.picking_ids.button_validate()
    invoice = order._create_invoices()
    invoice.action_post()
    env["account.payment.register"].with_context(
        active_model="account.move", active_ids=invoice.ids
    ).create({})._create_payments()


def entries(env):
    return env["crm.subledger.entry"].search_count([]) if "crm.subledger.entry" in env else 0


def run(bench):
    orders, rounds = bench.option("orders", 200), bench.option("rounds", 3)
    for kind in DATABASES:
        bench.child(prepare, kind=kind)
    few = {kind: bench.child(flow, orders // 4, kind=kind) for kind in DATABASES}
    runs = {kind: [] for kind in DATABASES}
    # Both take turns, so that whatever else the machine does meets both alike.
    for _round in range(rounds):
        for kind in DATABASES:
            runs[kind].append(bench.child(flow, orders, kind=kind))
    ours, peer = (min(runs[kind], key=lambda m: m.seconds) for kind in DATABASES)
    if ours.value < orders:
        raise AssertionError("Every payment must have posted a commission")
    extra = [
        (mine.queries - theirs.queries) / count
        for mine, theirs, count in (
            (few["suite"], few["core"], orders // 4),
            (ours, peer, orders),
        )
    ]
    bench.figure(
        "an order from confirmation to payment",
        ours.seconds,
        peer.seconds,
        bar=1.15,
        rows=orders,
        queries=ours.queries,
        peer_queries=peer.queries,
        peak_mib=ours.peak_mib,
    )
    bench.figure(
        "additional queries per order, all against a quarter of the orders",
        extra[1],
        extra[0],
        unit="queries",
        bar=1.05,
    )
