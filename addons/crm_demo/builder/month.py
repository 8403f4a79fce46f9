"""One month of business, in the order in which a company lives it."""

import gc

from . import accounting, commissions, orders, returns, supply

DELIVERIES = (0, 1)
"""An order has at most two deliveries; the first is invoiced before the second leaves."""


def run(env, rng, ctx, month):
    """Live ``month``: receive, sell, deliver, invoice, collect, take back; then the ledgers."""
    ctx.month = month
    supply.run(env, rng, ctx)
    orders.run(env, rng, ctx)
    for index in DELIVERIES:
        orders.deliver(env, ctx, index)
        accounting.invoice(env, ctx, index)
    returns.run(env, rng, ctx)
    accounting.collect(env, ctx)
    accounting.run(env, rng, ctx)
    commissions.bring_up_to_date(env)
    # The environments of a month refer to each other; each lookup of one walks all that are left.
    gc.collect()
