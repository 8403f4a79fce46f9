"""What salespeople did for the deals of the year: calls, mails and visits marked as done."""

from datetime import timedelta

from . import tables
from .context import without_mails

#: how many activities a decided deal took: fewer when it was lost
MOST = {"won": 5, "lost": 3}


def run(env, rng, ctx):
    """Note the activities of the deals that were won or lost, between their first and last day."""
    model = env["ir.model"]._get_id("crm.lead")
    rows = [
        row
        for deal in ctx.deals()
        if deal.outcome in MOST and deal.number in ctx.leads
        for row in done(env, rng, ctx, deal, model)
    ]
    with without_mails(env):
        activities = env["mail.activity"].create([vals for _day, vals in rows])
    for activity, (day, _vals) in zip(activities, rows, strict=True):
        activity.date_done = day


def done(env, rng, ctx, deal, model):
    """Return (day, values) of the activities of one deal."""
    length = max((deal.closed - deal.created).days, 0)
    days = sorted(rng.randint(0, length) for _number in range(rng.randint(1, MOST[deal.outcome])))
    for number in days:
        xml_id, summary = rng.choice(tables.ACTIVITIES)
        day = deal.created + timedelta(days=number)
        yield (
            day,
            {
                "res_model_id": model,
                "res_id": ctx.leads[deal.number].id,
                "activity_type_id": env.ref(xml_id).id,
                "summary": summary,
                "user_id": ctx.users[deal.seller].id,
                "date_deadline": day,
                "active": False,
            },
        )
