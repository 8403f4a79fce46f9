"""Commission plans, who earns on which deal, and the statements."""


def set_up(env, rng, ctx):
    """Create the plans before the first order."""


def bring_up_to_date(env):
    """Run the sub-ledger loop as the end of a transaction would."""
    env.cr.flush()


def run(env, rng, ctx):
    """Confirm, dispute and pay statements of past periods."""


def name_presales(env, ctx, orders):
    """Name the presales colleague as a participant of these orders."""
