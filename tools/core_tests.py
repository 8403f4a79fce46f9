"""``./suite test --core``: Odoo's own tests with the suite installed and without it, compared."""

import re

from .errors import SuiteError
from .progress import Step, say
from .runner import free_port

#: How Odoo's runner logs a failed test: ``… odoo.addons.crm.tests.test_x: FAIL: TestX.test_y``
FAILED = re.compile(
    r" (?:ERROR|INFO) \S+ (odoo\.addons\.\S+): (?:FAIL|ERROR): (.+?)\s*$", re.MULTILINE
)
SUMMARY = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests")
STARTED = re.compile(r"Starting (Test\S+) \.\.\.")
SCRIPT = """
from odoo.tests.shell import run_tests

run_tests(env, {tags!r})
"""


def failures(log):
    """Names of the failed tests in a log of Odoo's runner.

    >>> line = '2026-01-01 00:00:00,000 1 ERROR db odoo.addons.crm.tests.test_a: FAIL: TestA.test_b'
    >>> failures(line)
    {'crm/test_a/TestA.test_b'}
    """
    found = set()
    for module, test in FAILED.findall(log):
        parts = module.split(".")
        found.add("/".join([parts[2], parts[-1], test.split(" (")[0]]))
    return found


class CoreTests:
    """Runs tests of core modules on two copies and reports the difference."""

    def __init__(self, platform):
        self.platform = platform
        self.workspace = platform.workspace

    def run(self, modules):
        addons = self.platform.addons
        with self.platform.databases("test") as databases:
            template = databases.template(addons, more=modules)
            base, _warnings = databases.base(addons, addons.names(), template=template)
            with_suite = self._run_on(databases, base, "with", modules)
            alone = self._run_on(databases, template, "without", modules)
        return self._compare(with_suite, alone)

    def _run_on(self, databases, source, name, modules):
        log = self.workspace.logs / f"core-{name}.log"
        log.unlink(missing_ok=True)
        tags = ",".join(f"/{module}" for module in modules)
        with databases.throw_away(source, f"core{name}") as database:
            title = f"Tests of {', '.join(modules)} {name} the suite"
            with Step(title) as step:
                output = databases.script(
                    database, SCRIPT.format(tags=tags), what=title, step=_TestNames(step), log=log,
                    check=False, port=free_port(),
                )  # fmt: skip
        summary = SUMMARY.findall(output)
        if not summary:
            raise SuiteError(
                f"{title} came to no end.", output[-800:], f"the whole log is in {log}"
            )
        failed, errors, total = map(int, summary[-1])
        say(f"  {name} the suite: {total} tests, {failed + errors} failed (log: {log})")
        return failures(output)

    @staticmethod
    def _compare(with_suite, alone):
        ours = sorted(with_suite - alone)
        for test in sorted(with_suite & alone):
            say(f"fails either way: {test}")
        for test in sorted(alone - with_suite):
            say(f"fails only without the suite: {test}")
        for test in ours:
            say(f"fails only with the suite: {test}")
        say(f"{len(ours)} tests fail with the suite that do not fail without it")
        return 1 if ours else 0


class _TestNames:
    """Shows which test is running."""

    def __init__(self, step):
        self.step = step

    def note(self, line):
        if match := STARTED.search(line):
            self.step.note(match[1])

    def tell(self, text):
        self.step.tell(text)
