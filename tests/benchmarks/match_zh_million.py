"""The benchmark match_zh with 1,000,000 customers: time, memory and quality against Splink."""

from match_zh import compare, generate, ours, write_plan  # noqa: F401  child processes look them up here

DATABASES = ()
PEERS = True


def run(bench):
    compare(
        bench, bench.option("rows", 1_000_000), seconds=0.35, memory=0.6, precision=0.97, f1=0.97
    )
