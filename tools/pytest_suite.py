"""pytest plugin: what Odoo's own runner would notice and pytest would not.

* a WARNING or ERROR in the server log that no test expects fails the test (or the run),
* a browser test that Odoo skips because no browser started is a failure,
* doctests of ``engine/`` modules are collected,
* each of several worker processes has files of its own,
* the counts are written to the file that the environment variable ``SUITE_REPORT`` names.

Records that a test expects never arrive here: ``assertLogs`` and ``mute_logger`` cut them off.
"""

import contextlib
import json
import logging
import os
import re
import shutil

import pytest
from _pytest.doctest import DoctestModule
from hypothesis import HealthCheck, settings

#: Reasons for which Odoo skips a browser test though it should have run.
NO_BROWSER = re.compile(r"chrome|chromium|websocket|devtools|headless", re.IGNORECASE)
#: Loggers of libraries whose warnings are about themselves.
FOREIGN_LOGGERS = ("py.warnings", "fontTools", "pdfminer", "asyncio")
#: Records of Odoo itself that say nothing about the addons under test.
HARMLESS = re.compile(
    r"option \w+ .* in the config file"
    r"|Running as user 'root' is a security risk"
)


class LogGuard(logging.Handler):
    """Collects warnings and errors until somebody asks for them."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.records = []
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record):
        if record.name.startswith(FOREIGN_LOGGERS):
            return
        text = self.format(record)
        if not HARMLESS.search(text):
            self.records.append(text)

    def take(self):
        taken, self.records = self.records, []
        return taken


@contextlib.contextmanager
def own_filestore(original, database):
    """Give the database of a worker its own files, as hard links.

    pytest-odoo shares those of the original: what one worker adds in a test, another one finds in
    no attachment and collects as garbage.
    """
    from odoo.tools import config

    source, target = config.filestore(original), config.filestore(database)
    if source == target:
        yield
        return
    shutil.rmtree(target, ignore_errors=True)
    if os.path.isdir(source):
        shutil.copytree(source, target, copy_function=os.link)
    try:
        yield
    finally:
        shutil.rmtree(target, ignore_errors=True)


class UnexpectedLog(AssertionError):
    """The server log has a record that no test expects."""


class SuitePlugin:
    def __init__(self, config):
        self.config = config
        self.guard = LogGuard()
        self.loose = []
        logging.getLogger().addHandler(self.guard)

    def _judge(self, outcome):
        """Turn what was logged during a phase of a test into its failure."""
        records = self.guard.take()
        if records and outcome.excinfo is None:
            outcome.force_exception(
                UnexpectedLog(
                    "the server log has what no test expects (assertLogs or mute_logger says so):\n"
                    + "\n".join(records)
                )
            )

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item):
        # what was logged since the last test belongs to no test
        self.loose += self.guard.take()
        self._judge((yield))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item):
        self._judge((yield))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item):
        self._judge((yield))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        outcome = yield
        report = outcome.get_result()
        if call.excinfo and call.excinfo.errisinstance(UnexpectedLog):
            report.longrepr = str(call.excinfo.value)  # where pytest noticed it helps nobody
        if (
            report.skipped
            and isinstance(report.longrepr, tuple)
            and NO_BROWSER.search(report.longrepr[2])
        ):
            report.outcome = "failed"
            report.longrepr = (
                f"{report.longrepr[2]} (a browser test that does not run is a failure)"
            )

    def pytest_collect_file(self, file_path, parent):
        """Doctests of the pure engines: they need no database, only to be found."""
        if (
            file_path.suffix == ".py"
            and file_path.parent.name == "engine"
            and ">>> " in file_path.read_text(encoding="utf-8")
        ):
            return DoctestModule.from_parent(parent, path=file_path)
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session, exitstatus):
        self.loose += self.guard.take()
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["suite_loose"] = self.loose
        elif self.loose and exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node, error):
        self.loose += getattr(node, "workeroutput", {}).get("suite_loose", [])

    def pytest_terminal_summary(self, terminalreporter):
        if self.loose:
            terminalreporter.section("server log outside of any test", red=True)
            for text in self.loose:
                terminalreporter.write_line(text)
        path = os.environ.get("SUITE_REPORT")
        if path:
            self._write_report(path, terminalreporter.stats)

    def _write_report(self, path, stats):
        def count(*names):
            return sum(len(stats.get(name, [])) for name in names)

        report = {
            "passed": count("passed", "xfailed"),
            "failed": count("failed", "error", "xpassed"),
            "skipped": count("skipped"),
            "loose": self.loose,
            "failures": sorted(
                {report.nodeid for name in ("failed", "error") for report in stats.get(name, [])}
            ),
            "skips": [
                f"{report.nodeid}: {report.longrepr[2]}"
                if isinstance(report.longrepr, tuple)
                else report.nodeid
                for report in stats.get("skipped", [])
            ],
        }
        with open(path, "w", encoding="utf-8") as handle:
            json.dump(report, handle, indent=1)


def pytest_configure(config):
    settings.register_profile(
        "suite",
        deadline=None,
        derandomize=True,
        # A busy machine generates slowly; that says nothing about the property.
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("suite")
    if os.environ.get("PYTEST_XDIST_WORKER"):
        import pytest_odoo

        pytest_odoo._shared_filestore = own_filestore
    config.pluginmanager.register(SuitePlugin(config), "suite-plugin")
