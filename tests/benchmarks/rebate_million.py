"""Targets of 500 rebate agreements over a million posted invoice lines.

Ours is everything that the loop asks for: the targets of all agreements with their
explanation, through the ORM. The peer is one aggregate query, written by hand for exactly this
data: one buyer an agreement, no returns of earlier periods, one currency.
"""

from decimal import Decimal

from rebate_data import PEER, RebateData


def fill(bench, env, lines, agreements):
    return RebateData(env, lines=lines, agreements=agreements).fill().id


def aggregate(bench, env, product):
    env.cr.execute(PEER, {"product": product})
    return {key: Decimal(repr(total)) for key, total in env.cr.fetchall()}


def targets(bench, env):
    periods = env["crm.rebate.period"].search([])
    found = periods._subledger_targets()
    env.flush_all()
    return len(found), {p.id: Decimal(repr(p.revenue)) for p in periods}


def run(bench):
    lines, agreements = bench.option("lines", 1_000_000), bench.option("agreements", 500)
    product = bench.child(fill, lines, agreements).value
    rounds = bench.option("rounds", 3)
    peer = min((bench.child(aggregate, product) for _ in range(rounds)), key=lambda m: m.seconds)
    ours = min((bench.child(targets) for _ in range(rounds)), key=lambda m: m.seconds)
    count, totals = ours.value
    if {key: round(value, 2) for key, value in peer.value.items()} != totals:
        raise AssertionError("Both sides must find the same purchases for every period")
    bench.figure(
        "targets of all rebate periods",
        ours.seconds,
        peer.seconds,
        bar=2.0,
        rows=lines,
        agreements=agreements,
        targets=count,
        queries=ours.queries,
        peak_mib=ours.peak_mib,
    )
    bench.figure("peak memory of the process", ours.peak_mib, 1024, unit="MiB", bar=1.0)
