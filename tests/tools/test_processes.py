import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import processes
from tools.errors import SuiteError

ROOT = Path(__file__).resolve().parents[2]


def test_a_failed_step_says_what_and_why(tmp_path):
    log = tmp_path / "step.log"
    with pytest.raises(SuiteError) as caught:
        processes.run(["sh", "-c", "echo the reason; exit 3"], what="Fetching", log=log)
    assert "Fetching failed (exit code 3)" in str(caught.value)
    assert "the reason" in str(caught.value)
    assert str(log) in str(caught.value)
    assert "the reason" in log.read_text()


def test_a_program_that_is_missing_is_named():
    with pytest.raises(SuiteError, match="Cannot start no-such-program"):
        processes.run(["no-such-program"], what="Fetching")


def test_stop_ends_the_whole_group():
    process = processes.start(["sh", "-c", "sleep 60 & sleep 60"])
    time.sleep(0.2)
    processes.stop(process)
    assert not group_exists(process.pid)


def test_ctrl_c_leaves_no_process_behind(tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tools import cli, processes\n"
        "def work(workspace, options):\n"
        "    print(processes.start(['sh', '-c', 'sleep 60 & sleep 60']).pid, flush=True)\n"
        "    processes.run(['sleep', '60'], what='sleeping')\n"
        "cli.COMMANDS[:] = [('work', lambda parser: None, work, 'x')]\n"
        "sys.exit(cli.main(sys.argv[2], ['work']))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(ROOT), str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as suite:
        group = int(suite.stdout.readline())
        time.sleep(0.3)
        suite.send_signal(signal.SIGINT)
        assert suite.wait(20) == 130
    assert not group_exists(group)


def group_exists(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
