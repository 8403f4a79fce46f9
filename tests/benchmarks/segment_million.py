"""Full refresh of ten segments over a million customers, and after a thousand changes.

Ours is everything a refresh does: the members of each segment, who entered and who left, history
and figures. The peer creates the same member sets by hand-written SQL for exactly these segments:
each set is selected and stored in a plain table with the same indexes, with no company, no
exclusion, no history. Both begin with empty tables.
"""

SEGMENTS = 10

CUSTOMERS = """
    INSERT INTO res_partner (name, complete_name, active, is_company, city, color, type, ref,
                             partner_share, autopost_bills, create_date)
    SELECT 'Customer ' || n, 'Customer ' || n, TRUE, TRUE, 'City ' || n %% 20, n %% 12, 'contact',
           'BENCH', TRUE, 'ask', NOW()
      FROM GENERATE_SERIES(1, %s) n
"""
OWN_ENTITY = "UPDATE res_partner SET commercial_partner_id = id WHERE ref = 'BENCH'"
INVOICES = """
    INSERT INTO account_move (name, state, move_type, journal_id, company_id, currency_id, date,
                              invoice_date, partner_id, commercial_partner_id, auto_post,
                              amount_untaxed_signed)
    SELECT 'BENCH/' || n, 'posted', CASE WHEN n %% 15 = 0 THEN 'out_refund' ELSE 'out_invoice' END,
           %(journal)s, %(company)s, %(currency)s, CURRENT_DATE - (n::bigint * 7919 %% 730)::int,
           CURRENT_DATE - (n::bigint * 7919 %% 730)::int, customer.id, customer.id, 'no',
           CASE WHEN n %% 15 = 0 THEN -100 ELSE 50 + n %% 1000 END
      FROM GENERATE_SERIES(1, %(events)s) n
      JOIN (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS rank FROM res_partner
             WHERE ref = 'BENCH') customer ON customer.rank = 1 + (n::bigint * 104729) %% %(many)s
"""
BASE = (
    "SELECT id FROM res_partner p WHERE active AND commercial_partner_id = id"
    " AND (company_id IS NULL OR company_id = %(company)s)"
)
EVENTS = (
    "SELECT commercial_partner_id FROM account_move WHERE state = 'posted'"
    " AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')"
    " AND company_id = %(company)s AND commercial_partner_id IS NOT NULL"
)
GROUPED = EVENTS + "{} GROUP BY commercial_partner_id HAVING"
TIMES = " SUM(CASE WHEN move_type = 'out_refund' THEN 0 ELSE 1 END) >= {}"
RECENT = " AND invoice_date BETWEEN CURRENT_DATE - {} AND CURRENT_DATE"


def bought(times, days=None, amount=None):
    """Return the hand-written query of who bought so often, lately, for that much."""
    text = GROUPED.format(RECENT.format(days) if days else "") + TIMES.format(times)
    return text + (f" AND SUM(amount_untaxed_signed) >= {amount}" if amount else "")


def by_hand():
    """Return the ten queries; the last two read what the first ones stored."""
    city = "city IN ('City 1', 'City 2', 'City 3')"
    stored = "SELECT partner_id FROM peer_member WHERE segment_id = {}"
    return [
        f"{BASE} AND {city}",
        f"{BASE} AND id IN ({bought(3)})",
        f"{BASE} AND id IN ({bought(1, 90)})",
        f"{BASE} AND id IN ({bought(1, 365, 1500)})",
        f"{BASE} AND {city} AND id IN ({bought(2, 180)})",
        f"{BASE} AND id IN ({bought(1)}) AND NOT EXISTS"
        f" (SELECT FROM ({bought(1, 180)}) x WHERE x.commercial_partner_id = p.id)",
        f"{BASE} AND id IN ((SELECT id FROM res_partner WHERE color = 3) UNION {bought(4, 365)})",
        f"{BASE} AND NOT EXISTS (SELECT FROM ({bought(1)}) x WHERE x.commercial_partner_id = p.id)",
        f"{BASE} AND id IN ({stored.format(2)}) AND id IN ({stored.format(3)})",
        f"{BASE} AND id IN ({stored.format(4)}) AND NOT EXISTS (SELECT FROM"
        f" ({stored.format(1)}) x WHERE x.partner_id = p.id)",
    ]


def did(times=1, days=None, amount=0, **more):
    """Return the values of the condition of having bought."""
    window = {"window": "days", "days": days} if days else {}
    return {
        "kind": "behaviour", "behaviour": "invoiced", "min_count": times, "min_amount": amount,
        **window, **more,
    }  # fmt: skip


def definitions():
    """Yield the conditions (level, values) of each of the first eight segments."""
    city = {"kind": "attribute", "domain": "[('city', 'in', ['City 1', 'City 2', 'City 3'])]"}
    color = {"kind": "attribute", "domain": "[('color', '=', 3)]"}
    yield [(0, city)]
    yield [(0, did(3))]
    yield [(0, did(1, 90))]
    yield [(0, did(1, 365, 1500))]
    yield [(0, city), (0, did(2, 180))]
    yield [(0, did(1)), (0, did(1, 180, negate=True))]
    yield [(0, {"kind": "any"}), (1, color), (1, did(4, 365))]
    yield [(0, {"kind": "none"}), (1, did(1))]


