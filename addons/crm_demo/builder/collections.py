"""Collections: promises that were made, kept and broken, a dispute, and letters that were sent."""

from .context import without_mails
from .plan import days

PROMISES = (  # days from today, share of what is open
    (7, 1.0),
    (14, 0.5),
    (-5, 0.6),
)
LETTERS = 4
NOTES = (
    "财务说本周五安排付款。 / Payment is planned for Friday.",
    "先付一半，余款下月。 / Half now, the rest next month.",
    "对方承诺上周付清。 / They promised to settle last week.",
)
DISPUTE = "到货数量与送货单不符 / Fewer pieces than on the delivery note"


def run(env, rng, ctx):
    """Note promises, a dispute, and send the first letters; no mail leaves."""
    if "crm.receivable" not in env:
        return
    groups = overdue_customers(env, ctx)
    with without_mails(env):
        make_promises(env, ctx, groups)
        make_dispute(env, groups[len(PROMISES) :])
        send_letters(env, groups[len(PROMISES) + 1 :])


def overdue_customers(env, ctx):
    """Return the overdue rows by customer, the largest debt first."""
    rows = env["crm.receivable"].search(
        [("company_id", "=", ctx.company.id), ("days_overdue", ">", 0)]
    )
    groups = rows.grouped("partner_id").values()
    return sorted(groups, key=lambda rows: (-sum(rows.mapped("amount_residual")), rows[0].id))


def make_promises(env, ctx, groups):
    """One promise each; the one whose day has passed is broken."""
    promises = env["crm.payment.promise"]
    for (offset, share), note, rows in zip(PROMISES, NOTES, groups, strict=False):
        total = sum(rows.mapped("amount_residual"))
        promises |= promises.create(
            {
                "partner_id": rows.partner_id.id,
                "company_id": ctx.company.id,
                "user_id": (rows.user_id[:1] or env.user).id,
                "amount": round(total * share, 2),
                "date": ctx.today + days(offset),
                "note": note,
            }
        )
    promises.action_check()
    return promises


def make_dispute(env, groups):
    """The customer of the first group disputes the oldest invoice."""
    for rows in groups[:1]:
        row = rows.sorted("date_due")[0]
        env["crm.receivable.dispute"].create({"move_id": row.move_id.id, "reason": DISPUTE})


def send_letters(env, groups):
    """Send the letters that are due to a few customers."""
    letters = env["crm.dunning.letter"]
    for rows in groups:
        if len(letters) == LETTERS:
            break
        level, _reason = letters._next_level(rows)
        if level:
            letters |= letters._send(rows, level)
    return letters
