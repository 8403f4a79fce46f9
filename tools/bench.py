"""``./suite bench NAME``: runs a benchmark of tests/benchmarks/ and keeps its figures."""

import ast
import json
import os
import platform as machine
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from . import processes, python_env
from .errors import SuiteError
from .progress import say

FOLDER = Path("tests") / "benchmarks"
RESULTS = Path("bench") / "results"
#: Databases that a benchmark may ask for: with our addons, and Odoo alone.
KINDS = ("suite", "core")


def names(root):
    """Files of the folder that have a function ``run``; the others are what they share."""
    return sorted(
        path.stem
        for path in (Path(root) / FOLDER).glob("*.py")
        if any(
            isinstance(node, ast.FunctionDef) and node.name == "run"
            for node in ast.parse(path.read_text(encoding="utf-8")).body
        )
    )


def declared_databases(source):
    """What the constant ``DATABASES`` of a benchmark says; without it one with our addons.

    >>> declared_databases('DATABASES = ("suite", "core")')
    ('suite', 'core')
    >>> declared_databases('')
    ('suite',)
    """
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DATABASES":
            kinds = tuple(ast.literal_eval(node.value))
            if not set(kinds) <= set(KINDS):
                raise SuiteError(f"DATABASES may hold {', '.join(KINDS)}.", f"it is {kinds}")
            return kinds
    return ("suite",)


def needs_peers(source):
    """Whether the constant ``PEERS`` of a benchmark asks for the peers' own environment.

    >>> needs_peers("PEERS = True"), needs_peers("")
    (True, False)
    """
    return any(
        isinstance(node, ast.Assign)
        and getattr(node.targets[0], "id", "") == "PEERS"
        and ast.literal_eval(node.value)
        for node in ast.parse(source).body
    )


class Benchmarks:
    """Runs benchmarks on throw-away copies of the test server's databases."""

    def __init__(self, platform):
        self.platform = platform
        self.workspace = platform.workspace
        self.peers = ""

    def run(self, name, options):
        path = self.workspace.root / FOLDER / f"{name}.py"
        if not path.exists():
            known = ", ".join(names(self.workspace.root)) or "none"
            raise SuiteError(f"There is no benchmark {name}.", f"there are: {known}")
        source = path.read_text(encoding="utf-8")
        kinds = declared_databases(source)
        self.peers = python_env.ensure_peers(self.workspace) if needs_peers(source) else ""
        with self.platform.databases("test") as databases:
            return self._run_on(databases, name, kinds, options)

    def _run_on(self, databases, name, kinds, options):
        addons = self.platform.addons
        copies = {}
        prefix = databases.server.prefix
        try:
            for kind in kinds:
                if kind == "suite":
                    source, _warnings = databases.base(addons, addons.names())
                else:
                    source = databases.template(addons)
                copies[kind] = f"{prefix}tmp_bench_{kind}_{os.getpid()}"
                databases.drop(copies[kind])
                databases.copy(source, copies[kind])
            return self._run_child(databases, name, copies, options)
        finally:
            for database in copies.values():
                databases.drop(database)

    def _run_child(self, databases, name, copies, options):
        figures = self.workspace.folder("tmp") / f"bench-{os.getpid()}.jsonl"
        figures.unlink(missing_ok=True)
        env = databases.environment(
            SUITE_BENCH_DATABASES=json.dumps(copies),
            SUITE_BENCH_FIGURES=figures,
            SUITE_BENCH_OPTIONS=json.dumps(options),
            SUITE_BENCH_PEERS=self.peers,
        )
        command = [self.workspace.python, "-m", "tools.bench_child", name]
        code = processes.call(command, cwd=self.workspace.root, env=env)
        lines = figures.read_text().splitlines() if figures.exists() else []
        figures.unlink(missing_ok=True)
        if code or not lines:
            raise SuiteError(f"The benchmark {name} failed.", f"exit code {code}, see above")
        self._keep(databases, name, [json.loads(line) for line in lines], options)
        return 0

    def _keep(self, databases, name, figures, options):
        folder = self.workspace.root / RESULTS
        folder.mkdir(parents=True, exist_ok=True)
        result = {"benchmark": name, "options": options, **self._facts(databases)}
        result["figures"] = figures
        path = folder / f"{name}.json"
        path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        say(f"- written: {path.relative_to(self.workspace.root)}")

    def _facts(self, databases):
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=self.workspace.root, capture_output=True, text=True,
        )  # fmt: skip
        return {
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "commit": commit.stdout.strip(),
            "machine": {
                "cores": os.cpu_count(),
                "memory_gib": round(pages / 2**30, 1),
                "architecture": machine.machine(),
                "python": machine.python_version(),
                "postgresql": databases.server.sql("postgres", "SHOW server_version"),
                "odoo": self.platform.tree.version,
            },
        }
