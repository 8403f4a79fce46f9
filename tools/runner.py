"""``./suite test``: what to run, on which database, with which runner, and one total."""

import os
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path

from . import processes
from .databases import problems
from .errors import SuiteError
from .manifests import DEMO
from .progress import Step, say
from .results import Result

HOOT_PASSED = re.compile(r"\[HOOT\] Passed (\d+) tests?")
#: Folder of tests/ whose tests run on the demonstration company's database.
DEMO_TESTS = "tests/demo"
TOOLS_TESTS = "tests/tools"
#: Folders of tests/ that are not run by pytest.
OTHER_RUNNERS = ("tests/benchmarks", "tests/core")


@dataclass
class Selection:
    """The paths of one request, sorted by what they need."""

    everything: bool = False
    #: tests that need no Odoo
    plain: list = field(default_factory=list)
    #: pytest arguments that need our addons, and the addons they need
    odoo: list = field(default_factory=list)
    addons: set = field(default_factory=set)
    #: pytest arguments that need the demonstration company
    demo: list = field(default_factory=list)
    #: addons whose JavaScript unit tests are asked for
    hoot: set = field(default_factory=set)


def select(root, addons, paths):
    """Sort ``paths`` (none means everything) by the database and the runner they need.

    :raises SuiteError: for a path that does not exist or that holds no tests
    """
    selection = Selection(everything=not paths)
    for path in paths or _all_paths(root, addons):
        _sort_in(selection, Path(root), addons, path)
    return selection


def _all_paths(root, addons):
    root = Path(root)
    paths = [f"addons/{name}" for name in addons.by_name]
    for folder in sorted((root / "tests").glob("*/")):
        name = f"tests/{folder.name}"
        if name not in OTHER_RUNNERS and any(folder.rglob("test_*.py")):
            paths.append(name)
    return paths


def _sort_in(selection, root, addons, argument):
    file_part = argument.split("::")[0].rstrip("/")
    tried = [(folder / file_part).resolve() for folder in (Path.cwd(), root)]
    path = next((each for each in tried if each.exists() and root in [each, *each.parents]), None)
    if path is None:
        raise SuiteError(
            f"There is no {argument}.", "", "name a folder or a file below addons/ or tests/"
        )
    relative = path.relative_to(root).as_posix()
    pytest_argument = "::".join([str(path), *argument.split("::")[1:]])
    parts = relative.split("/")
    if relative in ("addons", "tests", "."):
        for name in _all_paths(root, addons):
            if relative == "." or name.startswith(relative):
                _sort_in(selection, root, addons, name)
    elif parts[0] == "addons":
        _sort_in_addon(selection, addons, parts, path, pytest_argument)
    elif relative.startswith(TOOLS_TESTS):
        selection.plain.append(pytest_argument)
    elif relative.startswith(DEMO_TESTS):
        selection.demo.append(pytest_argument)
    elif parts[0] == "tests" and not relative.startswith(OTHER_RUNNERS):
        selection.odoo.append(pytest_argument)
        selection.addons |= set(addons.names())
    else:
        raise SuiteError(f"No tests are run from {relative}.", "", "see tests/README.md")


def _sort_in_addon(selection, addons, parts, path, pytest_argument):
    name = parts[1]
    if name not in addons.by_name:
        raise SuiteError(f"addons/{name} is not an installable addon.", "it has no __manifest__.py")
    if path.suffix == ".js" or "static" in parts[2:3]:
        selection.hoot.add(name)
        selection.addons.add(name)
        return
    if addons.needs_demo(name):
        selection.demo.append(pytest_argument)
        return
    selection.odoo.append(pytest_argument)
    selection.addons.add(name)
    if len(parts) == 2 and addons.by_name[name].has_hoot_tests:
        selection.hoot.add(name)


