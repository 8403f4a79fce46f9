"""Leads and opportunities of the year: created, moved through the stages, won and lost."""

from odoo import Command

from . import tables
from .calendar import moment
from .plan import days

SOURCES = ("utm.utm_source_search_engine", "utm.utm_source_mailing", "utm.utm_source_newsletter")
MEDIUMS = ("utm.utm_medium_website", "utm.utm_medium_phone", "utm.utm_medium_email")


def run(env, rng, ctx):
    """Create every opportunity with its past; the probabilities then come from that past."""
    env["ir.config_parameter"].set_param("crm.pls_start_date", str(ctx.months[0][0]))
    create_leads(env, rng, ctx)
    win(env, ctx)
    lose(env, rng, ctx)
    schedule_activities(env, rng, ctx)
    rate_open_opportunities(env, ctx)


def create_leads(env, rng, ctx):
    """Create the leads of the plan in the stage from which they were decided."""
    deals = [deal for deal in ctx.deals() if deal.outcome != "repeat"]
    tags = {tag.name: tag.id for tag in env["crm.tag"].search([], limit=100)}
    leads = env["crm.lead"].create([lead_vals(env, rng, ctx, deal, tags) for deal in deals])
    ctx.leads = {deal.number: lead for deal, lead in zip(deals, leads, strict=True)}
    for deal, lead in zip(deals, leads, strict=True):
        opened = moment(deal.created, 11)
        lead.write({"date_open": opened, "date_last_stage_update": opened})


def lead_vals(env, rng, ctx, deal, tags):
    """Values of one lead or opportunity."""
    name, name_zh = tables.PROJECTS[deal.project]
    vals = {
        "name": f"{name} {name_zh}",
        "type": "lead" if deal.outcome == "lead" else "opportunity",
        "expected_revenue": deal.expected,
        "user_id": ctx.users[deal.seller].id,
        "team_id": ctx.team_of(deal.seller).id,
        "stage_id": ctx.stages[decided_in(deal)].id,
        "priority": rng.choice("0011123"),
        "tag_ids": [Command.set([tags[rng.choice(tables.TAGS)[0]]])],
        "source_id": optional(env, rng, SOURCES),
        "medium_id": optional(env, rng, MEDIUMS),
        "create_date": moment(deal.created, rng.randint(8, 17), rng.randrange(60)),
    }
    if deal.outcome == "open":
        vals["date_deadline"] = ctx.today + days(rng.randint(-15, 75))
    return {**vals, **who(rng, ctx, deal)}


def optional(env, rng, names):
    """Return the id of one of the records, or nothing where the database lacks them."""
    record = env.ref(rng.choice(names), raise_if_not_found=False)
    return record.id if record else False


def decided_in(deal):
    """Return the stage in which the deal stands, or stood before it was decided."""
    if deal.outcome == "won":
        return "negotiation"
    return "new" if deal.outcome == "lead" else deal.stage


def who(rng, ctx, deal):
    """Return the customer of the deal, or the words of someone who is none yet."""
    if deal.customer is not None:
        return {"partner_id": ctx.partners[deal.customer].id}
    row = rng.choice(ctx.customers)
    contact = rng.choice(row.contacts)
    return {
        "partner_name": row.name,
        "contact_name": contact.name,
        "email_from": contact.email,
        "phone": contact.phone,
        "city": row.city,
    }


def win(env, ctx):
    """Mark the won opportunities as won, on the day of their order."""
    won = [deal for deal in ctx.deals() if deal.outcome == "won"]
    env["crm.lead"].union(*(ctx.leads[deal.number] for deal in won)).action_set_won()
    close(ctx, won)


def lose(env, rng, ctx):
    """Mark the lost opportunities as lost through the wizard that asks for the reason."""
    lost = [deal for deal in ctx.deals() if deal.outcome == "lost"]
    names = [name for name, _name_zh in tables.LOST_REASONS]
    by_reason = {}
    for deal in lost:
        by_reason.setdefault(rng.choice(names), []).append(ctx.leads[deal.number].id)
    for name, lead_ids in sorted(by_reason.items()):
        reason = env["crm.lost.reason"].search([("name", "=", name)], limit=1)
        env["crm.lead.lost"].create(
            {
                "lead_ids": [Command.set(lead_ids)],
                "lost_reason_id": reason.id,
            }
        ).action_lost_reason_apply()
    close(ctx, lost)


def close(ctx, deals):
    """Set the day on which the deals were decided."""
    for deal in deals:
        closed = moment(deal.closed, 16)
        ctx.leads[deal.number].write({"date_closed": closed, "date_last_stage_update": closed})


def schedule_activities(env, rng, ctx):
    """Give most open opportunities a next step: some overdue, some today, most ahead."""
    deals = [deal for deal in ctx.deals() if deal.outcome in ("open", "lead")]
    for deal in deals:
        if rng.random() < 0.85:
            xml_id, summary = rng.choice(tables.ACTIVITIES)
            ctx.leads[deal.number].activity_schedule(
                xml_id,
                date_deadline=ctx.today + days(rng.choice((-9, -4, -1, 0, 0, 1, 2, 3, 5, 8, 13))),
                summary=summary,
                user_id=ctx.users[deal.seller].id,
            )


def rate_open_opportunities(env, ctx):
    """Let Odoo's own scoring learn from the year and rate what is still open.

    The scheduled action does the same, but commits; here everything is one transaction.
    """
    env["crm.lead"]._rebuild_pls_frequency_table()
    open_leads = env["crm.lead"].union(
        *(ctx.leads[deal.number] for deal in ctx.deals() if deal.outcome in ("open", "lead"))
    )
    open_leads._compute_probabilities()
