"""Merging groups of duplicate customers that have documents, against core's wizard.

A group has two to five customers with orders, invoices or leads, messages, attachments, tags and
followers. Ours merges all groups at once, with journal and chatter note; core merges some of the
same kind, three customers at most, one group after the other, as its wizard does. Afterwards the
catalog of the database is searched for what still names a merged customer.
"""

import random

from odoo.tools import SQL

SEED = 20260101


def fill(bench, env, groups, peers):
    """Create the customers and copy documents, whose rows the real flow made, onto them."""
    rng = random.Random(SEED)
    if not env.company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", env.company)
    sizes = [rng.randint(2, 5) for _number in range(groups)]
    sizes += [min(rng.randint(2, 5), 3) for _number in range(peers)]
    tags = env["res.partner.category"].create([{"name": f"Tag {n}"} for n in range(5)])
    quiet = env["res.partner"].with_context(tracking_disable=True, mail_create_nolog=True)
    partners = quiet.create(
        [
            {
                "name": f"Company {number}" + (" Ltd" if place else ""),
                "is_company": True,
                "email": f"info{place}@company{number}.example.com",
                "phone": f"+1 555 {number:06d}" if place else False,
                "city": f"City {number % 50}",
                "category_id": rng.sample(tags.ids, 2),
            }
            for number, size in enumerate(sizes)
            for place in range(size)
        ]
    )
    env.flush_all()
    add_documents(env, partners, tags)
    result, position = [], 0
    for size in sizes:
        result.append(partners.ids[position : position + size])
        position += size
    return result[:groups], result[groups:]


def add_documents(env, partners, tags):
    product = env["product.product"].create({"name": "Pump", "list_price": 100})
    line = {"product_id": product.id, "name": "Pump"}
    orders = env["sale.order"].with_context(tracking_disable=True)
    leads = env["crm.lead"].with_context(tracking_disable=True)
    template = partners[0]
    order = orders.create({"partner_id": template.id, "order_line": [(0, 0, line)]})
    lead = leads.create({"name": "Pumps", "partner_id": template.id})
    move = env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": template.id,
            "invoice_line_ids": [(0, 0, {**line, "price_unit": 100})],
        }
    )
    message = template.message_post(body="Called")
    attachment = env["ir.attachment"].create(
        {"name": "a.txt", "raw": b"a", "res_model": "res.partner", "res_id": template.id}
    )
    env.flush_all()
    third = {kind: list(partners.ids)[kind::3] for kind in range(3)}
    copies = copy(env, order, third[0], ("partner_id", "partner_invoice_id", "partner_shipping_id"))
    copy_lines(env, order.order_line, copies, "order_id", ("order_partner_id",))
    copy(env, lead, third[1], ("partner_id",))
    copies = copy(
        env, move, third[2], ("partner_id", "commercial_partner_id", "partner_shipping_id")
    )
    for invoice_line in move.line_ids:
        copy_lines(env, invoice_line, copies, "move_id", ("partner_id",))
    for _number in range(2):
        copy(env, message, partners.ids, ("res_id", "author_id"))
    copy(env, attachment, partners.ids, ("res_id",))
    env.cr.execute(
        "INSERT INTO mail_followers (res_model, res_id, partner_id)"
        " SELECT 'res.partner', id, %s FROM res_partner WHERE id = ANY(%s) ON CONFLICT DO NOTHING",
        [env.user.partner_id.id, partners.ids],
    )
    env.cr.execute("ANALYZE")


def copy(env, record, partner_ids, columns):
    """Copy a row once for each customer; return the pairs (new id, customer)."""
    return insert(
        env,
        record,
        columns,
        SQL("SELECT p AS partner, NULL::int AS parent FROM UNNEST(%s) p", list(partner_ids)),
        None,
    )


def copy_lines(env, record, parents, link, columns):
    ids, partners = zip(*parents, strict=True)
    source = SQL("SELECT * FROM UNNEST(%s, %s) AS x (parent, partner)", list(ids), list(partners))
    return insert(env, record, columns, source, link)


