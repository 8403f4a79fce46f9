"""A customer being typed against a million: likely duplicates through the table of blocking keys.

Half of the new records are duplicates of customers that are there (misspelled, moved, in pinyin), half
are unknown people and companies with common names. Measured is all that the warning on the form costs
on the server: keys of the record, probes, reading and scoring of what they find, and the reader's
rights; record caches are empty as in a new request.
"""

import os
import random
import time

from match_data import Generator

SEED = 20261124
BATCH = 20_000
COLUMNS = ("name", "phone", "phone_sanitized", "email", "street", "city", "vat", "is_company")


def customers(records):
    """Yield rows of the generator, the same ones every time."""
    generator, recent, count = Generator(SEED), [], 0
    while count < records:
        unit = generator.unit(recent)
        recent = (recent + unit)[-2000:]
        yield from unit
        count += len(unit)


def partner_row(row):
    phone = "".join(char for char in row["phone"] if char.isdigit() or char == "+")
    if phone and not phone.startswith("+"):
        phone = f"+86{phone.removeprefix('0')}"
    return (
        row["name"], row["phone"] or None, phone or None, row["email"] or None,
        row["address"] or None, row["city"] or None, row["vat"] or None, row["firm"],
    )  # fmt: skip


def insert(env, rows):
    env.cr.execute(
        """INSERT INTO res_partner (name, phone, phone_sanitized, email, street, city, vat,
                                    is_company, complete_name, email_normalized, active, type,
                                    partner_share, autopost_bills, create_date, write_date)
                SELECT given.*, given.name, LOWER(given.email), TRUE, 'contact', TRUE, 'ask',
                       NOW() AT TIME ZONE 'UTC', NOW() AT TIME ZONE 'UTC'
                  FROM UNNEST(%s::varchar[], %s::varchar[], %s::varchar[], %s::varchar[],
                              %s::varchar[], %s::varchar[], %s::varchar[], %s::bool[])
                       given (name, phone, phone_sanitized, email, street, city, vat, is_company)
        """,
        [list(column) for column in zip(*rows, strict=True)],
    )


def fill(bench, env, records):
    rows = []
    for row in customers(records):
        rows.append(partner_row(row))
        if len(rows) == BATCH:
            insert(env, rows)
            rows = []
    if rows:
        insert(env, rows)
    env.cr.execute(
        "UPDATE res_partner SET commercial_partner_id = id WHERE commercial_partner_id IS NULL"
    )
    env.cr.execute("ANALYZE res_partner")


def make_keys(bench, env):
    """Fill the table of keys as the scheduled action does, its indexes made afterwards."""
    env.cr.execute("DROP INDEX crm_match_key_key_idx; DROP INDEX crm_match_key_partner_idx")
    for ruleset in env["crm.match.ruleset"].search([]):
        ruleset.keys_done = 0
        while ruleset._make_some_keys(BATCH):
            env.cr.commit()
            env.invalidate_all()
    env["crm.match.key"].init()
    env.cr.execute("ANALYZE crm_match_key")
    env.cr.execute("SELECT COUNT(*), pg_total_relation_size('crm_match_key') FROM crm_match_key")
    return env.cr.fetchone()


def typed(records, probes):
    """Return rows that people type: duplicates of what is there, and others."""
    draw = random.Random(SEED + 1)
    known = []
    for row in customers(min(records, 5 * probes)):
        known.append(row)
    again, fresh = Generator(SEED + 2), Generator(SEED + 3)
    rows = [again.duplicate(row) for row in draw.sample(known, probes // 2)]
    while len(rows) < probes:
        rows += fresh.unit(known[-500:])
    draw.shuffle(rows)
    return rows[:probes]


def probe(bench, env, records, probes):
    user = env.ref("base.user_admin")
    rulesets = env(user=user.id)["crm.match.ruleset"]
    country = env.ref("base.cn")
    seconds, cpu, found = [], [], 0
    rows = typed(records, probes + 20)
    for number, row in enumerate(rows):
        values = {
            "name": row["name"], "phone": row["phone"], "email": row["email"], "vat": row["vat"],
            "street": row["address"], "city": row["city"], "country_id": country,
        }  # fmt: skip
        env.invalidate_all()
        start, start_cpu = time.perf_counter(), time.process_time()
        answer = rulesets._find_duplicates("company" if row["firm"] else "person", values)
        if number >= 20:  # the first ones load dictionaries and rules
            seconds.append(time.perf_counter() - start)
            cpu.append(time.process_time() - start_cpu)
            found += bool(answer)
    return sorted(seconds), sorted(cpu), found


def run(bench):
    records, probes = bench.option("records", 1_000_000), bench.option("probes", 1_000)
    bench.child(fill, records)
    made = bench.child(make_keys)
    keys, size = made.value
    measured = bench.child(probe, records, probes)
    seconds, cpu, found = measured.value
    share = {
        f"p{percent}_ms": round(1000 * seconds[len(seconds) * percent // 100 - 1], 1)
        for percent in (50, 99)
    }
    share["p95_cpu_ms"] = round(1000 * cpu[len(cpu) * 95 // 100 - 1], 1)  # of our process alone
    share["load"] = round(os.getloadavg()[0], 1)  # on a busy machine wall times say little
    bench.figure(
        "a new record, p95",
        1000 * seconds[len(seconds) * 95 // 100 - 1],
        50,
        unit="ms",
        bar=1.0,
        rows=records,
        probes=len(seconds),
        with_duplicates=found,
        **share,
    )
    bench.figure("keys of all customers", made.seconds, keys=keys, table_mib=round(size / 2**20))
