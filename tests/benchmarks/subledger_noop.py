"""Running the loop once more where nothing changed, over a million posted invoice lines.

The first run posts every commission. The peer is computing the targets alone.
"""

from commission_data import CommissionData


def fill(bench, env, lines, payees):
    plan = CommissionData(env, lines=lines, payees=payees).fill()
    env["crm.commission.statement"]._ensure_for_plans(plan)


def loop(bench, env):
    entries = env["crm.commission.statement"].search([])._subledger_run()
    env.flush_all()
    return len(entries)


def targets(bench, env):
    found = env["crm.commission.statement"].search([])._subledger_targets()
    env.flush_all()
    return len(found)


def run(bench):
    lines, payees = bench.option("lines", 1_000_000), bench.option("payees", 200)
    rounds = bench.option("rounds", 3)
    bench.child(fill, lines, payees)
    first = bench.child(loop)
    with bench.environment() as env:
        for table in ("crm_subledger_entry", "account_move_line"):
            env.cr.execute(f"ANALYZE {table}")
    peer = min((bench.child(targets) for _ in range(rounds)), key=lambda m: m.seconds)
    again = min((bench.child(loop) for _ in range(rounds)), key=lambda m: m.seconds)
    if again.value:
        raise AssertionError(f"The second run posted {again.value} entries")
    bench.figure(
        "second run of the loop",
        again.seconds,
        peer.seconds,
        bar=1.2,
        rows=lines,
        entries_of_first_run=first.value,
        seconds_of_first_run=first.seconds,
        peak_mib_of_first_run=first.peak_mib,
        queries=again.queries,
        peak_mib=again.peak_mib,
    )
