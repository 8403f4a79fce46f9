"""Splink on the data of a matching benchmark; runs with the Python of the peers' environment.

``python match_peers.py FOLDER``: reads ``data.csv`` (an ``id``, normal forms, one ``block_N`` per
blocking rule) and ``peer.json`` (comparisons as SQL conditions of levels, training passes,
thresholds),
writes ``clusters_N.csv`` per threshold and ``peer_result.json``. Loading the file and making normal
forms is not in the time, nor are the thresholds but the first: all of that favours the peer.
"""

import json
import logging
import resource
import sys
import time
from pathlib import Path

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import Linker, SettingsCreator
from splink.backends.duckdb import DuckDBAPI


def _level(text):
    """A level from ``exact:COLUMN``, ``exact_tf:COLUMN`` (term frequency) or an SQL condition."""
    kind, _colon, column = text.partition(":")
    if kind in ("exact", "exact_tf"):
        return cll.ExactMatchLevel(column, term_frequency_adjustments=kind == "exact_tf")
    return cll.CustomLevel(text)


def _comparison(name, column, levels):
    return cl.CustomComparison(
        output_column_name=name,
        comparison_levels=[cll.NullLevel(column), *map(_level, levels), cll.ElseLevel()],
    )


def _rule(column):
    return f"l.{column} = r.{column}"


def link(connection, plan):
    """Train and predict the way Splink's documentation proposes; returns what clusters."""
    api = DuckDBAPI(connection)
    records = api.register("data", dataset_display_name="records")
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        comparisons=[_comparison(**comparison) for comparison in plan["comparisons"]],
        blocking_rules_to_generate_predictions=[_rule(column) for column in plan["blocks"]],
        retain_matching_columns=False,
    )
    linker = Linker(records, settings)
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [_rule(column) for column in plan["certain"]], recall=0.7
    )
    training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1, min_count_per_level=None)
    for column in plan["passes"]:
        training.estimate_parameters_using_expectation_maximisation(
            _rule(column), record_sample_proportion=1.0
        )
    pairs = linker.inference.predict(threshold_match_probability=0.3)

    def cluster(threshold):
        return linker.clustering.cluster_pairwise_predictions_at_threshold(
            pairs, threshold_match_probability=threshold
        ).physical_name

    return cluster


def main(folder):
    folder = Path(folder)
    logging.getLogger("splink").setLevel(logging.ERROR)
    plan = json.loads((folder / "peer.json").read_text(encoding="utf-8"))
    connection = duckdb.connect()
    connection.execute(f"SET threads TO {plan['threads']}")
    types = {name: "INTEGER" for name in ("id", *plan["blocks"])}
    connection.execute(
        "CREATE TABLE data AS SELECT * FROM read_csv(?, header=true, all_varchar=true)",
        [str(folder / "data.csv")],
    )
    for name, kind in types.items():
        connection.execute(f'ALTER TABLE data ALTER "{name}" TYPE {kind}')
    cpu, start = time.process_time(), time.perf_counter()
    cluster = link(connection, plan)
    name = cluster(plan["thresholds"][0])
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    for number, threshold in enumerate(plan["thresholds"]):
        name = cluster(threshold) if number else name
        target = folder / f"clusters_{number}.csv"
        connection.execute(f"COPY (SELECT id, cluster_id FROM {name}) TO '{target}'")
    result = {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    (folder / "peer_result.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
