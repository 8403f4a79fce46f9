"""One Chromium process, spoken to over two pipes: no port, nobody else can connect.

A browser started with ``--remote-debugging-pipe`` reads commands from file descriptor 3, writes
answers to 4, and ends when 3 is closed. So it cannot outlive the process that holds the other end,
however that process dies.
"""

import contextlib
import fcntl
import os
import select
import shutil
import signal
import tempfile
import time

from .errors import BrowserGone, BrowserTimeout
from .finder import UNLIMITED

FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-quic",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-dev-shm-usage",
    "--disable-translate",
    "--metrics-recording-only",
    "--mute-audio",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--hide-scrollbars",
    "--font-render-hinting=none",
    # Pages get everything from the process that prints: no name resolves, not even an address
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
# The shell outlives the browser, to reap it and to remove the profile
# even when the worker was killed.
LAUNCHER = (
    UNLIMITED
    + """
trap : TERM
profile=$1; shift
"$@"
rm -rf -- "$profile" || { sleep 1; rm -rf -- "$profile"; }
"""
)
KEPT_VARIABLES = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TMPDIR",
    "FONTCONFIG_PATH",
    "FONTCONFIG_FILE",
)
CHUNK = 1 << 16


class ChromiumProcess:
    """A running browser and the two pipes to it.

    :param str executable: path of the browser
    :param extra_flags: command line flags to add
    """

    def __init__(self, executable, extra_flags=()):
        self.profile = tempfile.mkdtemp(prefix="crm_print.")
        self._log_path = os.path.join(self.profile, "browser.log")
        self._write_fd, self._read_fd, self.pid = self._spawn(
            [executable, *FLAGS, *self._own_flags(), *extra_flags, "about:blank"]
        )
        os.set_blocking(self._write_fd, False)
        self._buffer = bytearray()

    def _own_flags(self):
        yield f"--user-data-dir={self.profile}"
        if os.geteuid() == 0:
            yield "--no-sandbox"  # the sandbox refuses to run as root

    def _environment(self):
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        folders = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), self.profile)
        return {"PATH": os.defpath, **kept, **folders}

    def _spawn(self, command):
        """Start the browser in a process group of its own; return (write fd, read fd, pid)."""
        ends = [_high(fd) for pair in (os.pipe(), os.pipe()) for fd in pair]
        theirs_in, ours_out, ours_in, theirs_out = ends
        try:
            pid = os.posix_spawn(
                "/bin/sh",
                ["sh", "-c", LAUNCHER, "crm_print", self.profile, *command],
                self._environment(),
                setpgroup=0,
                setsigdef=[signal.SIGPIPE, signal.SIGINT],
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 2, self._log_path, os.O_WRONLY | os.O_CREAT, 0o600),
                    (os.POSIX_SPAWN_DUP2, theirs_in, 3),
                    (os.POSIX_SPAWN_DUP2, theirs_out, 4),
                ],
            )
        except OSError:
            _close(ours_out, ours_in)
            shutil.rmtree(self.profile, ignore_errors=True)
            raise
        finally:
            _close(theirs_in, theirs_out)
        return ours_out, ours_in, pid

    def alive(self):
        """Whether the browser still runs."""
        if self.pid is None:
            return False
        try:
            ended, _status = os.waitpid(self.pid, os.WNOHANG)
        except ChildProcessError:
            ended = self.pid
        if ended:
            self.pid = None
        return self.pid is not None

    def send(self, data, deadline):
        """Send these bytes.

        :param float deadline: of the monotonic clock, in seconds
        """
        view = memoryview(data)
        while view:
            _readable, writable, _failed = select.select(
                [], [self._write_fd], [], max(0, deadline - time.monotonic())
            )
            if not writable:
                raise BrowserTimeout("Chromium does not take commands")
            try:
                view = view[os.write(self._write_fd, view[:CHUNK]) :]
            except BlockingIOError:
                continue  # less room than asked for: wait again
            except OSError as error:
                raise BrowserGone(f"Chromium ended: {error}") from error

    def receive(self, timeout):
        """Return the messages that arrived: a list of bytes, empty after `timeout` seconds."""
        readable, _writable, _failed = select.select([self._read_fd], [], [], timeout)
        if not readable:
            return []
        data = os.read(self._read_fd, CHUNK * 4)
        if not data:
            raise BrowserGone("Chromium ended")
        head, separator, tail = data.rpartition(b"\0")
        if not separator:
            self._buffer += data
            return []
        messages = bytes(self._buffer + head).split(b"\0")
        self._buffer = bytearray(tail)
        return messages

    def last_words(self, length=800):
        """Return the end of what the browser wrote to its log."""
        try:
            with open(self._log_path, encoding="utf-8", errors="replace") as log:
                return log.read()[-length:].strip()
        except OSError:
            return ""

    def end(self, grace=3.0):
        """End the browser, by force when it takes longer than `grace` seconds."""
        deadline = time.monotonic() + grace
        self._signal(signal.SIGTERM)
        while self.alive() and time.monotonic() < deadline:
            time.sleep(0.02)
        if self.alive():
            self._signal(signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self.pid = None

    def release(self):
        """After :meth:`end`, when no thread reads or writes any more: close the pipes, clean up."""
        _close(self._write_fd, self._read_fd)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _signal(self, number):
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def forget(self):
        """In a forked child: let go of the pipes of the parent's browser without ending it."""
        self.pid = None
        _close(self._write_fd, self._read_fd)


def _high(fd):
    """Move a descriptor out of the way of 3 and 4, which the browser's ends become."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return moved


def _close(*fds):
    for fd in fds:
        with contextlib.suppress(OSError):
            os.close(fd)
