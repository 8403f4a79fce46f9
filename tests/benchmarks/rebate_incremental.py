"""One more invoice posted under a rebate agreement, after a million lines have been accrued.

Both sides post the same invoices of the same partner in the same database, up to what happens right
before the commit. For the peer the rebate programme names no keys, as if it were not installed. The
figure is the difference of the medians. What the scheduled action takes right after it for each
invoice is given beside it, and for comparison what the invoice would wait for if its accrual were
posted together with it.
"""

import time
from datetime import date
from statistics import median
from unittest.mock import patch

from invoice_data import YEAR
from rebate_data import RebateData

from odoo import Command


def fill(bench, env, lines, agreements):
    RebateData(env, lines=lines, agreements=agreements).fill()


def loop(bench, env):
    periods = env["crm.rebate.period"].search([])
    entries = periods._subledger_run()
    env.flush_all()
    env.cr.commit()
    for table in ("crm_subledger_entry", "account_move", "account_move_line", "crm_rebate_period"):
        env.cr.execute(f"ANALYZE {table}")
    return len(entries)


def post(bench, env, rounds, together):
    """Return the medians of the seconds with and without rebates, queries and seconds after it."""
    period = env["crm.rebate.period"]
    model = env.registry[period._name]
    model._subledger_at_once = together
    partners = period.search([], limit=1, order="id").agreement_id.participant_ids.partner_id
    silent = patch.object(model, "_subledger_keys_of", lambda self, *documents: self.browse())
    seconds, queries = {True: [], False: []}, 0
    for number in range(2 * rounds + 2):
        rebates = bool(number % 2)
        invoice = _draft(env, partners, number)
        before = env.cr.sql_log_count
        if rebates:
            elapsed = _timed(env, invoice)
            queries = env.cr.sql_log_count - before
        else:
            with silent:
                elapsed = _timed(env, invoice)
        env.cr.commit()
        if number > 1:  # the first of each side fills caches
            seconds[rebates].append(elapsed)
    return median(seconds[True]), median(seconds[False]), queries, _later(env) / (rounds + 1)


def _later(env):
    """Return the seconds that the scheduled action takes for what was left to it."""
    start = time.perf_counter()
    env["crm.subledger.queue"].search([])._process()
    env.flush_all()
    env.cr.commit()
    return time.perf_counter() - start


def _draft(env, partner, number):
    product = env["product.product"].search([("name", "=", "Counted")], limit=1)
    invoice = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": date(YEAR, 2, 1 + number % 28),
            "invoice_line_ids": [
                Command.create(
                    {"product_id": product.id, "quantity": 1, "price_unit": 100 + number}
                )
            ],
        }
    )
    env.flush_all()
    env.cr.commit()
    env.invalidate_all()
    return invoice


def _timed(env, invoice):
    start = time.perf_counter()
    invoice.action_post()
    env.flush_all()
    env.cr.precommit.run()
    env.flush_all()
    return time.perf_counter() - start


def run(bench):
    lines, agreements = bench.option("lines", 1_000_000), bench.option("agreements", 500)
    bench.child(fill, lines, agreements)
    first = bench.child(loop)
    rounds = bench.option("rounds", 20)
    for together, how, bar in (
        (False, "accrued right after it", 50),
        (True, "were it accrued together with it", None),
    ):
        ours, peer, queries, later = bench.child(post, rounds, together).value
        bench.figure(
            f"one more invoice, {how}: above posting it without rebates",
            (ours - peer) * 1000,
            bar,
            unit="ms",
            bar=1.0,
            rows=lines,
            agreements=agreements,
            entries_of_first_run=first.value,
            seconds_of_first_run=first.seconds,
            milliseconds_with=ours * 1000,
            milliseconds_without=peer * 1000,
            milliseconds_afterwards=later * 1000,
            queries=queries,
        )
