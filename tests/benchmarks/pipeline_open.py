"""Opening the pipeline, the forecast and the list of leads with a million leads.

The same leads are written with SQL into a database of Odoo's own modules and into one with all our
addons; then the calls are made that the web client makes: the fields are those of the views of each
database, as its own user gets them, so what our addons add to a view is paid for by us. As a
salesperson who sees own leads and as a manager who sees all; and as a salesperson whom our record
rules let see more, by a territory, a public pool and deal teams, against what plain Odoo shows that
salesperson. Every call starts with empty caches.
"""

import statistics
import time
import zlib

from lxml import etree

from odoo import Command, fields
from odoo.tools import SQL

DATABASES = ("suite", "core")
SELLERS, TEAMS, CUSTOMERS = 40, 5, 5_000
LEADS = 1_000_000
OPEN_SHARE = 30  # of every hundred; the rest is won or lost long ago
ROUNDS = 15
FREE = 1_000  # one lead of so many has no owner; with our addons those are in a public pool
PLACED = 500  # one lead of so many lies in the territory of one salesperson
DEALS = 200  # of colleagues, in whose team that salesperson is
ROLES = (
    ("salesperson", "bench_0"),
    ("salesperson with territory, pool and deal teams", "bench_1"),
    ("manager", "bench_manager"),
)


# ----------------------------------------------------------------------
# Data
# ----------------------------------------------------------------------


def fill(bench, env, leads):
    """Write the leads; the columns that a module adds take the value of the first lead."""
    users, teams = people(env)
    stages = env["crm.stage"].search([("is_won", "=", False)], order="sequence").ids
    won = env["crm.stage"].search([("is_won", "=", True)], limit=1).id
    first = env["crm.lead"].create(
        {
            "name": "Boiler house pumps",
            "type": "opportunity",
            "user_id": users[0],
            "team_id": teams[0],
            "company_id": env.company.id,
            "expected_revenue": 1000,
            "stage_id": stages[0],
            "date_deadline": fields.Date.today(),
        }
    )
    env.flush_all()
    customers = env["res.partner"].create([{"name": f"Customer {n}"} for n in range(CUSTOMERS)]).ids
    copy_leads(env, first.id, leads, arrays(users, teams, stages, customers), won)
    if "crm.pool" in env:
        widen(env, first.id, env["res.users"].browse(users[1]))
    env.cr.execute("ANALYZE crm_lead")
    env.cr.commit()


def people(env):
    """Return the ids of the salespeople (the first is measured) and of their teams."""
    groups = {
        "sales": "sales_team.group_sale_salesman",
        "manager": "sales_team.group_sale_manager",
    }
    users = env["res.users"].with_context(no_reset_password=True)
    vals = [
        {
            "name": f"Seller {n}",
            "login": "bench_manager" if n == SELLERS else f"bench_{n}",
            "company_id": env.company.id,
            "company_ids": [Command.set(env.company.ids)],
            "group_ids": [
                Command.set(
                    [
                        env.ref("base.group_user").id,
                        env.ref(groups["manager" if n == SELLERS else "sales"]).id,
                    ]
                )
            ],
        }
        for n in range(SELLERS + 1)
    ]
    sellers = users.create(vals).ids[:SELLERS]
    teams = env["crm.team"].create([{"name": f"Team {n}"} for n in range(TEAMS)])
    env["crm.team.member"].create(
        [{"crm_team_id": teams[n % TEAMS].id, "user_id": user} for n, user in enumerate(sellers)]
    )
    return sellers, teams.ids


def widen(env, first, user):
    """Give a salesperson a territory, a pool and deal teams, with what is in them."""
    model = env["crm.territory.model"].create({"name": "Map", "date_from": "2020-01-01"})
    territory = env["crm.territory"].create(
        {"name": "East", "model_id": model.id, "member_ids": [Command.set(user.ids)]}
    )
    model.state = "active"
    pool = env["crm.pool"].create(
        {"name": "Free", "res_model": "crm.lead", "user_ids": [Command.set(user.ids)]}
    )
    env["crm.deal.member"].create(
        [
            {"lead_id": first + n * SELLERS, "user_id": user.id, "commission": "none"}
            for n in range(1, DEALS + 1)
        ]
    )
    env.flush_all()
    for column, value, every in (
        ("territory_id", territory.id, PLACED),
        ("pool_id", pool.id, FREE),
    ):
        env.cr.execute(
            SQL(
                "UPDATE crm_lead SET %s = %s WHERE MOD(id - %s, %s) = 1",
                SQL.identifier(column),
                value,
                first,
                every,
            )
        )


