"""Commission plans, who earns on which deal, and the statements."""

from odoo import Command

from .calendar import quarter_start
from .plan import days

PAYABLE = "l10n_cn_common_account_2211"
SELLING = "l10n_cn_large_bis_account_6601"
ACCOUNTS = (
    ("payroll", "221101", "Salaries to Pay", "应付工资", "liability_current"),
    ("agents", "224101", "Agents' Commissions Payable", "应付代理佣金", "liability_current"),
    ("contracts", "147501", "Costs of Obtaining Contracts", "合同取得成本", "asset_current"),
)
AGENT = ("苏州驰屿机电销售代理部", "agent@chiyu-suzhou.example.com")
AGENT_RATE = 2.0
WITH_AGENT = 0.06
SPLIT = 0.05
SPLIT_SHARES = (70.0, 30.0)
OVERLAY_RATE = 0.5
MANAGER_RATE = 0.2
TIERS = ((0.0, 3.0), (100000.0, 5.0))
CONTRACT_RATE = 8.0
CLAWBACK = 50.0
QUOTAS = {"li": 250000, "zhao": 900000, "qian": 800000, "sun": 600000}
GOODS_AND_HOURS = ("pump", "seal", "part", "service")


# -- the plans --


def set_up(env, rng, ctx):
    """Create ledgers, plans and their approved versions before the first order."""
    accounts = create_accounts(env, ctx)
    journal = env["account.journal"].create(
        {"name": "Commissions", "code": "COM", "type": "general", "company_id": ctx.company.id}
    )
    ledgers = create_ledgers(env, ctx, accounts, journal)
    ctx.agent = env["res.partner"].create(
        {"name": AGENT[0], "email": AGENT[1], "is_company": True, "lang": "zh_CN"}
    )
    ctx.plans = {
        "sales": create_plan(env, ctx, "Sales commission", "销售提成", ledgers, accounts),
        "agents": create_agent_plan(env, ctx, ledgers),
        "contracts": create_contract_plan(env, ctx, ledgers, accounts),
    }
    env.cr.flush()


def create_accounts(env, ctx):
    """Return the accounts by role; the chart has no separate ones for three of them."""
    chart = env["account.chart.template"].with_company(ctx.company)
    accounts = {"payable": chart.ref(PAYABLE), "selling": chart.ref(SELLING)}
    for key, code, name, name_zh, kind in ACCOUNTS:
        account = env["account.account"].create(
            {
                "code": code,
                "name": name,
                "account_type": kind,
                "company_ids": [Command.set(ctx.company.ids)],
            }
        )
        account.update_field_translations("name", {"zh_CN": name_zh})
        accounts[key] = account
    return accounts


def create_ledgers(env, ctx, accounts, journal):
    """Create the sub-ledgers: employees, agents, and the cost of obtaining contracts."""
    rows = (
        ("sales", "COMM", "Commissions payable", "应付提成", "commission", "payable"),
        ("agents", "AGENT", "Agents' commissions", "代理佣金", "commission", "agents"),
        ("contracts", "CONTR", "Costs of obtaining contracts", "合同取得成本",
         "contract_cost", "contracts"),
    )  # fmt: skip
    ledgers = {}
    for key, code, name, name_zh, kind, account in rows:
        ledger = env["crm.subledger"].create(
            {
                "code": code,
                "name": name,
                "kind": kind,
                "company_id": ctx.company.id,
                "journal_id": journal.id,
                "account_id": accounts[account].id,
                "counterpart_account_id": accounts["selling"].id,
            }
        )
        ledger.update_field_translations("name", {"zh_CN": name_zh})
        ledgers[key] = ledger
    return ledgers


def approve(env, ctx, plan_vals, name_zh, version_vals, tiers):
    """Create a plan with one version and put the version in force from the first month on."""
    plan = env["crm.commission.plan"].create({"company_id": ctx.company.id, **plan_vals})
    plan.update_field_translations("name", {"zh_CN": name_zh})
    version = env["crm.commission.plan.version"].create(
        {
            "plan_id": plan.id,
            "date_from": quarter_start(ctx.months[0][0]),
            "tier_ids": [
                Command.create({"lower_bound": bound, "rate": rate}) for bound, rate in tiers
            ],
            **version_vals,
        }
    )
    version.action_approve()
    return plan


def categories(ctx, kinds):
    """Return a command that sets the categories of these kinds of products."""
    products = [ctx.products[row.code] for row in ctx.product_rows() if row.kind in kinds]
    return [Command.set(sorted({product.categ_id.id for product in products}))]


def create_plan(env, ctx, name, name_zh, ledgers, accounts):
    """The plan of the salespersons: 3 %, above 100,000 a quarter 5 % of what is collected."""
    owners = [
        {"user_id": ctx.users[login].id, "role": "owner", "quota": quota}
        for login, quota in QUOTAS.items()
    ]
    presales = {"user_id": ctx.users["wang"].id, "role": "overlay", "rate": OVERLAY_RATE}
    manager = {
        "user_id": ctx.users["zhou"].id,
        "role": "manager",
        "rate": MANAGER_RATE,
        "team_ids": [Command.set(ctx.teams["south"].ids)],
    }
    return approve(
        env,
        ctx,
        {
            "name": name,
            "period": "quarter",
            "ledger_id": ledgers["sales"].id,
            "payroll_account_id": accounts["payroll"].id,
            "member_ids": [Command.create(vals) for vals in (*owners, presales, manager)],
        },
        name_zh,
        {
            "basis": "collected",
            "method": "marginal",
            "categ_ids": categories(ctx, GOODS_AND_HOURS),
        },
        TIERS,
    )


