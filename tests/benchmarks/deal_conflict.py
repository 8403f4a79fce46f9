"""The conflict check of a new registration against 200,000 live ones and 500,000 customers.

Half of the new registrations are of companies that are there (misspelled, moved, in pinyin), half
of unknown ones. Measured is the whole check: keys of the record, probes of both key tables, reading
and scoring of what they find, open opportunities and recent orders of the customers found. Record
caches are empty as in a new request.
"""

import os
import time

import match_one

BATCH = 20_000
UNTIL = "2099-12-31"


def fill(bench, env, customers):
    match_one.fill(bench, env, customers)


def make_keys(bench, env):
    return match_one.make_keys(bench, env)


def registrations(bench, env, records):
    """Insert live registrations of companies of the generator, and their keys."""
    partner = env["res.partner"].create({"name": "Bench Partner", "is_company": True})
    env.flush_all()
    env.cr.execute("DROP INDEX IF EXISTS crm_deal_key_key_idx, crm_deal_key_owner_idx")
    rows, count = [], 0
    # the first of them are customers as well; two of five rows of the generator are companies
    for row in match_one.customers(records * 5):
        if not row["firm"] or not row["name"]:
            continue
        rows.append(row)
        count += 1
        if len(rows) == BATCH or count == records:
            insert(env, partner, rows)
            rows = []
        if count == records:
            break
    if rows:
        insert(env, partner, rows)
    env["crm.deal.key"].init()
    env.cr.execute("ANALYZE crm_deal_registration; ANALYZE crm_deal_key")
    env.cr.execute("SELECT COUNT(*), pg_total_relation_size('crm_deal_key') FROM crm_deal_key")
    return (*env.cr.fetchone(), count)


def insert(env, partner, rows):
    """Insert a batch through SQL, and its keys as the addon makes them."""
    company = env.company
    values = [match_one.partner_row(row) for row in rows]
    env.cr.execute(
        """INSERT INTO crm_deal_registration (
                  name, state, active, company_id, currency_id, partner_id, amount,
                  amount_company, approved_on, protected_until, extension_state, submitted_at,
                  customer_name, match_phone, customer_email, customer_street, customer_city,
                  match_code)
           SELECT 'DR', 'approved', TRUE, %s, %s, %s, 1000, 1000, NOW(), %s, 'none', NOW(), given.*
             FROM UNNEST(%s::varchar[], %s::varchar[], %s::varchar[], %s::varchar[], %s::varchar[],
                         %s::varchar[]) given
        RETURNING id""",
        [company.id, company.currency_id.id, partner.id, UNTIL]
        + [[row[number] for row in values] for number in (0, 2, 3, 4, 5, 6)],
    )
    ids = [row[0] for row in env.cr.fetchall()]
    deals = env["crm.deal.registration"].browse(ids)
    matcher = env["crm.deal.matcher"]
    env["crm.deal.key"]._store([("r", deal.id, matcher._hashes(deal._subject())) for deal in deals])
    env.cr.commit()
    env.invalidate_all()


def probe(bench, env, records, probes):
    matcher, none = env["crm.deal.matcher"], env["crm.deal.registration"]
    country, company = env.ref("base.cn"), env.company
    seconds, cpu, found = [], [], 0
    rows = [row for row in match_one.typed(records, 4 * probes) if row["firm"]][: probes + 20]
    for number, row in enumerate(rows):
        values = {
            "name": row["name"], "phone": row["phone"], "email": row["email"], "vat": row["vat"],
            "street": row["address"], "city": row["city"], "country_id": country,
        }  # fmt: skip
        env.invalidate_all()
        start, start_cpu = time.perf_counter(), time.process_time()
        matches = matcher._find_conflicts(matcher._subject(values, company), none)
        if number >= 20:  # the first ones load dictionaries and rules
            seconds.append(time.perf_counter() - start)
            cpu.append(time.process_time() - start_cpu)
            found += any(match.certain for match in matches)
    return sorted(seconds), sorted(cpu), found


def run(bench):
    customers = bench.option("customers", 500_000)
    records, probes = bench.option("records", 200_000), bench.option("probes", 500)
    bench.child(fill, customers)
    bench.child(make_keys)
    keys, size, stored = bench.child(registrations, records).value
    seconds, cpu, found = bench.child(probe, customers, probes).value
    share = {
        f"p{percent}_ms": round(1000 * seconds[len(seconds) * percent // 100 - 1], 1)
        for percent in (50, 99)
    }
    share["p95_cpu_ms"] = round(1000 * cpu[len(cpu) * 95 // 100 - 1], 1)  # of our process alone
    share["load"] = round(os.getloadavg()[0], 1)  # on a busy machine wall times say little
    bench.figure(
        "conflict check of a registration, p95",
        1000 * seconds[len(seconds) * 95 // 100 - 1],
        150,
        unit="ms",
        bar=1.0,
        registrations=stored,
        customers=customers,
        probes=len(seconds),
        in_conflict=found,
        keys=keys,
        keys_mib=round(size / 2**20),
        **share,
    )
