"""Deciding what a public pool takes back, of 500,000 customers, against one query written by hand.

Customers have one of 50 owners, a level of three, and a past of two years: mails, finished
activities, meetings, visits, orders, payments, open opportunities, invoices. The hand-written query
knows the one pool there is: limits, exemptions and time zone stand in it as constants. It must give
the same records with the same last follow-up and the same decision; the run says how many.
"""

from odoo.tools import SQL

OWNERS = 50
TABLES = [
    "account_move",
    "account_payment",
    "calendar_event",
    "calendar_event_res_partner_rel",
    "crm_lead",
    "crm_visit",
    "mail_activity",
    "mail_message",
    "res_partner",
    "sale_order",
]


def fill(bench, env, customers):
    """Create one real record of every kind, then copies of its row in SQL."""
    env = env(context={**env.context, "tracking_disable": True, "no_reset_password": True})
    levels = env["crm.customer.level"].create(
        [{"name": f"Bench {name}", "rule": "manual"} for name in "ABC"]
    )
    users = env["res.users"].create(
        [
            {
                "name": f"Owner {number}",
                "login": f"bench_pool_{number}",
                "group_ids": [(6, 0, [env.ref("sales_team.group_sale_salesman").id])],
            }
            for number in range(OWNERS)
        ]
    )
    pool = env["crm.pool"].create(
        {
            "name": "Bench",
            "user_ids": [(6, 0, users.ids)],
            "rule_ids": [
                (0, 0, {"days": 15}),
                (0, 0, {"days": 30, "level_id": levels[0].id}),
                (0, 0, {"days": 60, "level_id": levels[2].id, "measure": "deal"}),
            ],
        }
    )
    template = env["res.partner"].create({"name": "Bench", "is_company": True})
    env.flush_all()
    lighten(env)
    first = copy_customers(env, template, customers, users, levels)
    copy_past(env, template, users, first, customers)
    env.cr.execute("ANALYZE")
    return {"pool": pool.id, "levels": levels.ids, "users": users.ids}


def lighten(env):
    """Let the rows be copied quickly: without foreign keys and the indexes of text searches.

    Neither is used by the two queries.
    """
    env.cr.execute(
        """SELECT conrelid::regclass::text, conname FROM pg_constraint
            WHERE contype = 'f' AND conrelid::regclass::text = ANY(%s)""",
        [TABLES],
    )
    for table, name in env.cr.fetchall():
        env.cr.execute(
            SQL(
                "ALTER TABLE %s DROP CONSTRAINT %s",
                SQL.identifier(table),
                SQL.identifier(name),
            )
        )
    env.cr.execute(
        "SELECT indexname FROM pg_indexes WHERE tablename = ANY(%s) AND indexdef LIKE '%%gin%%'",
        [TABLES],
    )
    for [name] in env.cr.fetchall():
        env.cr.execute(SQL("DROP INDEX %s", SQL.identifier(name)))


def copy_customers(env, template, customers, users, levels):
    env.cr.execute("SELECT nextval('res_partner_id_seq')")
    first = env.cr.fetchone()[0] + 1
    copy(
        env,
        template,
        customers,
        id=SQL("%s + n", first),
        commercial_partner_id=SQL("%s + n", first),
        user_id=SQL("(%s)[(1 + n %% %s)::int]", users.ids, OWNERS),
        customer_level_id=SQL("(%s)[(1 + n %% 4)::int]", [*levels.ids, None]),
        owner_since=days_ago(SQL("n * 7919 %% 700")),
        pool_locked=SQL("n %% 101 = 0"),
        pool_reminded_for=SQL("CASE WHEN n %% 7 = 0 THEN CURRENT_DATE + (n %% 4)::int END"),
    )
    env.cr.execute("SELECT setval('res_partner_id_seq', %s)", [first + customers + 1])
    return first