def arrays(users, teams, stages, customers):
    """Return the id of a row as SQL on the number ``n``, per column."""

    def pick(ids, number):
        return SQL("(%s::int[])[1 + %s]", ids, SQL(number))

    return {
        "user_id": pick(users, f"MOD(n, {SELLERS})"),
        "team_id": pick(teams, f"MOD(MOD(n, {SELLERS}), {TEAMS})"),
        "partner_id": pick(customers, f"MOD(n * 7919::bigint, {CUSTOMERS})"),
        "stage": SQL("(%s::int[])[1 + %s]", stages, drawn("stage", len(stages))),
    }


def drawn(what, choices):
    """Return SQL of a number below ``choices``, as if thrown by dice, the same in every run.

    Remainders of the running number would make whoever owns a lead decide its priority too; and
    the best leads of a salesperson who has none but the worst ones are found last in any order.
    """
    salt = zlib.crc32(what.encode()) % 1_000_000
    return SQL("MOD(hashint4(n # %s)::bigint + 2147483648, %s)::int", salt, choices)


def copy_leads(env, first, leads, ids, won):
    """Copy a lead in SQL: a third is open, of the others half is won and half is lost."""
    status = SQL(
        "CASE WHEN %s < %s THEN 'pending' WHEN %s = 0 THEN 'won' ELSE 'lost' END",
        drawn("open", 100),
        OPEN_SHARE,
        drawn("outcome", 2),
    )
    day = SQL("CURRENT_DATE + %s - 30", drawn("day", 180))
    values = {
        "id": SQL("%s + n", first),
        "name": SQL("'Deal ' || n"),
        "email_from": SQL("'deal' || n || '@example.com'"),
        "email_normalized": SQL("'deal' || n || '@example.com'"),
        "user_id": SQL("CASE WHEN MOD(n, %s) <> 1 THEN %s END", FREE, ids["user_id"]),
        "team_id": ids["team_id"],
        "partner_id": ids["partner_id"],
        "stage_id": SQL("CASE WHEN status = 'won' THEN %s ELSE %s END", won, ids["stage"]),
        "won_status": SQL("status"),
        "active": SQL("status <> 'lost'"),
        "probability": SQL(
            "CASE status WHEN 'won' THEN 100 WHEN 'lost' THEN 0 ELSE 10 + %s END",
            drawn("probability", 80),
        ),
        "expected_revenue": SQL("1000 + MOD(n, 90000)"),
        "prorated_revenue": SQL("(1000 + MOD(n, 90000)) / 2"),
        "date_deadline": day,
        "create_date": SQL("NOW() - MOD(n, 700) * INTERVAL '1 day'"),
        "date_closed": SQL("CASE WHEN status <> 'pending' THEN NOW() END"),
        "priority": SQL("%s::text", drawn("priority", 4)),
        "forecast_category": SQL(
            "CASE status WHEN 'won' THEN 'closed' WHEN 'lost' THEN 'omitted' ELSE "
            "(ARRAY['pipeline', 'best_case', 'commit'])[1 + %s] END",
            drawn("category", 3),
        ),
    }
    columns = [
        name
        for (name,) in env.execute_query(
            SQL(
                """SELECT column_name FROM information_schema.columns
                    WHERE table_name = 'crm_lead' AND table_schema = 'public'
                      AND is_generated = 'NEVER' ORDER BY ordinal_position"""
            )
        )
    ]
    chosen = [values.get(name, SQL("t.%s", SQL.identifier(name))) for name in columns]
    env.cr.execute(
        SQL(
            """INSERT INTO crm_lead (%s)
               SELECT %s FROM crm_lead t,
                      (SELECT n, %s AS status FROM generate_series(1, %s) n) s
                WHERE t.id = %s""",
            SQL(", ").join(map(SQL.identifier, columns)),
            SQL(", ").join(chosen),
            status,
            leads,
            first,
        )
    )
    env.cr.execute(SQL("SELECT setval('crm_lead_id_seq', (SELECT MAX(id) FROM crm_lead))"))


# ----------------------------------------------------------------------
# What the web client asks
# ----------------------------------------------------------------------


