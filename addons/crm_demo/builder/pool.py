"""Owners of the customers, two public pools, last night's recycling and the claims of today."""

from datetime import timedelta

from odoo import Command

from . import visits
from .calendar import moment

LOCKED = "总经理亲自跟进 Handled by the management"


def run(env, rng, ctx):
    """Give the customers owners, then apply the rules of the pools."""
    give_owners(env, rng, ctx)
    customers, leads = create_pools(env, ctx)
    lock_some(env, customers)
    for pool in (customers, leads):
        run_of_today = env["crm.pool.run"]._start(pool)
        run_of_today._work_off_now()
    top_up(env, customers)
    fill_leads(env, leads)
    hand_back(rng, ctx, customers)
    claim(env, ctx, customers)


def give_owners(env, rng, ctx):
    """The latest seller owns a customer; whom nobody sold to belongs to somebody of the team."""
    owned = visits.customers_by_seller(ctx)
    known = {partner.id for partners in owned.values() for partner in partners}
    sellers = sorted(owned)
    for partner in ctx.partners:
        if sellers and partner.id not in known:
            owned[rng.choice(sellers)].append(partner)
    for login, partners in owned.items():
        records = env["res.partner"].union(*partners).exists()
        records.write({"user_id": ctx.users[login].id})
        for partner in records:
            since = ctx.today - timedelta(days=rng.randint(3, 120))
            partner.owner_since = moment(since, 9)


def create_pools(env, ctx):
    """Create a pool of customers and one of leads, for all who sell."""
    levels = env["crm.customer.level"].search([], limit=3)
    rules = [Command.create({"days": 30})]
    rules += [
        Command.create({"level_id": level.id, "days": days})
        for level, days in zip(levels, (90, 60, 45), strict=False)
    ]
    common = {
        "company_id": ctx.company.id,
        "team_ids": [Command.set([team.id for team in ctx.teams.values()])],
        "remind_days": 5,
    }
    customers = env["crm.pool"].create(
        {"name": "Customers of China", "rule_ids": rules, "holding_limit": 120, **common}
    )
    leads = env["crm.pool"].create(
        {
            "name": "Leads",
            "res_model": "crm.lead",
            "domain": "[('type', '=', 'lead')]",
            "rule_ids": [Command.create({"days": 15})],
            "claim_quota": 5,
            **common,
        }
    )
    customers.update_field_translations("name", {"zh_CN": "全国客户公海"})
    leads.update_field_translations("name", {"zh_CN": "线索公海"})
    return customers, leads


def lock_some(env, pool):
    """The management keeps two customers for itself."""
    records = env["res.partner"].search(pool._scope_domain(), limit=2, order="id desc")
    records.write({"pool_locked": True, "pool_lock_reason": LOCKED})


def top_up(env, pool, wanted=8):
    """Put the oldest customers in as well, when the rules found fewer than a screen needs."""
    missing = wanted - env["res.partner"].search_count([("pool_id", "=", pool.id)])
    if missing > 0:
        idle = [*pool._matching_domain(), ("pool_id", "=", False), ("pool_locked", "=", False)]
        more = env["res.partner"].search(idle, limit=missing, order="id")
        more._pool_enter(pool, "put", "年度客户清理 Yearly review")


def fill_leads(env, pool):
    """The names of a fair go right into the pool of leads."""
    open_leads = env["crm.lead"].search(pool._matching_domain(), limit=6, order="id desc")
    open_leads._pool_enter(pool, "put", "展会名单 Names of the fair")


def hand_back(rng, ctx, pool):
    """Two owners give a customer back, with a reason."""
    for login, reason in (("li", "预算取消"), ("qian", "不在负责区域")):
        user = ctx.users[login]
        mine = pool.env["res.partner"].search(
            [("user_id", "=", user.id), ("pool_locked", "=", False), ("sale_order_ids", "=", False)]
        )
        if mine:
            rng.choice(mine).with_user(user)._pool_enter(pool, "release", reason)


def claim(env, ctx, pool):
    """Two salespeople claim a customer this morning."""
    for login in ("zhao", "sun"):
        user = ctx.users[login]
        free = env["res.partner"].search([("pool_id", "=", pool.id)], order="id")
        mine = free.with_user(user).with_company(ctx.company)
        for partner in mine.filtered("pool_can_claim")[:1]:
            partner.action_pool_claim()
