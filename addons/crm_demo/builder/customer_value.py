"""Value scores of the last months, and four weeks in which the data of customers got better."""

import re
from datetime import timedelta

MONTHS = 6
MESSY_PHONES, MESSY_EMAILS = 24, 9


def run(env, rng, ctx):
    """Compute the scores, then live the weeks: what was typed carelessly is corrected by and by."""
    env["crm.partner.score.run"]._compute_last_months(ctx.company, MONTHS, ctx.today)
    people = env["res.partner"].concat(*ctx.partners).child_ids.sorted("id")
    wrong = make_messy(rng, people)
    weeks = [ctx.today - timedelta(weeks=number) for number in (3, 2, 1, 0)]
    check(env, weeks[0])
    for week, part in zip(weeks[1:], range(3), strict=True):
        for partner, email in wrong[part::3]:
            partner.email = email
        if week == weeks[2]:
            clean(env, "email").action_apply()
        check(env, week)
    clean(env, "phone")


def make_messy(rng, people):
    """Write phones and addresses as people type them; return (partner, right address) pairs."""
    chosen = rng.sample(list(people), min(MESSY_PHONES + 2 * MESSY_EMAILS, len(people)))
    for partner in chosen[:MESSY_PHONES]:
        partner.phone = re.sub(r"\D", "", (partner.phone or "").removeprefix("+86"))
    wrong = chosen[MESSY_PHONES : MESSY_PHONES + MESSY_EMAILS]
    for partner in chosen[MESSY_PHONES + MESSY_EMAILS :]:
        partner.email = (partner.email or "").upper()
    pairs = [(partner, partner.email) for partner in wrong]
    for partner in wrong:
        partner.email = "无"
    return pairs


def check(env, day):
    """Check all records and keep the figure of the week of ``day``."""
    env["crm.partner.quality"]._compute_all()
    env["crm.quality.figure"]._compute_week(day)


def clean(env, kind):
    """Return a job with its preview."""
    job = env["crm.cleaning.job"].create({"kind": kind})
    job.action_preview()
    return job
