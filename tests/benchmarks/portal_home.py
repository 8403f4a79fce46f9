"""The home page of the partner portal, for a partner with 10,000 orders and 1,000 registrations.

One order and one invoice are made by the real flow and copied with SQL, as is a registration of a
deal. The page is asked for over HTTP, within this process, by the administrator of the partner's
team, who sees every card: session, rights, queries and rendering are all in the figure. The peer
is the same page of a partner with ten orders.
"""

import os
import time

from werkzeug.test import Client

from odoo import Command, http, sql_db
from odoo.service import security
from odoo.tools import SQL

ORDERS, REGISTRATIONS, FEW = 10_000, 1_000, 10
#: what the page may take, seconds of server time at the 95th percentile
BAR = 0.4
COPIED = ("sale_order", "sale_order_line", "account_move", "account_move_line")


def columns(env, table):
    rows = env.execute_query(
        SQL(
            """SELECT column_name FROM information_schema.columns
                WHERE table_name = %s AND table_schema = 'public' AND is_generated = 'NEVER'""",
            table,
        )
    )
    return [row[0] for row in rows]


def copy(env, record, count, **overrides):
    """Copy the row of ``record`` ``count`` times; ``n`` is the number of the copy."""
    table = record._table
    [[last]] = env.execute_query(SQL("SELECT MAX(id) FROM %s", SQL.identifier(table)))
    overrides = {"id": f"{last} + n", **overrides}
    names = columns(env, table)
    env.cr.execute(
        SQL(
            "INSERT INTO %s (%s) SELECT %s FROM %s t, generate_series(1, %s) n WHERE t.id = %s",
            SQL.identifier(table),
            SQL(", ").join(map(SQL.identifier, names)),
            SQL(", ").join(
                SQL(overrides[name]) if name in overrides else SQL("t.%s", SQL.identifier(name))
                for name in names
            ),
            SQL.identifier(table),
            count,
            record.id,
        )
    )
    env.cr.execute(SQL("SELECT setval(%s, %s)", f"{table}_id_seq", last + count))
    return last + 1


def prepare(bench, env, orders, registrations):
    """Return the logins of the administrators of a big and a small partner."""
    if not env.company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", env.company)
    level = env["res.partner.grade"].create({"name": "Bench"})
    product = env["product.product"].create(
        {"name": "Pump", "type": "consu", "list_price": 100, "invoice_policy": "order"}
    )
    logins = []
    for name, count, deals in (("big", orders, registrations), ("small", FEW, FEW)):
        partner = env["res.partner"].create(
            {"name": name, "is_company": True, "grade_id": level.id}
        )
        user = env["res.users"].create(
            {
                "name": name,
                "login": f"bench_{name}",
                "group_ids": [
                    Command.set(
                        [
                            env.ref("base.group_portal").id,
                            env.ref("crm_partner.group_portal_admin").id,
                        ]
                    )
                ],
            }
        )
        user.partner_id.parent_id = partner
        documents(env, partner, product, count)
        register(env, partner, product, deals)
        logins.append(user.login)
    env.flush_all()
    for table in COPIED:
        env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
    return logins


def documents(env, partner, product, count):
    """Make ``count`` confirmed and invoiced orders; one invoice of ten is open."""
    order = env["sale.order"].create(
        {
            "partner_id": partner.id,
            "order_line": [Command.create({"product_id": product.id, "price_unit": 100})],
        }
    )
    order.action_confirm()
    invoice = order._create_invoices()
    invoice.action_post()
    env.flush_all()
    day = "DATE '2026-06-30' - (n %% 365)"
    first = copy(
        env,
        order,
        count - 1,
        name=f"'{partner.name}' || n",
        date_order=f"({day})::timestamp",
        access_token="NULL",
    )
    copy(env, order.order_line, count - 1, order_id=f"{first} + n - 1")
    first = copy(
        env,
        invoice,
        count - 1,
        name=f"'BENCH/{partner.name}/' || n",
        payment_reference="NULL",
        access_token="NULL",
        sequence_prefix=f"'BENCH/{partner.name}/'",
        sequence_number="n",
        invoice_date=day,
        invoice_date_due=f"{day} + 30",
        date=day,
        payment_state="CASE WHEN n %% 10 = 0 THEN 'not_paid' ELSE 'paid' END",
        amount_residual="CASE WHEN n %% 10 = 0 THEN t.amount_total ELSE 0 END",
        amount_residual_signed="CASE WHEN n %% 10 = 0 THEN t.amount_total ELSE 0 END",
    )
    for line in invoice.line_ids:
        copy(env, line, count - 1, move_id=f"{first} + n - 1", date=day)


def register(env, partner, product, count):
    """Make ``count`` registrations of deals; the page counts them by their state."""
    registration = env["crm.deal.registration"].create(
        {
            "partner_id": partner.id,
            "customer_name": "Boiler House",
            "customer_domain": "boiler-house.example.com",
            "amount": 1000,
            "line_ids": [Command.create({"product_id": product.id, "quantity": 1})],
        }
    )
    env.flush_all()
    copy(
        env,
        registration,
        count - 1,
        name=f"'D/{partner.name}/' || n",
        access_token="NULL",
        state="(ARRAY['draft', 'review', 'approved', 'lost'])[1 + n %% 4]",
    )


def open_home(bench, env, login, times):
    """Return (p50, p95, queries of one page) of ``times`` requests by ``login``."""
    user = env["res.users"].search([("login", "=", login)])
    session = http.root.session_store.new()
    session.update(http.get_default_session(), db=env.cr.dbname, _trace_disable=True)
    session.uid, session.login = user.id, login
    session.context = dict(env(user=user)["res.users"].context_get())
    session.session_token = security.compute_session_token(session, env(user=user))
    http.root.session_store.save(session)
    client = Client(http.root)
    client.set_cookie("session_id", session.sid)
    taken, queries = [], 0
    for number in range(times + 3):
        before, start = sql_db.sql_counter, time.perf_counter()
        answer = client.get("/my/partner")
        seconds = time.perf_counter() - start
        assert answer.status_code == 200 and b"o_partner_cards" in answer.data, answer.status
        if number >= 3:  # templates, rights and registry are in their caches
            taken.append(seconds)
            queries = max(queries, sql_db.sql_counter - before)
    http.root.session_store.delete(session)
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.95)], queries


def run(bench):
    times = bench.option("times", 100)
    orders = bench.option("orders", ORDERS)
    registrations = bench.option("registrations", REGISTRATIONS)
    big, small = bench.child(prepare, orders, registrations).value
    ours = bench.child(open_home, big, times).value
    peer = bench.child(open_home, small, times).value
    bench.figure(
        "home page, p95",
        ours[1],
        BAR,
        bar=1.0,
        p50=round(ours[0], 4),
        ten_orders_p95=round(peer[1], 4),
        orders=orders,
        requests=times,
        load=os.getloadavg()[0],
    )
    bench.figure("queries of the home page", ours[2], peer[2], unit="queries", bar=1.0)