class Runner:
    """Runs a selection and reports one total."""

    def __init__(self, platform, options):
        self.platform = platform
        self.workspace = platform.workspace
        self.options = options
        self.total = Result()

    @property
    def workers(self):
        """Processes that share the tests: a single file is not worth a copy of the database."""
        if self.options.processes:
            return self.options.processes
        return 1 if self.options.paths or self.options.keyword else min(2, os.cpu_count() or 1)

    def run(self):
        selection = select(self.workspace.root, self.platform.addons, self.options.paths)
        whole = selection.everything and not self.options.keyword
        if selection.plain:
            self._plain(selection.plain)
        if whole:
            self._lint()
        if selection.odoo or selection.hoot or selection.demo:
            with self.platform.databases("test") as databases:
                if selection.odoo or selection.hoot:
                    self._on_addons(databases, selection, whole)
                if selection.demo:
                    self._on_demo(databases, selection, whole)
        return self._close()

    def _close(self):
        total = self.total
        say()
        for text in total.skips:
            say(f"skipped: {text}")
        for text in total.failures:
            say(f"failed: {text}")
        if not total.ran:
            say("no test ran")
        say(total.closing_line())
        return 1 if total.failed or not total.ran else 0

    # -- runners -------------------------------------------------------------------------------

    def _plain(self, paths):
        command = [
            self.workspace.python,
            "-m",
            "pytest",
            "-p",
            "no:odoo",
            *self._pytest_options(),
            *paths,
        ]
        self._pytest(command, "tools", self._environment())

    def _lint(self):
        from .lint import Lint

        self.total += Lint(self.platform).check()

    def _on_addons(self, databases, selection, whole):
        addons = self.platform.addons
        base, warnings = databases.base(addons, sorted(selection.addons))
        self._installation(warnings, "addons")
        with databases.throw_away(base, "test") as database:
            if selection.odoo:
                self._odoo_pytest(databases, database, selection.odoo, "addons")
            for name in sorted(selection.hoot):
                self._hoot(databases, database, name)
            if whole:
                self._translations(databases, database, addons.names())

    def _on_demo(self, databases, selection, whole):
        addons = self.platform.addons
        base, warnings = databases.base(addons, addons.names(demo=True))
        self._installation(warnings, DEMO)
        with databases.throw_away(base, "demo") as database:
            self._odoo_pytest(databases, database, selection.demo, DEMO)
            if whole:
                demo = [name for name in addons.by_name if addons.needs_demo(name)]
                self._translations(databases, database, demo)

    def _installation(self, warnings, name):
        """Installing is the first test: its log must be as clean as any other."""
        for text in warnings:
            say(f"  {text}")
        self.total += Result.check(
            f"installation of {name}: {len(warnings)} warnings in the log", warnings
        )

    def _translations(self, databases, database, names):
        from .i18n import Translations

        problems = Translations(self.platform, databases).check(database, names)
        for text in problems:
            say(f"  {text}")
        self.total += Result.check(f"translations: {len(problems)} problems", problems)

    def _odoo_pytest(self, databases, database, paths, name):
        command = [
            self.workspace.python,
            "-m",
            "pytest",
            "--odoo-config",
            databases.config,
            "--odoo-database",
            database,
            "--odoo-log-level",
            "warn",
            "--odoo-http",
            *self._pytest_options(),
            *paths,
        ]
        if self.workers > 1:
            command += ["-n", str(self.workers), "--dist", "loadfile"]
        environment = databases.environment(SUITE_DATABASE=database)
        self._pytest(command, name, environment)

    def _pytest_options(self):
        options = ["--color=yes"] if self.options.color else []
        if self.options.keyword:
            options += ["-k", self.options.keyword]
        if self.options.exitfirst:
            options += ["-x"]
        options += ["-v"] if self.options.verbose else ["-q"]
        return [*options, *self.options.pytest_arg]

    def _environment(self):
        from .python_env import environment

        return environment(self.workspace)

    def _pytest(self, command, name, environment):
        report = self.workspace.folder("tmp") / f"report-{name}-{os.getpid()}.json"
        report.unlink(missing_ok=True)
        environment["SUITE_REPORT"] = str(report)
        say(f"- tests: {name}")
        code = processes.call(command, env=environment, cwd=self.workspace.root)
        self.total += Result.from_pytest(report, code, name)
        report.unlink(missing_ok=True)

    def _hoot(self, databases, database, name):
        """JavaScript unit tests of one addon, with Odoo's own runner: pytest cannot filter them."""
        log = self.workspace.logs / f"hoot-{name}.log"
        log.unlink(missing_ok=True)
        with Step(f"tests: {name} (JavaScript)") as step:
            output = databases.odoo(
                "-c",
                databases.config,
                "-d",
                database,
                "--stop-after-init",
                "--max-cron-threads=0",
                "--http-port",
                free_port(),
                "--test-tags",
                f"/web:WebSuite.test_unit_desktop[@{name}]",
                what=f"JavaScript tests of {name}",
                log=log,
                keep=_hoot_line,
                step=step,
                check=False,
            )
        self.total += hoot_result(name, output)
        logged = problems(output)
        for text in logged:
            say(f"  {text}")
        if logged:
            self.total += Result(
                failed=1, failures=[f"JavaScript tests of {name}: warnings in the server log"]
            )


def hoot_result(name, output):
    """Count what Odoo's runner wrote about one addon's JavaScript tests.

    >>> end = '0 failed, 0 error(s) of 1 tests'
    >>> hoot_result('crm_x', '[HOOT] Passed 4 tests (9 assertions) ' + end)
    Result(passed=4, failed=0, skipped=0, failures=[], skips=[])
    >>> hoot_result('crm_x', end).failed
    1
    """
    passed = sum(int(number) for number in HOOT_PASSED.findall(output))
    summary = re.search(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests", output)
    if not summary or summary.groups() != ("0", "0", "1") or not passed:
        return Result(
            passed=passed,
            failed=1,
            failures=[f"JavaScript tests of {name}: see .suite/logs/hoot-{name}.log"],
        )
    return Result(passed=passed)


def _hoot_line(line):
    position = line.find("[HOOT]")
    return line[position:].strip() if position >= 0 else None


def free_port():
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