def specification(model, view_id, kind):
    """Return the fields of a view as the client reads them, and its sums."""
    view = model.get_views([(view_id, kind)])["views"][kind]
    arch = etree.fromstring(view["arch"])
    known = model.fields_get()
    spec, sums = {}, []
    for node in arch.iter("field"):
        name = node.get("name")
        if name not in known or any(parent.tag == "field" for parent in node.iterancestors()):
            continue
        relation = known[name]["type"] in ("many2one", "many2many", "one2many")
        spec[name] = {"fields": {"display_name": {}}} if relation else {}
        if node.get("sum"):
            sums.append(f"{name}:sum")
    return spec, sums or ["expected_revenue:sum"]


def calls(env):
    """Return (name, function) of each screen."""
    leads = env["crm.lead"].with_context(default_type="opportunity", bin_size=True)
    opportunities = [("type", "=", "opportunity")]
    months = fields.Date.today().replace(day=1)

    def view(name):
        return env.ref(f"crm.{name}").id

    kanban, sums = specification(leads, view("crm_case_kanban_view_leads"), "kanban")
    forecast, _none = specification(leads, view("crm_lead_view_kanban_forecast"), "kanban")
    rows, _none = specification(leads, view("crm_case_tree_view_oppor"), "list")
    prorated = ["prorated_revenue:sum", "__count"]

    def pipeline():
        return leads.web_read_group(
            opportunities,
            ["stage_id"],
            [*sums, "__count"],
            auto_unfold=True,
            unfold_read_specification=kanban,
        )

    def forecast_kanban():
        return leads.with_context(forecast_field="date_deadline").web_read_group(
            [*opportunities, ("date_deadline", ">=", months)],
            ["date_deadline:month"],
            prorated,
            auto_unfold=True,
            unfold_read_specification=forecast,
        )

    def listing():
        return leads.web_search_read(opportunities, rows, limit=80, count_limit=10_001)

    def mine():
        return leads.web_search_read(
            [*opportunities, ("user_id", "=", env.uid)], rows, limit=80, count_limit=10_001
        )

    def pivot():
        return leads.formatted_read_group(opportunities, ["team_id", "stage_id"], prorated)

    return [
        ("pipeline kanban", pipeline),
        ("forecast kanban", forecast_kanban),
        ("list", listing),
        ("own list", mine),
        ("pivot", pivot),
    ]


def as_user(env, login):
    """Return the environment of a user, as the web client has it."""
    user = env["res.users"].search([("login", "=", login)])
    return env(user=user, context={"allowed_company_ids": user.company_ids.ids, "lang": "en_US"})


def timed(env, call):
    """Return the seconds and the queries of a call with empty caches."""
    env.invalidate_all()
    before, start = env.cr.sql_log_count, time.perf_counter()
    call()
    return time.perf_counter() - start, env.cr.sql_log_count - before


def compare(ours, peers, rounds):
    """Call the screens of both databases in turns, so that both meet the same noise.

    :return: ``(screen, our (seconds, queries) per round, theirs)``
    """
    for (name, our_call), (_name, their_call) in zip(calls(ours), calls(peers), strict=True):
        our_call()  # the first one fills the caches of fields, views and rules
        their_call()
        pairs = [(timed(ours, our_call), timed(peers, their_call)) for _round in range(rounds)]
        yield name, [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def board(bench, env, login):
    """Return the seconds that our forecast board takes, where there is one."""
    page = as_user(env, login)["crm.forecast.board"]
    page.get_board()
    env.invalidate_all()
    start = time.perf_counter()
    rows = len(page.get_board()["rows"])
    return time.perf_counter() - start, rows


def run(bench):
    leads = bench.option("leads", LEADS)
    for kind in ("core", "suite"):
        bench.child(fill, leads, kind=kind)
    rounds = bench.option("rounds", ROUNDS)
    for role, login in ROLES:
        with bench.environment("suite") as suite, bench.environment("core") as core:
            found = compare(as_user(suite, login), as_user(core, login), rounds)
            for name, ours, peers in found:
                bench.figure(
                    f"{name}, {role}",
                    statistics.median(seconds for seconds, _queries in ours),
                    statistics.median(seconds for seconds, _queries in peers),
                    bar=1.2,
                    rows=leads,
                    rounds=rounds,
                    queries=ours[0][1],
                    peer_queries=peers[0][1],
                    fastest=min(ours)[0],
                    peer_fastest=min(peers)[0],
                )
        seconds, rows = bench.child(board, login).value
        bench.figure(f"forecast board, {role}", seconds, None, rows=rows)
