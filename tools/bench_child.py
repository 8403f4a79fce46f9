"""The process a benchmark runs in: gives it Odoo environments, and measures.

Runs with the virtual environment's Python: ``python -m tools.bench_child NAME``.
"""

import contextlib
import importlib.util
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import odoo
import odoo.api
import odoo.modules.registry
import odoo.sql_db

FOLDER = Path("tests", "benchmarks").absolute()  # ./suite starts us in the checkout


@dataclass
class Measurement:
    """What a piece of work cost."""

    seconds: float = 0.0
    #: processor time of this process; the database server's is not in it
    cpu_seconds: float = 0.0
    #: queries that went through Odoo's cursors in this thread
    queries: int = 0
    #: peak memory of the process, from its start
    peak_mib: float = 0.0
    value: object = field(default=None, repr=False)


class Bench:
    """What a benchmark's ``run(bench)`` gets."""

    def __init__(self, name):
        self.name = name
        self.databases = json.loads(os.environ["SUITE_BENCH_DATABASES"])
        self.options = json.loads(os.environ.get("SUITE_BENCH_OPTIONS", "{}"))
        #: Python with the packages of bench.txt, for a benchmark that says ``PEERS = True``
        self.peer_python = os.environ.get("SUITE_BENCH_PEERS", "")

    def option(self, name, default):
        """A value that ``./suite bench NAME --set name=value`` may change."""
        return type(default)(self.options.get(name, default))

    @contextlib.contextmanager
    def environment(self, kind="suite"):
        """Odoo environment of the administrator on a database of ours; committed in the end."""
        registry = odoo.modules.registry.Registry(self.databases[kind])
        threading.current_thread().dbname = self.databases[kind]
        with registry.cursor() as cr:
            yield odoo.api.Environment(cr, odoo.SUPERUSER_ID, {})

    @contextlib.contextmanager
    def measure(self):
        """Measure the block; the figures are complete after it."""
        result = Measurement()
        thread = threading.current_thread()
        before = getattr(thread, "query_count", 0)
        thread.query_count = before
        cpu, start = time.process_time(), time.perf_counter()
        yield result
        result.seconds = time.perf_counter() - start
        result.cpu_seconds = time.process_time() - cpu
        result.queries = thread.query_count - before
        result.peak_mib = peak_mib()

    def child(self, function, *arguments, kind="suite"):
        """Call ``function(bench, env, *arguments)`` in a process of its own.

        With ``kind=None`` without a database: ``env`` is ``None``.

        Peak memory can only be told for a whole process. The function belongs to the benchmark's
        module; what it returns must be picklable. Loading Odoo is not measured, the commit is.

        :return: a :class:`Measurement` of the call, with the ``value`` it returned
        """
        with tempfile.TemporaryDirectory() as folder:
            call = Path(folder, "call")
            call.write_bytes(pickle.dumps((function.__name__, arguments, kind)))
            subprocess.run(
                [sys.executable, "-m", "tools.bench_child", self.name, str(call)], check=True
            )
            return pickle.loads(call.with_suffix(".result").read_bytes())

    def best(self, function, times=3):
        """The fastest of several calls: the one that was disturbed least."""
        runs = []
        for _round in range(times):
            with self.measure() as measured:
                measured.value = function()
            runs.append(measured)
        return min(runs, key=lambda measured: measured.seconds)

    def figure(self, name, ours, peer=None, unit="s", bar=None, **more):
        """Print and keep one figure.

        :param ours: what we measured
        :param peer: the same for what we compare ourselves with, in the same run
        :param bar: the largest ratio ours/peer that is good enough
        :param more: rows, peak_mib, anything that explains the figure
        """
        line = {"figure": name, "unit": unit, "ours": _rounded(ours)}
        if peer is not None:
            line.update(peer=_rounded(peer), ratio=_rounded(ours / peer) if peer else None)
            if bar is not None:
                line.update(bar=bar, reached=bool(peer and ours / peer <= bar))
        line.update({key: _rounded(value) for key, value in more.items()})
        text = json.dumps(line, ensure_ascii=False)
        print(text, flush=True)
        with open(os.environ["SUITE_BENCH_FIGURES"], "a", encoding="utf-8") as figures:
            figures.write(text + "\n")


def peak_mib():
    """Peak resident memory of this process in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _rounded(value):
    return round(value, 4) if isinstance(value, float) else value


def load(name):
    """The benchmark's module."""
    sys.path.insert(0, str(FOLDER))  # benchmarks share helpers
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def main(name, call=None):
    odoo.tools.config.parse_config(
        ["--no-http", "--max-cron-threads=0", "--log-level=warn"], setup_logging=True
    )
    module = load(name)
    bench = Bench(name)
    if call is None:
        module.run(bench)
        return
    function, arguments, kind = pickle.loads(Path(call).read_bytes())
    if kind is None:
        with bench.measure() as measured:
            measured.value = getattr(module, function)(bench, None, *arguments)
    else:
        with bench.environment(kind) as env, bench.measure() as measured:
            measured.value = getattr(module, function)(bench, env, *arguments)
            env.cr.commit()
    Path(call).with_suffix(".result").write_bytes(pickle.dumps(measured))


if __name__ == "__main__":
    # the module must have its own name, or a child's pickled results would be of "__main__"
    from tools import bench_child

    bench_child.main(*sys.argv[1:])
