"""Where things lie: everything we make is below ``.suite/`` of the checkout it belongs to."""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from pathlib import Path

from .errors import SuiteError
from .progress import say

#: A Unix socket's path holds at most 107 bytes; ``/.s.PGSQL.5432`` needs 14 of them.
SOCKET_PATH_LIMIT = 90


class Workspace:
    """The checkout and its ``.suite/`` folder."""

    def __init__(self, root, odoo=None, db=None):
        self.root = Path(root).resolve()
        self.state = self.root / ".suite"
        self.addons = self.root / "addons"
        self.logs = self.state / "logs"
        self.venv = self.state / "venv"
        self.python = self.venv / "bin" / "python"
        #: An Odoo that the user brought along (``--odoo`` or ``ODOO_HOME``)
        self.odoo_home = odoo or os.environ.get("ODOO_HOME") or None
        #: Options of an existing PostgreSQL server: host, port, user, password
        self.db = db or {}

    @property
    def odoo_command(self):
        """How Odoo is started; not as a script, whose first line holds no blanks and 127 bytes."""
        return [self.python, self.venv / "bin" / "odoo"]

    @property
    def key(self):
        """Short name of this checkout, different from every other one on the machine."""
        return hashlib.sha256(str(self.root).encode()).hexdigest()[:10]

    def folder(self, *parts):
        path = self.state.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def socket_folder(self, name):
        """A folder for a Unix socket whose path is short enough."""
        wanted = self.state / "socket" / name
        if len(os.fsencode(wanted)) <= SOCKET_PATH_LIMIT:
            return wanted
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        return Path(base) / f"crm-suite-{os.geteuid()}-{self.key}-{name}"

    @contextlib.contextmanager
    def lock(self, name, purpose):
        """Hold the lock ``name``: two commands in one checkout wait for one another.

        The lock is the kernel's, so a killed process never leaves it behind.
        """
        self.folder("locks")
        path = self.state / "locks" / f"{name}.lock"
        with open(path, "a+", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.seek(0)
                holder = handle.read().strip() or "another ./suite"
                say(f"- waiting for {holder}, which {purpose} …")
                fcntl.flock(handle, fcntl.LOCK_EX)
            handle.truncate(0)
            handle.write(f"process {os.getpid()}")
            handle.flush()
            yield

    def check(self):
        if not os.access(self.root, os.W_OK):
            raise SuiteError(
                "Cannot write to the checkout.",
                f"{self.root} belongs to another user",
                "clone the repository as the user who runs ./suite",
            )
