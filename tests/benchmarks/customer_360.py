"""Opening the 360° view of a customer with 10,000 interactions among 1,000,000.

One document of each kind is made by the real flow; its rows are then copied with SQL. Ten
thousand belong to the one customer and its contacts, the rest to 2,000 others. The view is
opened by a sales administrator, each time with empty caches of records, so record rules, names and
figures are all paid for. The peer is one plain UNION over the same tables by partner: no rights, no
figures, no names, no mails on documents.
"""

import os
import time
from pathlib import Path

from odoo import Command
from odoo.tools import SQL

#: of every hundred interactions; 45 mails stand on orders, 5 on the customer
SHARES = {
    "mail_message": 50,
    "mail_activity": 10,
    "calendar_event": 4,
    "crm_lead": 3,
    "sale_order": 12,
    "stock_picking": 7,
    "account_move": 8,
    "account_payment": 6,
}
OTHERS = 2_000
CONTACTS = 5
INTERACTIONS = 10_000

PEER = """
    SELECT * FROM (
        SELECT 'order' AS kind, id, date_order AS at, name FROM sale_order
         WHERE partner_id = ANY(%(ids)s)
        UNION ALL
        SELECT 'lead', id, create_date, name FROM crm_lead WHERE partner_id = ANY(%(ids)s)
        UNION ALL
        SELECT 'picking', id, date_done, name FROM stock_picking WHERE partner_id = ANY(%(ids)s)
        UNION ALL
        SELECT 'invoice', id, invoice_date, name FROM account_move
         WHERE commercial_partner_id = %(id)s AND move_type IN ('out_invoice', 'out_refund')
        UNION ALL
        SELECT 'payment', id, date, name FROM account_payment WHERE partner_id = ANY(%(ids)s)
        UNION ALL
        SELECT 'meeting', e.id, e.start, e.name FROM calendar_event e
          JOIN calendar_event_res_partner_rel r ON r.calendar_event_id = e.id
         WHERE r.res_partner_id = ANY(%(ids)s)
        UNION ALL
        SELECT 'activity', id, date_deadline, summary FROM mail_activity
         WHERE res_model = 'res.partner' AND res_id = ANY(%(ids)s)
        UNION ALL
        SELECT 'mail', id, date, subject FROM mail_message
         WHERE model = 'res.partner' AND res_id = ANY(%(ids)s)
        UNION ALL
        SELECT 'mail', m.id, m.date, m.subject FROM mail_message m
          JOIN sale_order o ON o.id = m.res_id AND m.model = 'sale.order'
         WHERE o.partner_id = ANY(%(ids)s)
    ) AS rows ORDER BY at DESC LIMIT 40
"""


