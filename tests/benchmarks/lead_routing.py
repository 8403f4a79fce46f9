"""10,000 leads created in batches through 50 rules and 200 territories, against plain Odoo.

Both create the same leads: plain Odoo is told the salesperson and the team of each lead, ours finds
them, together with the territory, and writes down why. A second peer is plain Odoo creating the
leads without any salesperson, as they come from a web form.
"""

import random

DATABASES = ("suite", "core")
PEOPLE = 40
TERRITORIES = 200
RULES = 50
BATCH = 500
QUIET = {"default_user_id": False, "mail_auto_subscribe_no_notify": True}


def prepare(bench, env):
    """Create people, teams and customers on both sides, rules and territories on ours."""
    env["ir.config_parameter"].set_param("crm.lead.auto.assignment", False)
    users = env["res.users"].create(
        [
            {
                "name": f"Seller {number}",
                "login": f"router{number}",
                "group_ids": [(4, env.ref("sales_team.group_sale_salesman").id)],
            }
            for number in range(PEOPLE)
        ]
    )
    for number in range(4):
        env["crm.team"].create(
            {
                "name": f"Routed {number}",
                "use_leads": True,
                "member_ids": [(6, 0, users[number::4].ids)],
            }
        )
    env["utm.source"].create([{"name": f"Source {number}"} for number in range(10)])
    env["res.partner"].create(
        [{"name": f"Customer {number}", "is_company": True} for number in range(1000)]
    )
    if "crm.territory" in env:
        create_territories(env, users)
        create_rules(env, users)


def states(env):
    return env["res.country.state"].search([], order="id", limit=TERRITORIES - 20)


def create_territories(env, users):
    model = env["crm.territory.model"].create({"name": "Map", "date_from": "2020-01-01"})
    by_country = states(env).grouped("country_id")
    countries = list(by_country)[:20]
    tops = env["crm.territory"].create(
        [
            {"name": country.name, "model_id": model.id, "country_ids": [(6, 0, country.ids)]}
            for country in countries
        ]
    )
    rows = [
        (top, state)
        for top, country in zip(tops, countries, strict=True)
        for state in by_country[country]
    ]
    nodes = env["crm.territory"].create(
        [
            {
                "name": state.name,
                "model_id": model.id,
                "parent_id": top.id,
                "state_ids": [(6, 0, state.ids)],
                "member_ids": [(6, 0, users[number % PEOPLE :][:2].ids)],
            }
            for number, (top, state) in enumerate(rows)
        ]
    )
    rest = TERRITORIES - len(tops) - len(nodes)
    if rest > 0:
        env["crm.territory"].create(
            [
                {
                    "name": f"Postcodes {number}",
                    "model_id": model.id,
                    "parent_id": nodes[number % len(nodes)].id,
                    "zip_ranges": f"{number:03d}-{number:03d}",
                    "member_ids": [(6, 0, users[number % PEOPLE].ids)],
                }
                for number in range(rest)
            ]
        )
    if len(model.territory_ids) != TERRITORIES:
        raise AssertionError(f"{len(model.territory_ids)} territories instead of {TERRITORIES}")
    model._activate()


