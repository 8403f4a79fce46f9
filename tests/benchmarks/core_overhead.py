"""The standard flow with our addons installed, against Odoo alone.

Every order is confirmed, delivered, invoiced, posted and paid in a transaction of its own, as users
do. The orders belong to four salespeople in turn. With our addons a commission plan on the collected
basis is in force and all of them are its members, so every payment really posts a commission: once
within the transaction of the payment (the default), once left to the scheduled action, whose run
counts too.
"""

from odoo import Command

DATABASES = ("suite", "core")
SALESPEOPLE = 4


def prepare(bench, env):
    env["res.users"].create(
        [{"name": f"Seller {number}", "login": f"seller{number}"} for number in range(SALESPEOPLE)]
    )
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
                Command.create({"user_id": user.id, "role": "owner", "payout": "bill"})
                for user in sellers(env)
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


def sellers(env):
    return env["res.users"].search([("login", "=like", "seller_")], order="id")


def flow(bench, env, orders, immediate=True):
    if "crm.subledger" in env:
        limit = 100 if immediate else 0
        env["ir.config_parameter"].set_param("crm_subledger.immediate_keys", limit)
    product = env["product.product"].create(
        {"name": "Pump", "type": "consu", "is_storable": True, "list_price": 100}
    )
    location = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1)
    env["stock.quant"]._update_available_quantity(product, location.lot_stock_id, 10 * orders)
    customer = env["res.partner"].create({"name": "Customer"})
    users = sellers(env)
    env.cr.commit()
    for number in range(orders):
        play(env, product, customer, users[number % len(users)])
        env.cr.commit()
    if not immediate:
        env["crm.subledger.queue"]._cron_process()
        env.cr.commit()
    return entries(env)


def play(env, product, customer, user):
    order = env["sale.order"].create(
        {
            "partner_id": customer.id,
            "user_id": user.id,
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
    runs = {"suite": [], "core": [], "later": []}
    # All take turns, so that whatever else the machine does meets them alike.
    for _round in range(rounds):
        for kind in DATABASES:
            runs[kind].append(bench.child(flow, orders, kind=kind))
        runs["later"].append(bench.child(flow, orders, False, kind="suite"))
    ours, peer, later = (
        min(runs[name], key=lambda m: m.seconds) for name in ("suite", "core", "later")
    )
    if runs["later"][-1].value < orders * rounds * 2:
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
        "the same, commissions left to the scheduled action",
        later.seconds,
        peer.seconds,
        bar=1.15,
        rows=orders,
        queries=later.queries,
    )
    bench.figure(
        "additional queries per order, all against a quarter of the orders",
        extra[1],
        extra[0],
        unit="queries",
        bar=1.05,
    )
