"""Quotations, orders and deliveries of one month."""

from odoo import Command

from . import commissions
from .calendar import moment
from .plan import days, delivered_quantity


def run(env, rng, ctx):
    """Live the orders of ``ctx.month``: offers that came to nothing, orders, cancellations."""
    refuse_quotations(env, ctx)
    confirm(env, rng, ctx)
    cancel(env, ctx)


def run_open_quotations(env, rng, ctx):
    """Create the quotations that are still open today."""
    deals = [deal for deal in ctx.deals() if deal.quotation in ("draft", "sent")]
    for deal in deals:
        age = (ctx.today - deal.created).days
        quote(env, ctx, [deal], ctx.today - days(rng.randint(0, min(age, 20))))
    sent = [deal for deal in deals if deal.quotation == "sent"]
    orders_of(env, ctx, sent).action_quotation_sent()


def orders_of(env, ctx, deals):
    """Return the orders of these deals."""
    return env["sale.order"].union(*(ctx.orders[deal.number] for deal in deals))


def quote(env, ctx, deals, day=None):
    """Create the quotations of these deals, dated ``day`` or the day of the decision."""
    orders = env["sale.order"].create(
        [order_vals(ctx, deal, moment(day or deal.closed, 10)) for deal in deals]
    )
    ctx.orders.update(zip((deal.number for deal in deals), orders, strict=True))
    return orders


def order_vals(ctx, deal, date):
    """Values of a quotation of the deal."""
    lead = ctx.leads.get(deal.number)
    return {
        "partner_id": ctx.partners[deal.customer].id,
        "user_id": ctx.users[deal.seller].id,
        "team_id": ctx.team_of(deal.seller).id,
        "opportunity_id": lead.id if lead else False,
        "date_order": date,
        "create_date": date,
        "order_line": [
            Command.create(
                {
                    "product_id": ctx.products[line.code].id,
                    "product_uom_qty": line.quantity,
                    "discount": line.discount,
                }
            )
            for line in deal.lines
        ],
    }


def refuse_quotations(env, ctx):
    """Send the quotations of lost opportunities and cancel them."""
    deals = [
        deal
        for deal in ctx.deals()
        if deal.quotation == "cancel" and ctx.within(deal.closed, ctx.month)
    ]
    if deals:
        orders = quote(env, ctx, deals)
        orders.action_quotation_sent()
        orders.action_cancel()


def confirm(env, rng, ctx):
    """Confirm the orders of the month, in the order of their dates."""
    deals = [
        deal
        for deal in ctx.deals()
        if deal.quotation in ("sale", "cancelled") and ctx.within(deal.closed, ctx.month)
    ]
    if not deals:
        return
    deals.sort(key=lambda deal: (deal.closed, deal.number))
    orders = quote(env, ctx, deals)
    commissions.name_participants(env, rng, ctx, deals)
    orders.action_confirm()
    for deal, order in zip(deals, orders, strict=True):
        # Odoo dates the order by the moment of its confirmation.
        order.date_order = moment(deal.closed, 10)
        due = deal.deliveries[0].date if deal.deliveries else deal.closed
        order.picking_ids.scheduled_date = moment(due, 12)


def cancel(env, ctx):
    """Cancel the confirmed orders that the customer took back."""
    deals = [
        deal
        for deal in ctx.deals()
        if deal.quotation == "cancelled" and ctx.within(deal.closed, ctx.month)
    ]
    if deals:
        orders_of(env, ctx, deals).action_cancel()


# -- deliveries --


def deliver(env, ctx, index):
    """Validate the deliveries number ``index`` of the month."""
    due = [
        deal
        for deal in ctx.deals()
        if len(deal.deliveries) > index
        and deal.has_goods
        and ctx.within(deal.deliveries[index].date, ctx.month)
    ]
    due.sort(key=lambda deal: (deal.deliveries[index].date, deal.number))
    pickings = {
        deal.number: ctx.orders[deal.number].picking_ids.filtered(
            lambda picking: picking.state not in ("done", "cancel")
        )
        for deal in due
    }
    if not due:
        return
    everything = env["stock.picking"].union(*pickings.values())
    everything.action_assign()
    for deal in due:
        if deal.deliveries[index].partial:
            take_half(deal, index, pickings[deal.number])
    validate(everything)
    for deal in due:
        backdate(pickings[deal.number], deal.deliveries[index].date)


def take_half(deal, index, picking):
    """Deliver a part of every line; the rest becomes a back order."""
    for line, move in zip(
        (line for line in deal.lines if line.is_goods), picking.move_ids.sorted("id"), strict=True
    ):
        move.quantity = delivered_quantity(deal, index, line)


def validate(pickings):
    """Press "Validate" on the transfers; what is missing becomes a back order."""
    pickings.with_context(skip_backorder=True, skip_sms=True).button_validate()


def backdate(pickings, day):
    """Move done transfers, and their stock moves, to the day on which they took place."""
    done = moment(day, 15)
    pickings.write({"date_done": done})
    pickings.move_line_ids.write({"date": done})
