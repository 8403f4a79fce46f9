"""Opening entry, running costs, customer invoices and payments."""

from odoo import Command

from .plan import days

CHART = {
    "bank": "l10n_cn_common_account_1002",
    "capital": "l10n_cn_large_bis_account_4001",
    "administration": "l10n_cn_large_bis_account_6602",
    "selling": "l10n_cn_large_bis_account_6601",
}
OPENING_CASH = 8_000_000
RUNNING_COSTS = (("administration", 165_000), ("selling", 90_000))
DRAFT_DAYS = 6
"""Invoices of the last days are still drafts: the accountant has not posted them yet."""


def account(env, ctx, key):
    """Return the account with that role."""
    return env["account.chart.template"].with_company(ctx.company).ref(CHART[key])


def bank_journal(env, ctx):
    """Return the bank journal of the company."""
    return env["account.journal"].search(
        [("company_id", "=", ctx.company.id), ("type", "=", "bank")], limit=1
    )


def post_entry(env, ctx, day, ref, lines):
    """Post a journal entry; ``lines`` are (account, balance)."""
    move = env["account.move"].create(
        {
            "move_type": "entry",
            "date": day,
            "ref": ref,
            "line_ids": [
                Command.create(
                    {
                        "account_id": account.id,
                        "balance": balance,
                        "name": ref,
                        "tax_ids": [Command.clear()],
                    }
                )
                for account, balance in lines
            ],
        }
    )
    move.action_post()
    return move


def open_books(env, rng, ctx):
    """Post the opening entry: cash against paid-in capital."""
    post_entry(
        env,
        ctx,
        ctx.months[0][0],
        "Opening balance",
        (
            (account(env, ctx, "bank"), OPENING_CASH),
            (account(env, ctx, "capital"), -OPENING_CASH),
        ),
    )


def run(env, rng, ctx):
    """Post the running costs of ``ctx.month`` on its last day."""
    total = sum(amount for _key, amount in RUNNING_COSTS)
    post_entry(
        env,
        ctx,
        ctx.month[1],
        "Salaries, rent and energy",
        [
            *((account(env, ctx, key), amount) for key, amount in RUNNING_COSTS),
            (account(env, ctx, "bank"), -total),
        ],
    )


# -- invoices --


def invoice(env, ctx, index):
    """Invoice the deliveries number ``index`` whose invoice falls in the month."""
    due = [
        deal
        for deal in ctx.deals()
        if len(deal.deliveries) > index
        and ctx.within(deal.deliveries[index].invoice_date, ctx.month)
    ]
    due.sort(key=lambda deal: (deal.deliveries[index].invoice_date, deal.number))
    if not due:
        return
    orders = env["sale.order"].union(*(ctx.orders[deal.number] for deal in due))
    moves = orders._create_invoices(grouped=True)
    by_order = {move.line_ids.sale_line_ids.order_id: move for move in moves}
    for deal in due:
        move = by_order[ctx.orders[deal.number]]
        move.invoice_date = deal.deliveries[index].invoice_date
        ctx.invoices[deal.number, index] = move
    last = ctx.today - days(DRAFT_DAYS)
    moves.filtered(lambda move: move.invoice_date <= last).action_post()


# -- payments --


def collect(env, ctx):
    """Register the customers' payments of the month, one batch a day of payment."""
    full, parts = {}, []
    for (number, index), move in ctx.invoices.items():
        payments = ctx.deal(number).deliveries[index].payments
        for position, (day, percent) in enumerate(payments):
            if not ctx.within(day, ctx.month) or move.state != "posted":
                continue
            if sum(share for _day, share in payments[: position + 1]) == 100:
                full.setdefault(day, []).append(move)
            else:
                parts.append((day, number, move, percent))
    for day, _number, move, percent in sorted(parts, key=lambda row: row[:2]):
        pay_part(env, ctx, move, day, move.currency_id.round(move.amount_total * percent / 100))
    for day, moves in sorted(full.items()):
        pay(env, ctx, env["account.move"].union(*moves), day)


def pay(env, ctx, moves, day):
    """Register the payment of what is open on these invoices or credit notes."""
    moves = moves.filtered(lambda move: move.payment_state in ("not_paid", "partial"))
    if moves:
        register(env, ctx, moves, {"payment_date": day, "group_payment": False})


def pay_part(env, ctx, move, day, amount):
    """Register a payment of ``amount`` (in the currency of the invoice); the rest stays open."""
    if amount < move.amount_residual:
        register(
            env,
            ctx,
            move,
            {
                "payment_date": day,
                "amount": amount,
                "payment_difference_handling": "open",
            },
        )
    else:
        pay(env, ctx, move, day)


def register(env, ctx, moves, vals):
    """Run the wizard "Pay" on these documents."""
    wizard = (
        env["account.payment.register"]
        .with_context(active_model="account.move", active_ids=moves.ids)
        .create({"journal_id": bank_journal(env, ctx).id, **vals})
    )
    wizard.action_create_payments()