class Data:
    """Makes one document of each kind and copies it."""

    def __init__(self, env, total):
        self.env = env
        self.total = total
        self.every = max(1, total // INTERACTIONS)  # one copy in so many is the customer's

    def fill(self):
        env = self.env
        if not env.company.chart_template:
            env["account.chart.template"].try_loading("generic_coa", env.company)
        self._partners()
        self._flow()
        env.flush_all()
        env.cr.commit()
        self._multiply()
        for table in (*SHARES, "account_move_line", "calendar_event_res_partner_rel"):
            env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
        env.cr.commit()
        return self.customer.id

    def _partners(self):
        partner = self.env["res.partner"].with_context(tracking_disable=True)
        self.customer = partner.create({"name": "Big", "is_company": True})
        self.people = partner.create(
            [{"name": f"C{n}", "parent_id": self.customer.id} for n in range(CONTACTS)]
        )
        self.others = partner.create(
            [{"name": f"Other {n}", "is_company": True} for n in range(OTHERS)]
        )

    def _flow(self):
        env = self.env
        product = env["product.product"].create(
            {"name": "Pump", "type": "consu", "list_price": 100, "invoice_policy": "order"}
        )
        partner = self.customer
        order = self.order = env["sale.order"].create(
            {
                "partner_id": partner.id,
                "user_id": env.ref("base.user_admin").id,
                "order_line": [Command.create({"product_id": product.id, "price_unit": 100})],
            }
        )
        order.action_confirm()
        self.picking = order.picking_ids
        self.picking.move_ids.write({"quantity": 1, "picked": True})
        self.picking.button_validate()
        self.invoice = order._create_invoices()
        self.invoice.action_post()
        self.payment = (
            env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=self.invoice.ids)
            .create({})
            ._create_payments()
        )
        self.lead = env["crm.lead"].create(
            {"name": "Lead", "type": "opportunity", "partner_id": partner.id, "probability": 50}
        )
        self.mail = order.message_post(
            body="Hello", subject="Hello", message_type="email", subtype_xmlid="mail.mt_comment"
        )
        self.activity = env["mail.activity"].create(
            {
                "res_model_id": env["ir.model"]._get_id("res.partner"),
                "res_id": partner.id,
                "activity_type_id": env.ref("mail.mail_activity_data_call").id,
                "summary": "Call",
                "user_id": env.ref("base.user_admin").id,
            }
        )
        self.activity.action_done()
        self.event = env["calendar.event"].create(
            {
                "name": "Visit",
                "start": "2026-01-01 08:00:00",
                "stop": "2026-01-01 09:00:00",
                "partner_ids": [Command.set(partner.ids)],
            }
        )

    # ------------------------------------------------------------------

    def _columns(self, table):
        rows = self.env.execute_query(
            SQL(
                """SELECT column_name FROM information_schema.columns
                    WHERE table_name = %s AND table_schema = 'public'
                      AND is_generated = 'NEVER' ORDER BY ordinal_position""",
                table,
            )
        )
        return [row[0] for row in rows]

    def _copy(self, record, count, **overrides):
        """Copy the row ``count`` times; ``n`` is the number of the copy. Return the first id."""
        table = record._table
        [[last]] = self.env.execute_query(SQL("SELECT MAX(id) FROM %s", SQL.identifier(table)))
        overrides = {"id": f"{last} + n", **overrides}
        values = SQL(", ").join(
            SQL(overrides[name]) if name in overrides else SQL("t.%s", SQL.identifier(name))
            for name in self._columns(table)
        )
        self.env.cr.execute(
            SQL(
                """INSERT INTO %s (%s) SELECT %s FROM %s t, generate_series(1, %s) n
                    WHERE t.id = %s""",
                SQL.identifier(table),
                SQL(", ").join(map(SQL.identifier, self._columns(table))),
                values,
                SQL.identifier(table),
                count,
                record.id,
            )
        )
        self.env.cr.execute(SQL("SELECT setval(%s, %s)", f"{table}_id_seq", last + count))
        return last + 1

    def _count(self, table):
        return self.total * SHARES[table] // 100

    def _multiply(self):
        own = (
            f"(ARRAY{[self.customer.id, *self.people.ids]})[1 + n / {self.every} %% {CONTACTS + 1}]"
        )
        others = f"(ARRAY{self.others.ids})[1 + n::bigint * 7919 %% {OTHERS}]"
        partner = f"CASE WHEN n %% {self.every} = 0 THEN {own} ELSE {others} END"
        entity = f"CASE WHEN n %% {self.every} = 0 THEN {self.customer.id} ELSE {others} END"
        day = "DATE '2026-06-30' - (n %% 1000)"
        moment = f"({day})::timestamp + n %% 80000 * INTERVAL '1 second'"
        orders = self._copy(
            self.order,
            self._count("sale_order"),
            name="'B' || n",
            partner_id=partner,
            date_order=moment,
            state=f"CASE WHEN n / {self.every} %% 4 = 0 THEN 'draft' ELSE 'sale' END",
            access_token="NULL",
        )
        self._copy(
            self.picking,
            self._count("stock_picking"),
            name="'BOUT/' || n",
            partner_id=partner,
            date_done=moment,
            sale_id=f"{orders} + n - 1",
        )
        self._copy(
            self.lead,
            self._count("crm_lead"),
            partner_id=partner,
            create_date=moment,
            lost_reason_id="NULL",
        )
        self._copy(
            self.activity,
            self._count("mail_activity"),
            res_id=partner,
            date_deadline=day,
            date_done=day,
        )
        events = self._copy(
            self.event,
            self._count("calendar_event"),
            start=moment,
            stop=moment,
            access_token="NULL",
        )
        self.env.cr.execute(
            SQL(
                f"""INSERT INTO calendar_event_res_partner_rel (calendar_event_id, res_partner_id)
                    SELECT {events} + n - 1, {partner} FROM generate_series(1, %s) n""",
                self._count("calendar_event"),
            )
        )
        self._copy_money(partner, entity, day)
        self._copy_mails(orders, partner, moment)

    def _copy_money(self, partner, entity, day):
        count = self._count("account_move")
        first = self._copy(
            self.invoice,
            count,
            name="'BINV/' || n",
            payment_reference="NULL",
            access_token="NULL",
            sequence_number="n + 1000",
            partner_id=partner,
            commercial_partner_id=entity,
            invoice_date=day,
            date=day,
        )
        for line in self.invoice.line_ids:
            receivable = line.account_id.account_type == "asset_receivable"
            self._copy(
                line,
                count,
                move_id=f"{first} + n - 1",
                move_name="'BINV/' || n",
                partner_id=entity,
                date=day,
                full_reconcile_id="NULL",
                matching_number="NULL",
                date_maturity=f"{day} + 30" if receivable else "NULL",
                reconciled=f"n / {self.every} %% 10 <> 0" if receivable else "FALSE",
                amount_residual=f"CASE WHEN n / {self.every} %% 10 = 0 THEN 100 ELSE 0 END"
                if receivable
                else "0",
            )
        self._copy(
            self.payment,
            self._count("account_payment"),
            name="'BPAY/' || n",
            move_id="NULL",
            partner_id=partner,
            date=day,
        )

    def _copy_mails(self, orders, partner, moment):
        """Nine mails of ten stand on an order of the right customer: its number has the same n."""
        count = self._count("sale_order")
        # Copies n and n + k * count meet the same order where count is a multiple of self.every.
        on_order = f"{orders} + (n - 1) %% {count // self.every * self.every}"
        self._copy(
            self.mail,
            self._count("mail_message"),
            model=f"CASE WHEN n / {self.every} %% 10 = 0 THEN 'res.partner' ELSE 'sale.order' END",
            res_id=f"CASE WHEN n / {self.every} %% 10 = 0 THEN {partner} ELSE {on_order} END",
            date=moment,
            author_id="t.author_id",
            message_id="'bench-' || n",
        )


