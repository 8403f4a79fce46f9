"""``stop``, ``clean``, ``psql``, ``shell``: looking after what stands."""

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from . import postgres, processes
from .errors import SuiteError
from .progress import Step, say

CLUSTERS = ("run", "test")


def clusters(workspace):
    """The private clusters that exist."""
    if not postgres.find_binaries():
        return []
    return [
        postgres.Cluster(workspace, name, throw_away=name == "test")
        for name in CLUSTERS
        if (workspace.state / "pg" / name / "data").exists()
    ]


def stop(workspace):
    """End the served Odoo and the database servers of this checkout."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((workspace.state / "run.pid").read_text())
        if b"odoo" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGTERM)
            say("- the server was told to stop")
            _wait_for_end(pid)
    for cluster in clusters(workspace):
        cluster.keep_marker.unlink(missing_ok=True)
        if cluster.is_up():
            with Step(f"Stopping PostgreSQL ({cluster.name})"):
                cluster.stop()


def _wait_for_end(pid, patience=15):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and Path(f"/proc/{pid}").exists():
        time.sleep(0.1)


def clean(workspace, databases_only=False):
    """Remove what ``./suite`` made: everything, or only the databases."""
    stop(workspace)
    for cluster in clusters(workspace):
        data = cluster.data
        shutil.rmtree(data, ignore_errors=True)
        shutil.rmtree(cluster.host, ignore_errors=True)
        if data.parent != cluster.folder:
            shutil.rmtree(data.parent.parent, ignore_errors=True)
    folders = ["pg", "data", "socket", "tmp"] if databases_only else None
    for path in (
        list(workspace.state.glob("*"))
        if folders is None
        else [workspace.state / name for name in folders]
    ):
        if path.name != "locks":
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(
                missing_ok=True
            )
    say("- removed: " + ("the databases" if databases_only else str(workspace.state)))


def choose_database(databases, wanted):
    """The database a person means: the named one, or the served one."""
    names = databases.server.databases()
    chosen = wanted or f"{databases.server.prefix}crm"
    if chosen not in names:
        raise SuiteError(
            f"There is no database {chosen}.",
            f"there are: {', '.join(names) or 'none'}",
            "./suite run builds the demonstration company; --database names another",
        )
    return chosen


def psql(databases, database, arguments):
    return processes.interactive(
        [
            os.path.join(databases.server.binaries, "psql")
            if databases.server.binaries
            else "psql",
            "-d",
            database,
            *arguments,
        ],
        env={**os.environ, **databases.server.environment},
    )


def shell(workspace, databases, database):
    return processes.interactive(
        [
            *workspace.odoo_command,
            "shell",
            "-c",
            databases.config,
            "-d",
            database,
            "--no-http",
        ],
        env=databases.environment(),
        cwd=workspace.root,
    )
