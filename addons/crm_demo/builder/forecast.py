"""Forecast categories, eight weekly snapshots, submissions, judgements and challenges."""

import datetime

from odoo import fields

from .calendar import moment, quarter_start
from .plan import days
from .quota import members

WEEKS = 8
OPTIMISM = {"li": 0.97, "zhao": 1.12, "qian": 1.0, "sun": 0.9}
COMMENTS = (
    "Two deals hang on the approval of the customer's budget.",
    "两个项目等客户预算批复 / The tender is decided next week.",
    "回款按合同节点，风险不大 / On track.",
    "One commit may slip into the next quarter.",
)
REASONS = (
    "The largest commit has no signed order yet.",
    "客户付款习惯性延后 / Past quarters came in lower.",
)


def run(env, rng, ctx):
    """Fill the forecast board of the running quarter with its past weeks."""
    set_stages(ctx)
    override_some(env, rng, ctx)
    submit_last_quarter(env, rng, ctx)
    for back in range(WEEKS, 0, -1):
        live_a_week(env, rng, ctx, ctx.today - days(7 * back))
    env["crm.forecast.snapshot"]._for_week(ctx.today)._take()
    submit_and_judge(env, rng, ctx)
    env["crm.forecast.statistic"]._refresh(ctx.company)
    start_challenges(env, ctx)


def set_stages(ctx):
    """Say where the stages of the pipeline count."""
    for key, category in (("proposition", "best_case"), ("negotiation", "commit")):
        ctx.stages[key].forecast_category = category


def open_leads(env, ctx):
    """Return the open opportunities with an expected closing."""
    return env["crm.lead"].search(
        [
            ("type", "=", "opportunity"),
            ("won_status", "=", "pending"),
            ("date_deadline", "!=", False),
            ("company_id", "in", (ctx.company.id, False)),
        ],
        order="id",
    )


def override_some(env, rng, ctx):
    """Let salespeople know better than the stage, here and there."""
    for lead in open_leads(env, ctx):
        if lead.user_id and rng.random() < 0.12:
            category = rng.choice(("commit", "best_case", "omitted"))
            lead.with_user(lead.user_id).forecast_category = category


def live_a_week(env, rng, ctx, day):
    """Take the snapshot of a past week, then let a few deals move, as they did."""
    snapshots = env["crm.forecast.snapshot"]._for_week(day)
    snapshots._take()
    monday = snapshots[:1].date
    snapshots.write({"taken_on": moment(monday, 0, 30)})
    born_later = [("lead_id.create_date", ">", moment(monday, 0, 30))]
    lines = env["crm.forecast.snapshot.line"]
    lines.search([("snapshot_id", "in", snapshots.ids), *born_later]).unlink()
    for lead in open_leads(env, ctx):
        chance = rng.random()
        if chance < 0.04:
            lead.expected_revenue = round(lead.expected_revenue * rng.uniform(0.8, 1.25), -2)
        elif chance < 0.07:
            lead.date_deadline += days(rng.choice((-20, 20, 40)))
    env.flush_all()


def submit_last_quarter(env, rng, ctx):
    """Leave what was said about the last quarter, week by week, for the report of accuracy."""
    start = quarter_start(ctx.today)
    first = quarter_start(start - days(1))
    board = env["crm.forecast.board"]
    for user in members(ctx):
        forecast = env["crm.forecast"]._ensure(ctx.company, "quarter", first, user)
        final = sum(
            row["closed"]
            for (_team, person), row in board._figures(
                ctx.company, ctx.company.forecast_measure, "quarter", first
            ).items()
            if person == user.id
        )
        said = round(final * OPTIMISM.get(user.login, 1.0) * rng.uniform(0.9, 1.15), -3)
        forecast.write(
            {
                "state": "submitted",
                "submitted_amount": said,
                "submitted_date": moment(first + days(14), 9),
                "submitted_uid": user.id,
                "comment": rng.choice(COMMENTS),
            }
        )
        keep_weeks(env, rng, forecast, final, said)


def keep_weeks(env, rng, forecast, final, said):
    """Write the standing of each week: the nearer the close, the nearer to what came."""
    monday = forecast.date_from + days(14)
    monday -= days(monday.weekday())
    weeks = (forecast.date_to - monday).days // 7
    entries = []
    for number in range(weeks + 1):
        near = number / weeks
        week = monday + days(7 * number)
        call = round(said + (final - said) * near * rng.uniform(0.6, 1.0), -2)
        entries.append(
            {
                "forecast_id": forecast.id,
                "kind": "snapshot",
                "week": week,
                "date": datetime.datetime.combine(week, datetime.time(0, 30)),
                "uid": env.uid,
                "amount": call,
                "call": call,
                "submitted_amount": said,
                "closed": round(final * near, -2),
                "commit": round(final * (1 - near) * rng.uniform(0.5, 1.1), -2),
                "statistical": round(final * rng.uniform(0.85, 1.2), -2),
            }
        )
    env["crm.forecast.entry"].create(entries)


def submit_and_judge(env, rng, ctx):
    """Let the salespeople submit the running quarter, and the manager judge two of them."""
    manager = ctx.users["zhou"]
    company = [ctx.company.id]
    submitted = []
    for user in members(ctx)[:-1]:
        own = env(user=user, context={**env.context, "allowed_company_ids": company})
        forecast = own["crm.forecast"]._ensure(ctx.company, "quarter", ctx.today, user)
        wizard = own["crm.forecast.submit"].create(
            {"forecast_id": forecast.id, "comment": rng.choice(COMMENTS)}
        )
        wizard.amount = round(wizard.amount * OPTIMISM.get(user.login, 1.0), -3)
        wizard.action_submit()
        submitted.append(forecast)
    judge = env(user=manager, context={**env.context, "allowed_company_ids": company})
    for forecast in submitted[:2]:
        wizard = judge["crm.forecast.judge"].create(
            {"forecast_id": forecast.id, "reason": rng.choice(REASONS)}
        )
        wizard.amount = round(wizard.amount * rng.uniform(0.85, 0.97), -3)
        wizard.action_judge()


def start_challenges(env, ctx):
    """Start both challenges for the salespeople of the company."""
    for name in ("challenge_quota", "challenge_cash"):
        challenge = env.ref(f"crm_sales.{name}")
        challenge.write(
            {
                "user_domain": str([("id", "in", [user.id for user in members(ctx)])]),
                "manager_id": ctx.users["zhou"].id,
                "start_date": fields.Date.start_of(ctx.today, "month"),
            }
        )
        challenge.action_start()
        env["gamification.goal"].search([("challenge_id", "=", challenge.id)]).update_goal()
