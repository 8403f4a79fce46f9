"""Value scores of 200,000 customers with 1,000,000 posted invoices.

Ours is the whole month's computation as the scheduled action runs it: one aggregate over the
invoices' journal items, RFM, the estimates of BG/NBD and Gamma-Gamma, the forecast of each customer
and one statement that writes 200,000 rows. The peer is that one aggregate alone, its rows fetched.

Customers live by the model's own story, with fixed parameters, so that there is something to
estimate; the estimates are compared with those parameters.
"""

from datetime import date, timedelta

TRUE = {"r": 0.9, "alpha": 90.0, "a": 0.8, "b": 4.0}
END = date(2026, 6, 30)
DAYS = 1100


def purchases(customers, invoices):
    """Return the arrays (customer, day, amount) of about ``invoices`` purchases."""
    import numpy as np

    rng = np.random.default_rng(11)
    start = rng.integers(0, DAYS - 30, customers)
    rate = rng.gamma(TRUE["r"], 1 / TRUE["alpha"], customers)
    leaves = rng.beta(TRUE["a"], TRUE["b"], customers)
    scale = rng.gamma(4.0, 1 / 800.0, customers)
    clock, alive = start.astype(float), np.ones(customers, bool)
    rows = []
    while alive.any():
        who = np.flatnonzero(alive)
        rows.append((who, np.floor(clock[who]).astype(int)))
        if len(rows) > 1:
            alive[who] = rng.random(len(who)) >= leaves[who]
        clock = clock + np.maximum(rng.exponential(1 / np.maximum(rate, 1e-9)), 1)
        alive &= clock <= DAYS
    customer = np.concatenate([who for who, _day in rows])
    day = np.concatenate([day for _who, day in rows])
    if len(customer) > invoices:
        customer, day = customer[:invoices], day[:invoices]
    missing = invoices - len(customer)
    if missing > 0:  # several documents on a day the customer bought anyway
        again = rng.integers(0, len(customer), missing)
        customer = np.concatenate([customer, customer[again]])
        day = np.concatenate([day, day[again]])
    amount = np.round(rng.gamma(2.0, 1 / scale[customer]) + 1, 2)
    return customer, day, amount


def fill(bench, env, invoices, customers):
    """Post one invoice by the real flow and copy the columns of its rows with set-based SQL."""
    from io import StringIO

    from odoo import Command
    from odoo.tools import SQL

    company = env.company
    if not company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", company)
    move = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": env["res.partner"].create({"name": "Customer"}).id,
            "invoice_date": date(2026, 6, 1),
            "invoice_line_ids": [
                Command.create({"name": "Goods", "price_unit": 100, "tax_ids": [Command.clear()]})
            ],
        }
    )
    move.action_post()
    env.cr.commit()
    cr = env.cr

    def copy(table, ids, source, **overrides):
        cr.execute(
            """SELECT column_name FROM information_schema.columns
                WHERE table_name = %s AND table_schema = 'public' AND is_generated = 'NEVER'
             ORDER BY ordinal_position""",
            [table],
        )
        columns = [name for (name,) in cr.fetchall() if name != "id"]
        values = [SQL(overrides.get(name, f't."{name}"')) for name in columns]
        cr.execute(
            SQL(
                "INSERT INTO %s (%s) SELECT %s FROM %s t CROSS JOIN %s s WHERE t.id IN %s",
                SQL.identifier(table),
                SQL(", ").join(map(SQL.identifier, columns)),
                SQL(", ").join(values),
                SQL.identifier(table),
                SQL(source),
                tuple(ids),
            )
        )

    cr.execute("CREATE TEMP TABLE bench (n serial, customer int, day date, amount numeric)")
    columns = purchases(customers, invoices)
    first = END - timedelta(days=DAYS)
    text = "\n".join(
        f"{who}\t{first + timedelta(days=day)}\t{amount}"
        for who, day, amount in zip(*(column.tolist() for column in columns), strict=True)
    )
    cr.copy_expert("COPY bench (customer, day, amount) FROM STDIN", StringIO(text))
    del text, columns
    cr.execute("SELECT COALESCE(MAX(id), 0) FROM res_partner")
    base = cr.fetchone()[0]
    copy(
        "res_partner",
        move.partner_id.ids,
        "(SELECT DISTINCT customer FROM bench ORDER BY customer)",
        name="'Customer ' || s.customer",
        complete_name="'Customer ' || s.customer",
        ref="'B' || s.customer",
        commercial_partner_id="NULL",
    )
    cr.execute("UPDATE res_partner SET commercial_partner_id = id WHERE id > %s", [base])
    cr.execute(
        """CREATE TEMP TABLE bench_partner AS
           SELECT substr(ref, 2)::int AS customer, id FROM res_partner WHERE id > %s""",
        [base],
    )
    cr.execute(
        """CREATE TEMP TABLE bench_move AS
           SELECT b.n, b.day, b.amount, p.id AS partner_id, 0 AS move_id
             FROM bench b JOIN bench_partner p USING (customer)"""
    )
    rebuild = lighten(cr, ("account_move", "account_move_line"))
    money = dict.fromkeys(
        (
            "amount_untaxed",
            "amount_total",
            "amount_untaxed_signed",
            "amount_total_signed",
            "amount_residual",
            "amount_residual_signed",
            "amount_total_in_currency_signed",
        ),
        "s.amount",
    )
    copy(
        "account_move",
        move.ids,
        "bench_move",
        name="'BINV' || s.n",
        payment_reference="NULL",
        access_token="NULL",
        sequence_number="s.n",
        date="s.day",
        invoice_date="s.day",
        partner_id="s.partner_id",
        commercial_partner_id="s.partner_id",
        **money,
    )
    cr.execute(
        """UPDATE bench_move b SET move_id = m.id
             FROM account_move m WHERE m.name = 'BINV' || b.n"""
    )
    for lines, sign in (
        (move.invoice_line_ids, "-"),
        (move.line_ids - move.invoice_line_ids, ""),
    ):
        copy(
            "account_move_line",
            lines.ids,
            "bench_move",
            move_id="s.move_id",
            move_name="'BINV' || s.n",
            date="s.day",
            invoice_date="s.day",
            partner_id="s.partner_id",
            balance=f"{sign}s.amount",
            amount_currency=f"{sign}s.amount",
            debit="0" if sign else "s.amount",
            credit="s.amount" if sign else "0",
            price_unit="s.amount",
            price_subtotal="s.amount",
            price_total="s.amount",
        )
    for statement in rebuild:
        cr.execute(statement)
    for table in ("res_partner", "account_move", "account_move_line"):
        cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
    cr.commit()


