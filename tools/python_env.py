"""The virtual environment: pinned dependencies, and Odoo importable and known to pip."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .errors import SuiteError
from .processes import run
from .progress import Step

LOCK = Path(__file__).parent / "requirements" / "lock.txt"
#: what benchmarks compare with
PEERS = LOCK.with_name("bench.txt")
LAUNCHER = """#!{python}
# Starts Odoo the way its own script does: workers are started by running this file again.
import odoo.cli

if __name__ == "__main__":
    odoo.cli.main()
"""


def ensure(workspace, tree):
    """A venv that holds exactly the lock file's packages."""
    stamp = workspace.venv / "suite.json"
    wanted = {
        "lock": hashlib.sha256(LOCK.read_bytes()).hexdigest(),
        "python": sys.version,
        "prefix": str(workspace.venv),
        "odoo": str(tree.import_folder),
    }
    known = _read(stamp)
    if known == wanted:
        return
    with Step("Python packages") as step:
        if {**known, "lock": 0, "odoo": 0} != {**wanted, "lock": 0, "odoo": 0}:
            _create(workspace, step)
        stamp.unlink(missing_ok=True)
        _install(workspace, step)
        _link_odoo(workspace, tree)
        stamp.write_text(json.dumps(wanted, indent=2) + "\n")


def ensure_peers(workspace):
    """The Python of a venv of its own with what benchmarks compare with; installed when needed."""
    folder = workspace.state / "peers"
    python, stamp = folder / "bin" / "python", folder / "suite.json"
    wanted = {
        "lock": hashlib.sha256(PEERS.read_bytes()).hexdigest(),
        "python": sys.version,
        "prefix": str(folder),
    }
    if _read(stamp) != wanted:
        with Step("Python packages of the benchmarks' peers") as step:
            shutil.rmtree(folder, ignore_errors=True)
            _create_at(workspace, folder)
            _install_lock(workspace, python, PEERS, step)
            stamp.write_text(json.dumps(wanted, indent=2) + "\n")
    return python


def _read(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def _create(workspace, step):
    step.note("creating the virtual environment")
    shutil.rmtree(workspace.venv, ignore_errors=True)
    workspace.folder()
    _create_at(workspace, workspace.venv)


def _create_at(workspace, folder):
    run(
        [sys.executable, "-m", "venv", folder],
        what="Creating the virtual environment",
        log=workspace.logs / "python.log",
        remedy="install the package python3-venv",
    )


def _install(workspace, step):
    _install_lock(workspace, workspace.python, LOCK, step)


def _install_lock(workspace, python, lock, step):
    command = [
        python,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--require-hashes",
        "--no-deps",
        "-r",
        lock,
    ]
    run(
        command,
        what="Installing Python packages",
        log=workspace.logs / "python.log",
        step=step,
        env=environment(workspace),
        remedy="check the network and pip's configuration, then run again",
    )


def _link_odoo(workspace, tree):
    site = Path(
        subprocess.check_output(
            [workspace.python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
            text=True,
        ).strip()
    )
    (site / "odoo_tree.pth").write_text(f"{tree.import_folder}\n")
    for left_over in site.glob("odoo-19.0.dist-info"):
        shutil.rmtree(left_over)
    if not list(tree.import_folder.glob("odoo-*-info")):
        # a checkout carries no metadata, and addons on PyPI require the distribution "odoo"
        info = site / "odoo-19.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odoo\nVersion: 19.0\n")
        (info / "INSTALLER").write_text("suite\n")
    launcher = workspace.venv / "bin" / "odoo"
    launcher.write_text(LAUNCHER.format(python=workspace.python))
    launcher.chmod(0o755)
    probe = subprocess.run(
        [workspace.python, "-c", "import odoo.release"], capture_output=True, text=True
    )
    if probe.returncode:
        raise SuiteError(
            "Odoo cannot be imported.", probe.stderr.strip()[-500:], "./suite clean, then again"
        )


def environment(workspace, **more):
    """Environment of a program of the venv: nothing of the caller's Python leaks in."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "ODOO_", "PGDATABASE"))
    }
    env.update(
        PATH=f"{workspace.venv / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}",
        VIRTUAL_ENV=str(workspace.venv),
        LC_ALL="C.UTF-8",
        PYTHONUNBUFFERED="1",
        PYTHONDONTWRITEBYTECODE="",
        **{name: str(value) for name, value in more.items()},
    )
    return env