def create_agent_plan(env, ctx, ledgers):
    """The plan of the external agent: the same rate on deals of others and on deals of their own.

    The agent is paid by vendor bill.
    """
    overlay_vals = {"agent_id": ctx.agent.id, "role": "overlay", "rate": AGENT_RATE}
    owner_vals = {"agent_id": ctx.agent.id, "role": "owner"}
    return approve(
        env,
        ctx,
        {
            "name": "External agents",
            "period": "quarter",
            "ledger_id": ledgers["agents"].id,
            "member_ids": [Command.create(overlay_vals), Command.create(owner_vals)],
        },
        "外部代理",
        {"basis": "collected", "method": "marginal"},
        ((0.0, AGENT_RATE),),
    )


def create_contract_plan(env, ctx, ledgers, accounts):
    """The plan of maintenance contracts: 8 % at signature, capitalised over long terms."""
    member = {"user_id": ctx.users["sun"].id, "role": "owner"}
    return approve(
        env,
        ctx,
        {
            "name": "Maintenance contracts",
            "period": "quarter",
            "ledger_id": ledgers["sales"].id,
            "cost_ledger_id": ledgers["contracts"].id,
            "payroll_account_id": accounts["payroll"].id,
            "member_ids": [Command.create(member)],
        },
        "维保合同",
        {
            "basis": "booked",
            "method": "marginal",
            "capitalise": True,
            "termination_clawback": CLAWBACK,
            "categ_ids": categories(ctx, ("contract",)),
        },
        ((0.0, CONTRACT_RATE),),
    )


# -- the deals --


def name_participants(env, rng, ctx, deals):
    """Name presales, agents and shared owners on the orders that are about to be confirmed."""
    vals_list = []
    for deal in deals:
        order = ctx.orders[deal.number]
        if deal.presales:
            vals_list.append(overlay(order, user_id=ctx.users["wang"].id))
        if rng.random() < WITH_AGENT and deal.seller != "li":
            vals_list.append(overlay(order, agent_id=ctx.agent.id))
        if rng.random() < SPLIT and deal.seller != "li":
            share(ctx, order, deal.seller)
    env["crm.commission.participant"].create(vals_list)


def name_presales(env, ctx, order):
    """Name the presales colleague as a participant of the order."""
    env["crm.commission.participant"].create(overlay(order, user_id=ctx.users["wang"].id))


def overlay(order, **who):
    """Values of an overlay on the order."""
    return {"order_id": order.id, "role": "overlay", **who}


def share(ctx, order, seller):
    """Share the order between its salesperson and a colleague."""
    other = "zhao" if seller != "zhao" else "qian"
    order.participant_ids = [
        Command.create({"user_id": ctx.users[login].id, "role": "owner", "share": percent})
        for login, percent in zip((seller, other), SPLIT_SHARES, strict=True)
    ]


def bring_up_to_date(env):
    """Run the sub-ledger loop as the end of a transaction would, whatever the queue holds."""
    env.cr.flush()
    while rows := env["crm.subledger.queue"].search([("state", "=", "pending")], limit=500):
        rows._process()
        env.cr.flush()


# -- the statements --


def run(env, rng, ctx):
    """Confirm, dispute and pay the statements of past quarters.

    The statements of the last quarter are in the middle of this: confirmed, disputed, computed.
    Those before it are paid: to payroll, and the agent by vendor bill.
    """
    bring_up_to_date(env)
    current = quarter_start(ctx.today)
    last = quarter_start(current - days(1))
    past = env["crm.commission.statement"].search(
        [("date_from", "<", current), ("company_id", "=", ctx.company.id)], order="id"
    )
    old = past.filtered(lambda statement: statement.date_from < last)
    settle(env, ctx, old)
    argue(env, ctx, past - old)
    bring_up_to_date(env)


def settle(env, ctx, statements):
    """Confirm the statements as the manager, who is not asked about their own; then pay them."""
    own = statements.filtered(lambda statement: statement.user_id == ctx.users["zhou"])
    (statements - own).with_user(ctx.users["zhou"]).action_confirm()
    own.with_user(ctx.users["admin"]).action_confirm()
    due = statements.filtered(lambda statement: statement.to_pay > 0)
    due.with_user(ctx.users["wu"]).action_pay()
    bills = env["account.move.line"].search(
        [
            ("subledger_key_model", "=", statements._name),
            ("subledger_key_id", "in", statements.ids),
            ("parent_state", "=", "draft"),
        ]
    )
    bills.move_id.action_post()


def argue(env, ctx, statements):
    """Leave the statements of the last quarter in different states, one of them disputed."""
    manager = ctx.users["zhou"]
    mine = {login: statements.filtered(
        lambda one, user=user: one.user_id == user and one.plan_id == ctx.plans["sales"]
    ) for login, user in ctx.users.items()}  # fmt: skip
    (mine["li"] | mine["wang"]).with_user(manager).action_confirm()
    dispute(
        env,
        ctx.users["zhao"],
        mine["zhao"],
        "季度末到账的两笔货款没有计入 / Two payments are missing",
    )
    dispute(env, ctx.users["qian"], mine["qian"], "The split with Zhao Lan should be 80/20")
    answer = env["crm.commission.dispute"].with_user(manager)
    for statement in mine["qian"]:
        answer.create(
            {"statement_id": statement.id, "answer": "70/30 was agreed in the order."}
        ).action_reject()


def dispute(env, user, statements, reason):
    """Have the payee dispute the statements."""
    for statement in statements:
        env["crm.commission.dispute"].with_user(user).create(
            {"statement_id": statement.id, "reason": reason}
        ).action_dispute()