def lighten(cr, tables):
    """Drop foreign keys and indexes of ``tables``, and return the statements that index again.

    Filling takes a fraction of the time. Reading needs no foreign key, and no query here a
    trigram index.
    """
    cr.execute(
        """SELECT conrelid::regclass::text, conname FROM pg_constraint
            WHERE contype = 'f' AND conrelid::regclass::text IN %s""",
        [tables],
    )
    for table, name in cr.fetchall():
        cr.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
    cr.execute(
        """SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
             FROM pg_index i
        LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid
            WHERE i.indrelid::regclass::text IN %s AND c.oid IS NULL""",
        [tables],
    )
    indexes = cr.fetchall()
    for name, _definition in indexes:
        cr.execute(f"DROP INDEX {name}")
    return [definition for _name, definition in indexes if " USING btree " in definition]


def gather(bench, env):
    query = env["crm.partner.score"]._sql_inputs(env.company, END)
    env.cr.execute(query)
    return len(env.cr.fetchall())


def compute(bench, env):
    run = env["crm.partner.score.run"]._compute_isolated(env.company, END)
    env.flush_all()
    found = {name: round(run[name], 3) for name in TRUE}
    return run.state, run.customers, found


def run(bench):
    invoices = bench.option("invoices", 1_000_000)
    customers = bench.option("customers", 200_000)
    bench.child(fill, invoices, customers)
    rounds = bench.option("rounds", 3)
    peer = min((bench.child(gather) for _ in range(rounds)), key=lambda m: m.seconds)
    ours = min((bench.child(compute) for _ in range(rounds)), key=lambda m: m.seconds)
    state, count, found = ours.value
    if state != "fitted" or count != peer.value:
        raise AssertionError("Every customer of the aggregate must have a score with a forecast")
    bench.figure(
        "RFM, BG/NBD and Gamma-Gamma, written",
        ours.seconds,
        peer.seconds,
        bar=3.0,
        invoices=invoices,
        customers=count,
        estimates=found,
        simulated=TRUE,
        queries=ours.queries,
        peak_mib=ours.peak_mib,
    )
    bench.figure("peak memory of the process", ours.peak_mib, 1024, unit="MiB", bar=1.0)
