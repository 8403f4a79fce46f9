"""Goods sent back and credited, in one month."""

from . import accounting, orders


def run(env, rng, ctx):
    """Live the returns, credit notes and refunds of ``ctx.month``."""
    returned = [deal for deal in ctx.deals() if deal.returned]
    for deal in returned:
        if ctx.within(deal.returned.date, ctx.month) and invoice_of(ctx, deal):
            line = goods_line(ctx, deal)
            take_back(
                env, ctx.orders[deal.number], line, deal.returned.quantity, deal.returned.date
            )
    for deal in returned:
        if ctx.within(deal.returned.credit_date, ctx.month) and invoice_of(ctx, deal):
            give_credit(env, ctx, deal)
    for deal in returned:
        credit = ctx.credits.get(deal.number)
        if credit and ctx.within(deal.returned.refund_date, ctx.month):
            accounting.pay(env, ctx, credit, deal.returned.refund_date)


def invoice_of(ctx, deal):
    """Return the posted invoice of the deal, if there is one by now."""
    move = ctx.invoices.get((deal.number, 0))
    return move if move and move.state == "posted" else None


def goods_line(ctx, deal):
    """Return the order line of which goods come back."""
    return ctx.orders[deal.number].order_line.sorted("id")[deal.returned.line]


def take_back(env, order, line, quantity, day):
    """Return ``quantity`` of an order line through the return wizard of its delivery."""
    picking = order.picking_ids.filtered(
        lambda one: one.state == "done" and line in one.move_ids.sale_line_id
    )[:1]
    wizard = (
        env["stock.return.picking"]
        .with_context(active_model="stock.picking", active_id=picking.id, active_ids=picking.ids)
        .create({})
    )
    wizard.product_return_moves.filtered(
        lambda row: row.move_id.sale_line_id == line
    ).quantity = quantity
    action = wizard.action_create_returns()
    returned = env["stock.picking"].browse(action["res_id"])
    orders.validate(returned)
    orders.backdate(returned, day)
    return returned


def give_credit(env, ctx, deal):
    """Credit the returned goods; Odoo settles what is open of the invoice with the credit note."""
    returned = deal.returned
    ctx.credits[deal.number] = credit(
        env, invoice_of(ctx, deal), goods_line(ctx, deal), returned.quantity, returned.credit_date
    )


def credit(env, move, line, quantity, day, reason="Goods returned"):
    """Post a credit note of ``quantity`` of an order line against its invoice."""
    wizard = (
        env["account.move.reversal"]
        .with_context(active_model="account.move", active_ids=move.ids)
        .create({"reason": reason, "date": day, "journal_id": move.journal_id.id})
    )
    wizard.refund_moves()
    note = wizard.new_move_ids
    kept = note.invoice_line_ids.filtered(lambda item: line in item.sale_line_ids)
    (note.invoice_line_ids - kept).unlink()
    kept.quantity = quantity
    note.action_post()
    return note