def member(segment, **more):
    return {"kind": "segment", "other_segment_id": segment.id, **more}


def fill(bench, env, customers, events):
    cr = env.cr
    cr.execute(CUSTOMERS, [customers])
    cr.execute(OWN_ENTITY)
    cr.execute("ANALYZE res_partner")  # or the invoices are joined row by row
    journal = env["account.journal"].search(
        [("type", "=", "sale"), ("company_id", "=", env.company.id)], limit=1
    ) or env["account.journal"].create({"name": "Bench", "code": "BEN", "type": "sale"})
    cr.execute(
        INVOICES,
        {
            "journal": journal.id,
            "company": env.company.id,
            "currency": env.company.currency_id.id,
            "events": events,
            "many": customers,
        },
    )
    segments = []
    everything = definitions()
    for number in range(SEGMENTS):
        if number == 8:
            everything = _rest(segments)
        rows = next(everything)
        commands = [
            (0, 0, {"level": level, "sequence": n, **v}) for n, (level, v) in enumerate(rows)
        ]
        segments.append(
            env["crm.segment"].create(
                {"name": f"S{number}", "company_id": env.company.id, "condition_ids": commands}
            )
        )
    cr.execute("CREATE TABLE peer_member (id serial PRIMARY KEY, segment_id int, partner_id int)")
    cr.execute("CREATE INDEX ON peer_member (partner_id)")
    cr.execute("CREATE INDEX ON peer_member (segment_id)")
    cr.execute("CREATE UNIQUE INDEX ON peer_member (segment_id, partner_id)")
    env.cr.commit()
    cr.execute("ANALYZE")


def _rest(segments):
    yield [(0, member(segments[1])), (0, member(segments[2]))]
    yield [(0, member(segments[3])), (0, member(segments[0], negate=True))]


def plain(bench, env):
    env.cr.execute("TRUNCATE peer_member")
    for number, query in enumerate(by_hand(), 1):
        env.cr.execute(
            "INSERT INTO peer_member (segment_id, partner_id)"
            f" SELECT {number}, id FROM ({query}) q",
            {"company": env.company.id},
        )
    env.cr.execute("SELECT segment_id, COUNT(*) FROM peer_member GROUP BY 1 ORDER BY 1")
    return dict(env.cr.fetchall())


def clear(bench, env):
    env.cr.execute("TRUNCATE crm_segment_member, crm_segment_snapshot, crm_segment_dirty")
    env.cr.execute("UPDATE crm_segment SET member_count = 0, last_refresh = NULL")


def refresh(bench, env):
    segments = env["crm.segment"].search([("name", "=like", "S_")])
    segments.action_refresh()
    if any(segments.mapped("error")):
        raise AssertionError(segments.mapped("error"))
    return len(segments)


def differences(bench, env):
    """Return the number of members that only one side has."""
    env.cr.execute(
        """
        SELECT COUNT(*) FROM (
            SELECT SUBSTR(s.name->>'en_US', 2)::int + 1 AS segment_id, m.partner_id
              FROM crm_segment_member m JOIN crm_segment s ON s.id = m.segment_id
             WHERE m.date_out IS NULL) ours
          FULL JOIN peer_member peer USING (segment_id, partner_id)
         WHERE peer.id IS NULL OR ours.partner_id IS NULL
        """
    )
    return env.cr.fetchone()[0]


def change(bench, env, changes):
    """A thousand customers move, half of them buy as well; the queue is told as by a commit."""
    env.cr.execute(
        "UPDATE res_partner SET city = 'City 1', color = 3 WHERE id IN"
        " (SELECT id FROM res_partner WHERE ref = 'BENCH'"
        " ORDER BY id::bigint * 7919 %% 1000003 LIMIT %s)"
        " RETURNING id",
        [changes],
    )
    ids = [one for (one,) in env.cr.fetchall()]
    env.cr.execute(
        "UPDATE account_move SET invoice_date = CURRENT_DATE WHERE commercial_partner_id = ANY(%s)",
        [ids[: changes // 2]],
    )
    env["crm.segment.dirty"]._mark(ids)


def incremental(bench, env):
    return env["crm.segment.dirty"]._process_batch()


def run(bench):
    customers = bench.option("customers", 1_000_000)
    events = bench.option("events", 3 * customers)
    changes = bench.option("changes", 1000)
    rounds = bench.option("rounds", 2)
    bench.child(fill, customers, events)
    peers, ours = [], []
    for _round in range(rounds):
        peers.append(bench.child(plain))
        bench.child(clear)
        ours.append(bench.child(refresh))
    if bench.child(differences).value:
        raise AssertionError("Both sides must find the same members")
    peer, full = (min(found, key=lambda one: one.seconds) for found in (peers, ours))
    bench.figure(
        "full refresh of ten segments", full.seconds, peer.seconds, bar=2.0, customers=customers,
        events=events, members=sum(peer.value.values()), queries=full.queries,
        peak_mib=full.peak_mib,
    )  # fmt: skip
    bench.child(change, changes)
    part = bench.child(incremental)
    bench.child(plain)
    if bench.child(differences).value:
        raise AssertionError("Incremental must find the same members as full")
    bench.figure(
        "incremental after changes", part.seconds, full.seconds, bar=0.02, changes=part.value,
        queries=part.queries,
    )  # fmt: skip