def create_rules(env, users):
    sources = env["utm.source"].search([("name", "=like", "Source %")], order="id")
    tops = env["crm.territory"].search([("parent_id", "=", False)], order="id")
    policy = env["crm.lead.sla.policy"].create({"name": "Four hours"})
    rules = env["crm.lead.route.rule"]
    for number in range(RULES - 1):
        condition = {"budget_from": 1000 * number} if number % 3 else {}
        if number % 2:
            condition["source_ids"] = [(6, 0, sources[number % len(sources)].ids)]
        else:
            condition["territory_ids"] = [(6, 0, tops[number // 2 % len(tops)].ids)]
        target = {"people_from": "territory", "capacity": 100000}
        if number % 5:
            people = users[number % PEOPLE :][:5]
            members = [(0, 0, {"user_id": user.id, "capacity": 100000}) for user in people]
            target = {"member_ids": members, "people_from": "members"}
        rules.create(
            {
                "name": f"Rule {number}",
                "sequence": number,
                "target": ("round_robin", "least_loaded")[number % 2],
                "sla_policy_id": policy.id,
                **condition,
                **target,
            }
        )
    rules.create(
        {
            "name": "Rest",
            "sequence": RULES,
            "target": "least_loaded",
            "member_ids": [(0, 0, {"user_id": u.id, "capacity": 100000}) for u in users],
            "sla_policy_id": policy.id,
        }
    )


def lead_values(env, leads, seed):
    """Return the values of the leads, the same on both sides but for the ids."""
    chance = random.Random(seed)
    places = states(env)
    sources = env["utm.source"].search([("name", "=like", "Source %")], order="id").ids
    partners = env["res.partner"].search([("name", "=like", "Customer %")], order="id").ids
    rows = []
    for number in range(leads):
        place = chance.choice(places)
        rows.append(
            {
                "name": f"Lead {seed}.{number}",
                "type": "lead",
                "country_id": place.country_id.id,
                "state_id": place.id,
                "zip": f"{chance.randrange(1000):03d}",
                "expected_revenue": chance.randrange(60000),
                "source_id": chance.choice(sources),
                # Of a customer, or with an address of its own: both would change the customer.
                **(
                    {"partner_id": chance.choice(partners)}
                    if chance.random() < 0.3
                    else {"email_from": f"lead{seed}.{number}@example.com"}
                ),
            }
        )
    return rows


def create(bench, env, leads, seed, assigned):
    """Create the leads in batches; ``assigned``: with a salesperson, as plain Odoo is told."""
    values = lead_values(env, leads, seed)
    users = env["res.users"].search([("login", "=like", "router%")], order="id")
    teams = {
        team: team.member_ids for team in env["crm.team"].search([("name", "=like", "Routed %")])
    }
    team_of = {user.id: team.id for team, members in teams.items() for user in members}
    for number, row in enumerate(values):
        if assigned:
            user = users[number % PEOPLE]
            row |= {"user_id": user.id, "team_id": team_of[user.id]}
    # As superuser without a default salesperson, like a web form. Nobody is told by mail, on either
    # side: a mail for each lead would drown what is compared.
    model = env["crm.lead"].with_context(**QUIET)
    env.cr.commit()
    with bench.measure() as measure:
        for begin in range(0, leads, BATCH):
            model.create(values[begin : begin + BATCH])
            env.cr.commit()
    found = model.search_count([("name", "=like", f"Lead {seed}.%")])
    routed = 0
    if "crm.lead.route.log" in env:
        routed = env["crm.lead.route.log"].search_count([("user_id", "!=", False)])
    return {
        "leads": found,
        "routed": routed,
        "seconds": measure.seconds,
        "queries": measure.queries,
    }


def run(bench):
    leads = bench.option("leads", 10_000)
    rounds = bench.option("rounds", 2)
    for kind in DATABASES:
        bench.child(prepare, kind=kind)
    bench.child(create, BATCH, 0, False, kind="suite")  # compiles and warms the database
    bench.child(create, BATCH, 0, True, kind="core")
    runs = {"suite": [], "core": []}
    for number in range(1, rounds + 1):
        runs["core"].append(bench.child(create, leads, number, True, kind="core").value)
        runs["suite"].append(bench.child(create, leads, number, False, kind="suite").value)
    ours, peer = (min(runs[name], key=lambda row: row["seconds"]) for name in ("suite", "core"))
    routed = runs["suite"][-1]["routed"]
    if routed < leads * rounds:
        raise AssertionError(f"only {routed} leads have been given to somebody")
    few = bench.child(create, leads // 4, 200, False, kind="suite").value
    bench.figure(
        "leads routed, against plain Odoo told the salesperson",
        ours["seconds"],
        peer["seconds"],
        bar=1.5,
        rows=leads,
        rounds=rounds,
        slowest_ratio=max(
            mine["seconds"] / theirs["seconds"]
            for mine, theirs in zip(runs["suite"], runs["core"], strict=True)
        ),
        queries=ours["queries"],
        peer_queries=peer["queries"],
    )
    bench.figure(
        "queries per lead, all against a quarter of the leads",
        ours["queries"] / leads,
        few["queries"] / (leads // 4),
        unit="queries",
        bar=1.05,
    )
