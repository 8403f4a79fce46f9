"""Duplicates among generated Chinese and English customers, against Splink with DuckDB.

Both sides get the same candidates: the keys of our blocking rules are handed to the peer, with the
normal forms of every field, as ready columns.
The peer's quality is that of the best of five thresholds.
"""

import csv
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import match_data
import numpy as np

DATABASES = ()
PEERS = True

#: What Splink compares: the same fields, levels of the same meaning.
COMPARISONS = [
    {
        "name": "name",
        "column": "name_text",
        "levels": [
            "exact_tf:name_text",
            "exact_tf:name_sound",
            "jaro_winkler_similarity(name_roman_l, name_roman_r) >= 0.92",
            "name_family_l = name_family_r",
        ],
    },
    {
        "name": "phone",
        "column": "phone_digits",
        "levels": ["exact_tf:phone_digits", "levenshtein(phone_digits_l, phone_digits_r) <= 1"],
    },
    {
        "name": "email",
        "column": "email_value",
        "levels": [
            "exact_tf:email_value",
            "levenshtein(email_value_l, email_value_r) <= 2",
            "email_local_l = email_local_r",
        ],
    },
    {
        "name": "address",
        "column": "address_text",
        "levels": [
            "exact_tf:address_text",
            "jaro_winkler_similarity(address_text_l, address_text_r) >= 0.92",
            "address_words_l = address_words_r",
        ],
    },
    {"name": "city", "column": "city", "levels": ["exact_tf:city"]},
    {"name": "vat", "column": "vat", "levels": ["exact:vat"]},
]
FORMS = {
    "name_text": ("name", "party", "text"),
    "name_sound": ("name", "party", "sound"),
    "name_roman": ("name", "party", "roman"),
    "name_family": ("name", "party", "family"),
    "phone_digits": ("phone", "phone", "digits"),
    "email_value": ("email", "email", "value"),
    "email_local": ("email", "email", "local"),
    "address_text": ("address", "address", "text"),
    "address_words": ("address", "address", "words"),
    "city": ("city", "identifier", "value"),
    "vat": ("vat", "identifier", "value"),
}


def engine():
    """The matching engine, without Odoo."""
    folder = str(Path("addons", "crm_customer", "engine").absolute())
    if folder not in sys.path:
        sys.path.append(folder)
    import match

    return match


def generate(_bench, _env, rows, seed, folder):
    """The customers, in a file: the memory that drawing them takes is neither side's."""
    with open(Path(folder, "customers.pickle"), "wb") as file:
        pickle.dump(match_data.Generator(seed).table(rows), file, pickle.HIGHEST_PROTOCOL)


def load(folder):
    """Columns of the customers, and the number of each record's customer."""
    with open(Path(folder, "customers.pickle"), "rb") as file:
        return pickle.load(file)


def ours(bench, _env, folder):
    """Link the generated customers; in a process of its own."""
    match = engine()
    columns, truth = load(folder)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    with bench.measure() as measured:
        links = match.link(columns, match.default_ruleset("mixed"), workers=2)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    measured.cpu_seconds += used.ru_utime + used.ru_stime - children.ru_utime - children.ru_stime
    measured.peak_mib += used.ru_maxrss / 1024  # the process that parses names
    measured.value = {
        **match_data.scores(truth, links.cluster),
        "candidates": links.compared,
        "pairs_to_review": int((links.decision == 1).sum()),
    }
    return measured