def insert(env, record, columns, source, link):
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        " AND column_name <> 'id'",
        [record._table],
    )
    names = [name for (name,) in env.cr.fetchall()]
    values = [
        SQL("s.partner") if name in columns
        else SQL("s.parent") if name == link
        else SQL("'<' || t.id || '-' || s.partner || '-' || random() || '@bench>'")
        if name == "message_id"
        else SQL("NULL") if name in ("access_token",) else SQL.identifier("t", name)
        for name in names
    ]  # fmt: skip
    rows = env.execute_query(
        SQL(
            "INSERT INTO %(t)s (%(names)s) SELECT %(values)s FROM %(t)s t, (%(source)s) s"
            " WHERE t.id = %(id)s RETURNING id, %(partner)s",
            t=SQL.identifier(record._table),
            names=SQL(", ").join(map(SQL.identifier, names)),
            values=SQL(", ").join(values),
            source=source,
            id=record.id,
            partner=SQL.identifier(columns[0]),
        )
    )
    return rows


def ours(bench, env, groups):
    partners = env["res.partner"]
    merges = env["crm.merge"]._merge_groups(
        [(partners.browse(ids), partners.browse(ids[0])) for ids in groups]
    )
    env.flush_all()
    return len(merges.filtered(lambda merge: merge.state == "done"))


def core(bench, env, groups):
    wizard = env["base.partner.merge.automatic.wizard"]
    for ids in groups:
        wizard._merge(ids, env["res.partner"].browse(ids[0]))
        env.flush_all()
    return len(groups)


def dangling(bench, env, groups):
    """Count what still names a merged customer; rows of the merge documents may."""
    losers = [partner_id for ids in groups for partner_id in ids[1:]]
    engine, found, places = env["crm.merge.engine"], 0, 0
    for place in engine._places("res_partner", "res.partner"):
        if place.table == "res_partner":
            continue
        places += 1
        texts = [one if place.prefix is None else f"{place.prefix}{one}" for one in losers]
        found += env.execute_query(
            SQL(
                "SELECT COUNT(*) FROM %s t WHERE %s = ANY(%s) AND %s",
                SQL.identifier(place.table),
                SQL.identifier("t", place.column),
                texts,
                place.where,
            )
        )[0][0]
    found += env.execute_query(
        SQL(
            "SELECT COUNT(*) FROM res_partner WHERE parent_id = ANY(%(ids)s)"
            " OR (commercial_partner_id = ANY(%(ids)s) AND id <> ALL(%(ids)s))",
            ids=losers,
        )
    )[0][0]
    env.cr.execute("SELECT COUNT(*) FROM crm_merge_journal")
    return found, places, env.cr.fetchone()[0]


def undo(bench, env, number):
    merges = env["crm.merge"].search([("state", "=", "done")], limit=number)
    merges.action_undo()
    return len(merges)


def run(bench):
    groups, peers = bench.option("groups", 5000), bench.option("peers", 40)
    mine, theirs = bench.child(fill, groups, peers).value
    peer = bench.child(core, theirs)
    result = bench.child(ours, mine)
    if result.value != groups:
        raise AssertionError(f"Only {result.value} of {groups} groups were merged")
    left, places, entries = bench.child(dangling, mine).value
    if left:
        raise AssertionError(f"{left} rows still name a merged customer")
    back = bench.child(undo, min(groups, 50))
    per_group = 1000 * result.seconds / groups
    core_per_group = 1000 * peer.seconds / peers
    bench.figure(
        "a merged group",
        per_group,
        core_per_group,
        unit="ms",
        bar=1 / 50,
        groups=groups,
        customers=sum(map(len, mine)),
        core_groups=peers,
        times_faster=round(core_per_group / per_group, 1),
        queries=result.queries,
        peak_mib=result.peak_mib,
        journal_entries=entries,
        dangling=left,
        places_checked=places,
    )
    bench.figure("an undone merge", 1000 * back.seconds / back.value, unit="ms")
