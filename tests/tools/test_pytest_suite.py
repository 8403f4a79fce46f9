"""The plugin, in a pytest of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path):
    """Runs pytest with the plugin on a file and returns its exit code and counts."""

    def run_file(source, name="test_it.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
        report = tmp_path / "report.json"
        result = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "tools.pytest_suite", "-p", "no:odoo",
             "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", tmp_path, path],
            capture_output=True, text=True, cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "SUITE_REPORT": str(report)},
        )  # fmt: skip
        return result.returncode, json.loads(report.read_text()), result.stdout

    return run_file


def test_a_warning_that_nobody_expects_fails_the_test(run):
    code, report, output = run(
        "import logging\ndef test_it():\n    logging.getLogger('odoo.x').warning('surprise')\n"
    )
    assert code == 1 and report["failed"] == 1
    assert "WARNING odoo.x: surprise" in output


def test_a_warning_that_the_test_expects_is_fine(run):
    code, report, _output = run(
        "import logging, unittest\n"
        "class TestIt(unittest.TestCase):\n"
        "    def test_it(self):\n"
        "        with self.assertLogs('odoo.x'):\n"
        "            logging.getLogger('odoo.x').warning('expected')\n"
    )
    assert code == 0 and report["passed"] == 1


def test_a_warning_between_tests_fails_the_run(run):
    code, report, _output = run(
        "import logging\nlogging.getLogger('odoo.x').error('on import')\ndef test_it():\n    pass\n"
    )
    assert code == 1
    assert report["loose"] == ["ERROR odoo.x: on import"]


def test_a_browser_that_did_not_start_is_a_failure(run):
    code, report, _output = run(
        "import pytest\n"
        "def test_tour():\n    pytest.skip('Failed to detect chrome devtools port after 10.0s.')\n"
        "def test_other():\n    pytest.skip('not on this system')\n"
    )
    assert code == 1
    assert (report["failed"], report["skipped"]) == (1, 1)


def test_doctests_of_engines_are_run(run):
    code, report, _output = run('"""\n>>> 1 + 1\n3\n"""\n', "engine/scale.py")
    assert code == 1 and report["failed"] == 1