def prepare(bench, env, total):
    return Data(env, total).fill()


def count_interactions(env, partner):
    """Return how many rows the timeline of the customer has in all."""
    timeline = env["crm.interaction"]
    rows, _cursor = timeline._page(timeline._scope(partner), None, 1_000_000)
    return len(rows)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def cpu_of(pid):
    """Return the processor seconds that a process has used so far."""
    # The name of the program, in brackets, may contain blanks.
    values = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


def open_view(bench, env, partner_id, times):
    """Return p50 and p95 of the whole answer and of a later page, queries and CPU of one.

    Wall time depends on what else the machine does, processor time hardly: of Python, and of the
    database server's process that answers (PostgreSQL's parallel workers are not in it).
    """
    user = env.ref("base.user_admin")
    partners = env["res.partner"].with_user(user)
    [[backend]] = env.execute_query(SQL("SELECT pg_backend_pid()"))
    opened, more, python, postgres = [], [], [], []
    for _number in range(times + 3):
        env.invalidate_all()
        before, start = env.cr.sql_log_count, time.perf_counter()
        cpu = time.process_time(), cpu_of(backend)
        data = partners.get_customer_360(partner_id)
        opened.append(time.perf_counter() - start)
        python.append(time.process_time() - cpu[0])
        postgres.append(cpu_of(backend) - cpu[1])
        queries = env.cr.sql_log_count - before
        start = time.perf_counter()
        partners.env["crm.interaction"].get_timeline(partner_id, {}, data["timeline"]["cursor"])
        more.append(time.perf_counter() - start)
    # The first calls fill the caches of rules and rights that a running server has.
    return (
        [percentile(opened[3:], 0.5), percentile(opened[3:], 0.95)],
        [percentile(more[3:], 0.5), percentile(more[3:], 0.95)],
        queries,
        opened[0],
        [sum(python[3:]) / times, sum(postgres[3:]) / times],
    )


def peer(bench, env, partner_id, times):
    ids = env["res.partner"].search([("commercial_partner_id", "=", partner_id)]).ids
    result = []
    for _number in range(times):
        start = time.perf_counter()
        env.cr.execute(PEER, {"id": partner_id, "ids": ids})
        env.cr.fetchall()
        result.append(time.perf_counter() - start)
    return [percentile(result, 0.5), percentile(result, 0.95)]


def count(bench, env, partner_id):
    return count_interactions(env, env["res.partner"].browse(partner_id))


def run(bench):
    total, times = bench.option("total", 1_000_000), bench.option("times", 50)
    partner_id = bench.child(prepare, total).value
    interactions = bench.child(count, partner_id).value
    if interactions < INTERACTIONS:
        raise AssertionError(f"Only {interactions} interactions")
    opened, more, queries, first, cpu = bench.child(open_view, partner_id, times).value
    plain = bench.child(peer, partner_id, times).value
    bench.figure(
        "opening the view of a customer, p95, against 300 ms",
        opened[1],
        0.3,
        bar=1.0,
        interactions=interactions,
        total=total,
        p50=opened[0],
        first_of_a_process=first,
        queries=queries,
        python_cpu_seconds=cpu[0],
        postgres_cpu_seconds=cpu[1],
        load=os.getloadavg()[0],
    )
    bench.figure("the same, p95, against one plain UNION by partner", opened[1], plain[1])
    bench.figure("the next page, p95, against the plain UNION", more[1], plain[1], p50=more[0])