def copy_past(env, template, users, first, customers):
    """Give the customers mails, activities, meetings, visits, orders, payments, leads, invoices."""
    owner = users[0]
    partner = SQL("%s + (n * 48271 %% %s)", first, customers)
    # The owner of that customer, most of the time.
    owned_by = SQL("(1 + (n * 48271 %% %s + (n %% 10) / 9) %% %s)::int", customers, OWNERS)
    by = SQL("(%s)[%s]", users.ids, owned_by)
    people = [user.partner_id.id for user in users]
    author = SQL("(%s)[%s]", people, owned_by)
    message = env["mail.message"].create(
        {
            "model": "res.partner",
            "res_id": template.id,
            "author_id": owner.partner_id.id,
            "message_type": "email",
        }
    )
    copy(env, message, customers, res_id=partner, author_id=author,
         date=days_ago(SQL("n * 104729 %% 700")),
         message_id=SQL("'<bench-' || n || '>'"))  # fmt: skip
    activity = template.activity_schedule("mail.mail_activity_data_call", user_id=owner.id)
    activity.action_done()
    copy(env, activity, customers // 2, res_id=partner, user_id=by,
         date_done=SQL("(%s)::date", days_ago(SQL("n * 1299709 %% 700"))))  # fmt: skip
    order = env["sale.order"].create({"partner_id": template.id})
    order.state = "sale"
    buyer = SQL("%s + (n * 69621 %% %s)", first, customers)
    copy(env, order, customers // 10, partner_id=buyer,
         date_order=days_ago(SQL("n * 15485863 %% 700")), access_token=SQL("NULL"))  # fmt: skip
    lead = env["crm.lead"].create(
        {"name": "Bench", "partner_id": template.id, "type": "opportunity"}
    )
    copy(env, lead, customers // 10, partner_id=partner)
    visit = env["crm.visit"].create({"partner_id": template.id, "user_id": owner.id})
    visit.sudo().write({"check_in": "2026-01-01 00:00:00", "state": "done"})
    copy(env, visit, customers // 10, partner_id=partner, user_id=by,
         check_in=days_ago(SQL("n * 179424673 %% 700")))  # fmt: skip
    copy_meetings(env, owner, customers // 10, partner, by)
    copy_accounting(env, template, customers // 10, buyer)


def copy_meetings(env, owner, count, partner, by):
    event = env["calendar.event"].create(
        {"name": "Bench", "start": "2026-01-01", "stop": "2026-01-01", "user_id": owner.id}
    )
    env.cr.execute("SELECT nextval('calendar_event_id_seq')")
    first = env.cr.fetchone()[0] + 1
    copy(env, event, count, id=SQL("%s + n", first), user_id=by,
         start=days_ago(SQL("n * 32452843 %% 700")), access_token=SQL("NULL"))  # fmt: skip
    env.execute_query(
        SQL(
            """INSERT INTO calendar_event_res_partner_rel (calendar_event_id, res_partner_id)
               SELECT %s + n, %s FROM GENERATE_SERIES(0::bigint, %s) n
               ON CONFLICT DO NOTHING
               RETURNING 1""",
            first,
            partner,
            count - 1,
        )
    )


def copy_accounting(env, template, count, partner):
    if not env.company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", env.company)
    payment = env["account.payment"].create(
        {"partner_id": template.id, "payment_type": "inbound", "amount": 1}
    )
    payment.state = "paid"
    copy(env, payment, count, partner_id=partner,
         date=SQL("(%s)::date", days_ago(SQL("n * 49979687 %% 700"))))  # fmt: skip
    move = env["account.move"].create({"move_type": "out_invoice", "partner_id": template.id})
    env.flush_all()
    env.cr.execute("UPDATE account_move SET state = 'posted' WHERE id = %s", [move.id])
    copy(env, move, count, partner_id=partner, commercial_partner_id=partner,
         name=SQL("'BENCH/' || n"), access_token=SQL("NULL"), sequence_number=SQL("n + 1"),
         sequence_prefix=SQL("'BENCH/'"))  # fmt: skip


def days_ago(days):
    return SQL("now() AT TIME ZONE 'UTC' - (%s) * INTERVAL '1 day'", days)


def copy(env, record, count, **columns):
    """Insert ``count`` copies of a record's row; ``n`` counts from 0 in the given columns."""
    env.flush_all()
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        " AND (column_name <> 'id' OR %s)",
        [record._table, "id" in columns],
    )
    names = [name for (name,) in env.cr.fetchall()]
    env.cr.execute(
        SQL(
            "INSERT INTO %(table)s (%(names)s) SELECT %(values)s FROM %(table)s t,"
            " GENERATE_SERIES(0::bigint, %(count)s) n WHERE t.id = %(id)s",
            table=SQL.identifier(record._table),
            names=SQL(", ").join(SQL.identifier(name) for name in names),
            values=SQL(", ").join(columns.get(name) or SQL.identifier("t", name) for name in names),
            count=count - 1,
            id=record.id,
        )
    )


# ----------------------------------------------------------------------


def decide(bench, env, ids):
    pool = env["crm.pool"].browse(ids["pool"])
    rows = env["crm.pool.decision"]._decide(pool)
    return {row["id"]: (row["action"], row["at"]) for row in rows}


def by_hand(bench, env, ids):
    """The same decisions from one query that knows this pool."""
    env.cr.execute(HAND, values(env, ids))
    return {number: (action, at) for number, action, at in env.cr.fetchall()}


def values(env, ids):
    """Return what the hand-written query knows of the pool."""
    pool = env["crm.pool"].browse(ids["pool"])
    return {
        "users": ids["users"],
        "a": ids["levels"][0],
        "c": ids["levels"][2],
        "kind": env.ref("crm_sales.mail_activity_type_pool").id,
        "today": pool._today(),
        "zone": pool._zone().zone,
        "company": pool.company_id.id,
    }


HAND = """
WITH mine AS MATERIALIZED (
    SELECT p.id, p.user_id, u.partner_id AS author, p.customer_level_id AS level, p.pool_locked,
           COALESCE(p.owner_since, p.create_date) AS assigned, p.pool_lock_until,
           p.pool_reminded_for
      FROM res_partner p JOIN res_users u ON u.id = p.user_id
     WHERE p.active AND p.partner_share AND (p.parent_id IS NULL OR p.is_company)
       AND (p.company_id = %(company)s OR p.company_id IS NULL) AND p.user_id = ANY(%(users)s)
), who AS MATERIALIZED (
    SELECT m.id, c.id AS contact, m.user_id, m.author
      FROM mine m JOIN res_partner c ON c.commercial_partner_id = m.id
), mails AS (
    SELECT who.id, g.date FROM who JOIN mail_message g
        ON g.model = 'res.partner' AND g.res_id = who.contact AND g.author_id = who.author
     WHERE g.is_internal IS NOT TRUE
       AND (g.message_type IN ('email', 'email_outgoing') OR g.message_type = 'comment'
            AND g.subtype_id IN (SELECT id FROM mail_message_subtype WHERE internal IS NOT TRUE))
    UNION ALL
    SELECT who.id, g.date FROM (
        SELECT id, partner_id, 'crm.lead' AS model FROM crm_lead
         UNION ALL SELECT id, partner_id, 'sale.order' FROM sale_order
         UNION ALL SELECT id, partner_id, 'account.move' FROM account_move
    ) d JOIN who ON who.contact = d.partner_id JOIN mail_message g
        ON g.model = d.model AND g.res_id = d.id AND g.author_id = who.author
     WHERE g.is_internal IS NOT TRUE
       AND (g.message_type IN ('email', 'email_outgoing') OR g.message_type = 'comment'
            AND g.subtype_id IN (SELECT id FROM mail_message_subtype WHERE internal IS NOT TRUE))
), calls AS (
    SELECT who.id, (a.date_done::timestamp AT TIME ZONE %(zone)s) AT TIME ZONE 'UTC'
      FROM who JOIN mail_activity a
        ON a.res_model = 'res.partner' AND a.res_id = who.contact AND a.user_id = who.user_id
     WHERE NOT a.active AND a.date_done IS NOT NULL AND a.activity_type_id <> %(kind)s
    UNION ALL
    SELECT who.id, (a.date_done::timestamp AT TIME ZONE %(zone)s) AT TIME ZONE 'UTC' FROM (
        SELECT id, partner_id, 'crm.lead' AS model FROM crm_lead
         UNION ALL SELECT id, partner_id, 'sale.order' FROM sale_order
         UNION ALL SELECT id, partner_id, 'account.move' FROM account_move
    ) d JOIN who ON who.contact = d.partner_id JOIN mail_activity a
        ON a.res_model = d.model AND a.res_id = d.id AND a.user_id = who.user_id
     WHERE NOT a.active AND a.date_done IS NOT NULL AND a.activity_type_id <> %(kind)s
), deals (id, at) AS (
    SELECT who.id, o.date_order FROM sale_order o JOIN who ON who.contact = o.partner_id
     WHERE o.state = 'sale'
    UNION ALL
    SELECT who.id, (y.date::timestamp AT TIME ZONE %(zone)s) AT TIME ZONE 'UTC'
      FROM account_payment y JOIN who ON who.contact = y.partner_id
     WHERE y.partner_type = 'customer' AND y.payment_type = 'inbound'
       AND y.state IN ('in_process', 'paid')
), last AS (
    SELECT id, MAX(at) AS at, MAX(at) FILTER (WHERE deal) AS deal FROM (
        SELECT id, date AS at, FALSE AS deal FROM mails
         UNION ALL SELECT *, FALSE FROM calls
         UNION ALL SELECT *, TRUE FROM deals
         UNION ALL SELECT who.id, v.check_in, FALSE FROM crm_visit v
           JOIN who ON who.contact = v.partner_id AND who.user_id = v.user_id
          WHERE v.check_in IS NOT NULL
         UNION ALL SELECT who.id, e.start, FALSE FROM calendar_event e
           JOIN calendar_event_res_partner_rel r ON r.calendar_event_id = e.id
           JOIN who ON who.contact = r.res_partner_id
          WHERE e.active AND e.start <= now() AT TIME ZONE 'UTC'
            AND (e.user_id = who.user_id OR EXISTS (
                SELECT FROM calendar_event_res_partner_rel o
                 WHERE o.calendar_event_id = e.id AND o.res_partner_id = who.author))
    ) x GROUP BY id
), left_over AS (
    SELECT mine.*, last.at, CASE WHEN level = %(c)s
           THEN 60 - (%(today)s::date - GREATEST(
                (last.deal AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date,
                (assigned AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date))
           ELSE CASE WHEN level = %(a)s THEN 30 ELSE 15 END - (%(today)s::date - GREATEST(
                (last.at AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date,
                (assigned AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date)) END AS days
      FROM mine LEFT JOIN last USING (id)
)
SELECT id, CASE
       WHEN pool_locked AND (pool_lock_until IS NULL OR pool_lock_until >= %(today)s) THEN 'locked'
       WHEN id IN (SELECT who.id FROM crm_lead l JOIN who ON who.contact = l.partner_id
                    WHERE l.type = 'opportunity' AND l.active AND l.won_status = 'pending')
       THEN 'opportunity'
       WHEN id IN (SELECT who.id FROM sale_order o JOIN who ON who.contact = o.partner_id
                    WHERE o.state = 'sale'
                    UNION ALL SELECT v.commercial_partner_id FROM account_move v
                    WHERE v.state = 'posted' AND v.move_type = 'out_invoice') THEN 'dealt'
       WHEN days <= 0 THEN 'recycle'
       WHEN pool_reminded_for = %(today)s::date + days THEN 'reminded' ELSE 'remind' END, at
  FROM left_over WHERE days <= 3 ORDER BY id
"""


def run(bench):
    """Compare the decision, and tell what a whole run of the statement with its lines takes."""
    customers = bench.option("customers", 500000)
    with bench.environment() as env:
        ids = fill(bench, env, customers)
    ours = bench.child(decide, ids)
    peer = bench.child(by_hand, ids)
    ours_again = bench.child(decide, ids)
    peer_again = bench.child(by_hand, ids)
    assert ours.value == peer.value, "the hand-written query decides otherwise"
    counts = {}
    for action, _at in ours.value.values():
        counts[action] = counts.get(action, 0) + 1
    bench.figure(
        "recycling decision",
        min(ours.seconds, ours_again.seconds),
        min(peer.seconds, peer_again.seconds),
        bar=3.0,
        customers=customers,
        decided=counts,
        queries=ours.queries,
        peak_mib=ours.peak_mib,
        runs=[ours.seconds, peer.seconds, ours_again.seconds, peer_again.seconds],
    )
    start = bench.child(start_run, ids)
    written = bench.child(write_by_hand, ids)
    assert start.value == written.value, "the hand-written statement writes other lines"
    bench.figure(
        "a run: decision and its lines, written by the same statement",
        start.seconds,
        written.seconds,
        bar=3.0,
        customers=customers,
        lines=start.value,
        queries=start.queries,
        peak_mib=start.peak_mib,
    )


def start_run(bench, env, ids):
    """Start a run; return how many lines the statement wrote."""
    run = env["crm.pool.run"]._start(env["crm.pool"].browse(ids["pool"]))
    return env["crm.pool.run.line"].search_count([("run_id", "=", run.id)])


def write_by_hand(bench, env, ids):
    """Write the same lines with the hand-written query; return how many."""
    pool = env["crm.pool"].browse(ids["pool"])
    run = env["crm.pool.run"].create({"pool_id": pool.id, "day": pool._today()})
    env.flush_all()
    env.cr.execute(
        SQL(
            """INSERT INTO crm_pool_run_line (run_id, partner_id, action, last_follow_up, state)
               SELECT %s, id, action, at, 'todo' FROM (%s) AS hand (id, action, at)
                WHERE action IN ('recycle', 'remind')""",
            run.id,
            SQL(HAND, **values(env, ids)),
        )
    )
    return env.cr.rowcount