def write_plan(bench, _env, folder):
    """The peer's data: normal forms and the keys of the blocking rules."""
    engine()
    from match.blocking import limited_codes
    from match.defaults import default_ruleset
    from match.table import Table

    columns, truth = load(folder)
    rows = len(truth)
    rules = default_ruleset("mixed")
    blocks = [f"block_{number}" for number in range(len(rules.blocking))]
    with bench.measure() as prepared:
        table = Table(columns, rules)
        everything = np.arange(rows)
        forms = {name: table.form(*form).strings(everything) for name, form in FORMS.items()}
        keys = [limited_codes(table, rule) for rule in rules.blocking]
    data = {"id": range(rows), **forms}
    for name, codes in zip(blocks, keys, strict=True):
        data[name] = ["" if code < 0 else code for code in codes.tolist()]
    with open(Path(folder, "data.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(data)
        writer.writerows(zip(*data.values(), strict=True))
    plan = {
        "comparisons": COMPARISONS,
        "blocks": blocks,
        "certain": ["phone_digits", "email_value"],
        "passes": ["phone_digits", "name_sound"],
        "thresholds": [0.95, 0.99, 0.999, 0.9999, 0.99999],
        "threads": 2,
    }
    Path(folder, "peer.json").write_text(json.dumps(plan), encoding="utf-8")
    return truth, prepared


def peer(bench, truth, folder):
    """Splink on what :func:`write_plan` wrote; of its thresholds the one that suits it best."""
    folder = Path(folder)
    script = Path(__file__).with_name("match_peers.py")
    with open(folder / "peer.log", "w") as log:
        subprocess.run([bench.peer_python, str(script), str(folder)], check=True, stderr=log)
    result = json.loads((folder / "peer_result.json").read_text())
    best = {}
    for number, threshold in enumerate(
        json.loads((folder / "peer.json").read_text())["thresholds"]
    ):
        cluster = np.zeros(len(truth), np.int64)
        with open(folder / f"clusters_{number}.csv", newline="") as file:
            for row in csv.DictReader(file):
                cluster[int(row["id"])] = int(row["cluster_id"])
        found = match_data.scores(truth, cluster) | {"threshold": threshold}
        best = max(best, found, key=lambda figures: figures.get("cluster_f1", 0))
    return result | best


def compare(bench, rows, *, seconds, memory, precision, f1, pairs=(None, None), rounds=1):
    """Both sides on the same customers, in turn; the named numbers are the bars.

    All rounds are kept, the ratio is that of the fastest of each side.
    """
    seed = bench.option("seed", 20261124)
    loads = []
    with tempfile.TemporaryDirectory() as folder:
        bench.child(generate, rows, seed, folder, kind=None)
        truth, prepared = bench.child(write_plan, folder, kind=None).value
        runs = []
        for _round in range(bench.option("rounds", rounds)):
            runs.append((bench.child(ours, folder, kind=None).value, peer(bench, truth, folder)))
            loads.append(os.getloadavg()[0])
    # others use the machine too: of each side the run that was disturbed least
    measured = min((one for one, _other in runs), key=lambda run: run.seconds)
    other = min((other for _one, other in runs), key=lambda run: run["seconds"])
    figures = measured.value
    bench.figure(
        "finding and clustering duplicates",
        measured.seconds,
        other["seconds"],
        bar=seconds,
        rows=rows,
        candidates=figures["candidates"],
        pairs_to_review=figures["pairs_to_review"],
        rounds_ours=[one.seconds for one, _other in runs],
        rounds_peer=[other["seconds"] for _one, other in runs],
        loads=loads,
    )
    bench.figure("processor time of the same", measured.cpu_seconds, other["cpu_seconds"], "s")
    bench.figure(
        "processor time, the peer's with the making of its normal forms and keys",
        measured.cpu_seconds,
        other["cpu_seconds"] + prepared.cpu_seconds,
        "s",
    )
    bench.figure("peak memory", measured.peak_mib, other["peak_mib"], "MiB", bar=memory)
    bars = {
        "cluster_precision": precision,
        "cluster_recall": None,
        "cluster_f1": f1,
        "pair_precision": pairs[0],
        "pair_recall": pairs[1],
        "pair_f1": None,
        "exact": None,
    }
    for name, least in bars.items():
        more = {} if least is None else {"at_least": least, "reached": figures[name] >= least}
        bench.figure(name, figures[name], other[name], "share", **more)


def run(bench):
    compare(
        bench,
        bench.option("rows", 120_000),
        seconds=0.4,
        memory=None,
        precision=0.99,
        f1=0.975,
        pairs=(0.99, 0.95),
        rounds=5,
    )
