"""Targets of commission statements over a million posted invoice lines, collected basis.

Ours is everything that the loop asks for: the targets of all payees and quarters with their
explanation, through the ORM. The peer is one aggregate query, written by hand for exactly this
data: no filters, no credit notes, one version, one owner per order.
"""

from decimal import Decimal

from commission_data import PEER, CommissionData


def fill(bench, env, lines, payees):
    plan = CommissionData(env, lines=lines, payees=payees).fill()
    env["crm.commission.statement"]._ensure_for_plans(plan)


def aggregate(bench, env):
    env.cr.execute(PEER, {"company": env.company.id})
    return {(row[0], row[1]): row[2] for row in env.cr.fetchall()}


def targets(bench, env):
    statements = env["crm.commission.statement"].search([])
    found = statements._subledger_targets()
    env.flush_all()
    return len(found), {(s.partner_id.id, s.date_from): Decimal(repr(s.basis)) for s in statements}


def run(bench):
    lines, payees = bench.option("lines", 1_000_000), bench.option("payees", 200)
    bench.child(fill, lines, payees)
    rounds = bench.option("rounds", 3)
    peer = min((bench.child(aggregate) for _ in range(rounds)), key=lambda m: m.seconds)
    ours = min((bench.child(targets) for _ in range(rounds)), key=lambda m: m.seconds)
    count, basis = ours.value
    if {key: round(value, 2) for key, value in peer.value.items()} != basis:
        raise AssertionError("Both sides must find the same basis for every payee and quarter")
    bench.figure(
        "targets of all statements",
        ours.seconds,
        peer.seconds,
        bar=2.0,
        rows=lines,
        targets=count,
        queries=ours.queries,
        peak_mib=ours.peak_mib,
    )
    bench.figure("peak memory of the process", ours.peak_mib, 1024, unit="MiB", bar=1.0)
