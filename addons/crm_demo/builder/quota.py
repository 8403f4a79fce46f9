"""The tree of the sales teams, and what everybody is to achieve this year."""

from .people import translated

PARENT = ("Direct Sales", "直销总部")
#: login -> invoiced per quarter; what was collected is expected to lag a little
PER_QUARTER = {"li": 240000, "zhao": 210000, "qian": 230000, "sun": 120000}
SEASON = (0.9, 1.0, 1.0, 1.1)
COLLECTED = 0.95
PUMPS = 0.7


def run(env, rng, ctx):
    """Put the teams under a parent and give every salesperson quotas of the year."""
    top = team_tree(env, ctx)
    create_yearly_quota(env, ctx, top)
    create_people_quotas(env, rng, ctx)
    create_product_quota(env, ctx)


def team_tree(env, ctx):
    """Return the parent of all teams of the company."""
    top = translated(env["crm.team"], *PARENT)
    top.write({"company_id": ctx.company.id, "user_id": ctx.users["zhou"].id, "sequence": 50})
    for team in ctx.teams.values():
        team.parent_id = top
    return top


def create_yearly_quota(env, ctx, top):
    """Create the quota of the whole sales force, which those of the people come from."""
    total = sum(PER_QUARTER.values()) * sum(SEASON)
    for measure, share in (("invoiced", 1.0), ("collected", COLLECTED)):
        env["crm.quota"].create(
            {
                "company_id": ctx.company.id,
                "team_id": top.id,
                "period": "year",
                "date_from": ctx.today.replace(month=1, day=1),
                "measure": measure,
                "amount": round(total * share, -4),
            }
        )


def create_people_quotas(env, rng, ctx):
    """Create the quotas of every salesperson and quarter, invoiced and collected."""
    vals_list = []
    for login, amount in PER_QUARTER.items():
        for quarter, season in enumerate(SEASON):
            for measure, share in (("invoiced", 1.0), ("collected", COLLECTED), ("booked", 1.05)):
                vals_list.append(
                    {
                        "company_id": ctx.company.id,
                        "user_id": ctx.users[login].id,
                        "team_id": ctx.team_of(login).id,
                        "period": "quarter",
                        "date_from": ctx.today.replace(month=3 * quarter + 1, day=1),
                        "measure": measure,
                        "amount": round(amount * season * share + rng.randint(-5, 5) * 1000, -3),
                    }
                )
    env["crm.quota"].create(vals_list)


def create_product_quota(env, ctx):
    """Create a quota for one product category: pumps, of the whole company."""
    pump = next(row for row in ctx.product_rows() if row.kind == "pump")
    product = ctx.products[pump.code]
    env["crm.quota"].create(
        {
            "company_id": ctx.company.id,
            "categ_id": product.categ_id.id,
            "period": "year",
            "date_from": ctx.today.replace(month=1, day=1),
            "measure": "invoiced",
            "amount": round(sum(PER_QUARTER.values()) * sum(SEASON) * PUMPS, -4),
        }
    )


def members(ctx):
    """Return the salespeople with a quota."""
    return [ctx.users[login] for login in PER_QUARTER]
