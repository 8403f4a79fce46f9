"""Market development funds in every state, and statements of account of the partners.

Runs after ``partner_programme``, which puts the partners with their purchases of the year on
``ctx.channel_partners``; without partners there is nothing to show.
"""

from odoo import Command, fields

from .commissions import bring_up_to_date
from .context import without_mails
from .plan import days

LEDGER = "MDF"
# title, kind, planned cost, expected leads, and how far it came
REQUESTS = (
    ("华南工业展参展 / Stand at the South China industry fair", "exhibition", 60000, 80, "settled"),
    ("泵阀选型研讨会 / Seminar on choosing pumps", "seminar", 24000, 40, "claimed"),
    ("行业媒体投放 / Advertising in trade media", "advertising", 30000, 25, "approved"),
    ("短视频推广 / Short video campaign", "digital", 20000, 30, "submitted"),
    ("售后工程师培训 / Training of service engineers", "training", 12000, 0, "refused"),
    ("巡展 / Roadshow", "seminar", 16000, 20, "draft"),
)
REFUSAL = "培训由我们免费提供，无需经费 / We give this training free of charge"
BUDGET = 120000
ALLOCATION = 50000


def run(env, rng, ctx):
    """Open the funds of the year, play requests and claims, send statements; no mail leaves."""
    partners = getattr(ctx, "channel_partners", None)
    if not partners or "crm.mdf.fund" not in env:
        return
    ledger = create_ledger(env, ctx)
    if not ledger:
        return
    with without_mails(env):
        funds = open_funds(env, ctx, partners, ledger)
        bring_up_to_date(env)  # what the purchases of the year accrued
        play_requests(env, ctx, funds)
        bring_up_to_date(env)
        send_statements(env, ctx, partners)


def find_account(env, company, *codes):
    """Return the first account of ``company`` whose code starts with one of ``codes``."""
    for code in codes:
        account = (
            env["account.account"]
            .with_company(company)
            .search(
                [("code", "=like", f"{code}%"), ("company_ids", "in", company.ids)],
                order="code",
                limit=1,
            )
        )
        if account:
            return account
    return env["account.account"]


def create_ledger(env, ctx):
    """Return the sub-ledger of the funds on an account of its own (2241)."""
    company = ctx.company
    revenue = find_account(env, company, "6001", "5001")
    service = find_account(env, company, "6601", "5601")
    journal = env["account.journal"].search(
        [("type", "=", "general"), ("company_id", "=", company.id)], limit=1
    )
    if not (revenue and service and journal):
        return env["crm.subledger"]
    account = env["account.account"].create(
        {
            "code": "224190",
            "name": "Market development funds payable",
            "account_type": "liability_current",
            "company_ids": [Command.set(company.ids)],
        }
    )
    account.with_context(lang="zh_CN").name = "其他应付款—市场发展基金"
    ledger = env["crm.subledger"].create(
        {
            "name": "Market development funds",
            "code": LEDGER,
            "kind": "mdf",
            "company_id": company.id,
            "journal_id": journal.id,
            "account_id": account.id,
            "counterpart_account_id": revenue.id,
            "mdf_service_account_id": service.id,
        }
    )
    ledger.with_context(lang="zh_CN").name = "市场发展基金"
    return ledger


def open_funds(env, ctx, partners, ledger):
    """A fund of a share of the purchases for all whose level grants it, and allocated ones."""
    first, last = ctx.months[0][0], ctx.months[-1][1]
    common = {
        "company_id": ctx.company.id,
        "ledger_id": ledger.id,
        "date_from": first,
        "date_to": last,
        "expiry_date": ctx.today + days(45),
    }
    manager = ctx.users.get("zhao") or env.user
    granted = [partner for partner in partners if partner.grade_id.mdf_rate]
    funds = env["crm.mdf.fund"].create(
        [{**common, "partner_id": partner.id, "user_id": manager.id} for partner in granted]
    )
    budget = env["crm.mdf.budget"].create(
        {
            "name": "新品上市推广 / Launch of the new series",
            "company_id": ctx.company.id,
            "amount": BUDGET,
            "date_from": first,
            "date_to": last,
        }
    )
    funds += env["crm.mdf.fund"].create(
        [
            {
                **common,
                "partner_id": partner.id,
                "user_id": manager.id,
                "kind": "discretionary",
                "budget_id": budget.id,
                "allocation": ALLOCATION,
            }
            for partner in partners[:2]
        ]
    )
    funds.action_open()
    return funds


def play_requests(env, ctx, funds):
    """Bring the requests as far as they came, on the allocated funds, which surely suffice."""
    allocated = funds.filtered(lambda fund: fund.kind == "discretionary")
    for number, (title, kind, cost, leads, state) in enumerate(REQUESTS):
        if not allocated:
            return
        fund = allocated[number % len(allocated)]
        start = ctx.today - days(60 - 12 * number)
        request = env["crm.mdf.request"].create(
            {
                "title": title,
                "fund_id": fund.id,
                "kind_id": env.ref(f"crm_partner.mdf_activity_{kind}").id,
                "date_from": start,
                "date_to": start + days(2),
                "cost": cost,
                "cofunding_rate": 50,
                "expected_leads": leads,
                "plan": title,
            }
        )
        bring(env, ctx, request, state)


def bring(env, ctx, request, state):
    """Bring one request to a state by the buttons."""
    if state == "draft":
        return
    request.action_submit()
    if state == "refused":
        request.reason = REFUSAL
        request.action_refuse()
    elif state != "submitted":
        request.action_approve()
        request.action_create_campaign()
    if state in ("claimed", "settled"):
        play_claim(env, ctx, request, state)


def play_claim(env, ctx, request, state):
    """Claim nine tenths; the settled one is approved, billed and posted."""
    claim = env["crm.mdf.claim"].create(
        {
            "request_id": request.id,
            "invoice_number": f"FP{ctx.today:%Y}{request.id:05d}",
            "invoice_date": min(request.date_to + days(5), ctx.today),
            "amount": round(request.approved_amount * 0.9, 2),
        }
    )
    env["ir.attachment"].create(
        {
            "name": "发票与现场照片 / invoice and photographs.txt",
            "raw": f"{claim.invoice_number}\n".encode(),
            "res_model": claim._name,
            "res_id": claim.id,
        }
    )
    claim.action_submit()
    if state == "settled":
        claim.action_approve()
        claim.action_settle()
        claim._document().action_post()


def send_statements(env, ctx, partners):
    """Statements of the last two full months: confirmed, disputed, and waiting."""
    end = fields.Date.start_of(ctx.today, "month") - days(1)
    before = fields.Date.start_of(end, "month") - days(1)
    for last in (before, end):
        first = fields.Date.start_of(last, "month")
        statements = env["crm.partner.statement"]._create_for(
            env["res.partner"].browse([partner.id for partner in partners]),
            ctx.company,
            first,
            last,
        )
        good = statements.filtered(lambda statement: not statement.error)
        good._send(with_pdf=False)
        answer(good, everything=last == before)


def answer(statements, everything):
    """All of the older month are confirmed; of the newer one the first two are answered."""
    for number, statement in enumerate(statements):
        if everything or number == 0:
            statement._confirm(statement.partner_id.name, ip="203.0.113.10")
        elif number == 1:
            statement._dispute(
                statement.partner_id.name,
                "月末一张发票未收到 / One invoice of the end of the month did not arrive",
                ip="203.0.113.11",
            )
