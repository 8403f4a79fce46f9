"""Child processes: logged, explained when they fail, and never left behind."""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .errors import SuiteError

#: Process groups we started and that may still run, killed when ``./suite`` ends.
_groups = set()
#: A line of an Odoo server log, which ends what came before it.
LOG_LINE_START = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ [A-Z]+ ")


def as_root(command):
    """Prefix ``command`` so that it runs with root's rights.

    :raises SuiteError: for an ordinary user without sudo
    """
    if os.geteuid() == 0:
        return list(command)
    if not shutil.which("sudo"):
        raise SuiteError(
            f"Root's rights are needed for: {shlex.join(command)}",
            "this user is not root and there is no sudo",
            "run the command above as root, then this one again",
        )
    return ["sudo", *command]


def tail(path, lines=25):
    """The last lines of a log file, for the message of a failed step."""
    try:
        text = Path(path).read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def run(command, *, what, log=None, remedy="", step=None, keep=None, check=True, **options):
    """Run ``command`` to its end with its output in ``log`` (or collected) and return the output.

    :param what: the step in words, for the message when it fails
    :param log: file that the output is appended to
    :param step: a :class:`tools.progress.Step` that is told each line
    :param keep: function that says which lines to show for good
    :param check: whether a non-zero exit code is an error
    :raises SuiteError: when the exit code is not zero
    """
    command = [str(part) for part in command]
    output = []
    with contextlib.ExitStack() as stack:
        sink = None
        if log:
            Path(log).parent.mkdir(parents=True, exist_ok=True)
            sink = stack.enter_context(open(log, "a", encoding="utf-8"))
            sink.write(f"$ {shlex.join(command)}\n")
            sink.flush()
        process = start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
        for raw in process.stdout:
            line = raw.decode(errors="replace")
            output.append(line)
            if sink:
                sink.write(line)
                sink.flush()
            if step:
                step.note(line)
                if keep and (shown := keep(line)):
                    step.tell(shown if isinstance(shown, str) else line.strip())
        code = process.wait()
        _groups.discard(process.pid)
    if code and check:
        raise SuiteError(
            f"{what} failed (exit code {code}).",
            explanation(output) or shlex.join(command),
            remedy or (f"the whole log is in {log}" if log else ""),
        )
    return "".join(output)


def explanation(lines):
    """The part of a failed program's output that says why: its last traceback, or its last lines.

    >>> explanation(["fine\\n", "Traceback (most recent):\\n", "  File\\n", "Error: x\\n"])
    'Traceback (most recent):\\n  File\\nError: x'
    """
    start_line = max(
        (number for number, line in enumerate(lines) if line.startswith("Traceback")), default=None
    )
    if start_line is None:
        return "".join(lines[-15:]).strip()
    found = lines[start_line : start_line + 1]
    for line in lines[start_line + 1 :]:
        if LOG_LINE_START.match(line):
            break
        found.append(line)
    if len(found) > 16:
        found = [found[0], "  …\n", *found[-14:]]
    return "".join(found).strip()


def start(command, **options):
    """Start ``command`` in a process group of its own, which :func:`stop_all` ends."""
    command = [str(part) for part in command]
    options.setdefault("stdin", subprocess.DEVNULL)
    try:
        process = subprocess.Popen(command, start_new_session=True, **options)
    except FileNotFoundError as error:
        raise SuiteError(f"Cannot start {command[0]}.", str(error)) from error
    _groups.add(process.pid)
    return process


def call(command, **options):
    """Exit code of ``command`` whose output goes straight to the person."""
    process = start(command, **options)
    try:
        return process.wait()
    finally:
        stop(process)


def interactive(command, **options):
    """Run a program that owns the terminal (a shell): Ctrl-C is the program's, not ours."""
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.call(
            [str(part) for part in command],
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            **options,
        )
    finally:
        signal.signal(signal.SIGINT, previous)


def stop(process, patience=10.0):
    """End a started process and everything in its group."""
    for sign, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        if not _alive(process.pid):
            break
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline and (process.poll() is None or _alive(process.pid)):
            time.sleep(0.05)
    _groups.discard(process.pid)


def stop_all():
    """End every process group we started: called once, when ``./suite`` ends."""
    for sign, wait in ((signal.SIGTERM, 8.0), (signal.SIGKILL, 2.0)):
        for group in list(_groups):
            try:
                os.killpg(group, sign)
            except (ProcessLookupError, PermissionError):
                _groups.discard(group)
        deadline = time.monotonic() + wait
        while _groups and time.monotonic() < deadline:
            _reap()
            for group in list(_groups):
                if not _alive(group):
                    _groups.discard(group)
            time.sleep(0.05)
        if not _groups:
            return


def _alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _reap():
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
