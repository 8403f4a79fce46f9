import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import odoo_config, odoo_tree
from tools.apt import choose_mirror
from tools.databases import problems, show_line
from tools.errors import SuiteError
from tools.postgres import Server
from tools.python_env import LOCK
from tools.workspace import SOCKET_PATH_LIMIT, Workspace

ROOT = Path(__file__).resolve().parents[2]


def make_odoo(folder, version=(19, 0)):
    package = folder / "odoo"
    (package / "addons" / "base").mkdir(parents=True)
    (package / "release.py").write_text(
        f"version_info = ({version[0]}, {version[1]}, 0, 'final')\n"
    )
    (folder / "addons" / "sale").mkdir(parents=True)
    (folder / "addons" / "sale" / "__manifest__.py").write_text("{}")
    return package


def test_a_checkout_of_odoo_is_used_as_it_is(tmp_path):
    package = make_odoo(tmp_path / "odoo19")
    tree = odoo_tree.ensure(Workspace(tmp_path, odoo=str(tmp_path / "odoo19")))
    assert tree.package == package
    assert tree.version == "19.0"
    assert tree.addons_paths == [package / "addons", tmp_path / "odoo19" / "addons"]
    assert tree.manifest("sale") and not tree.manifest("nothing")


def test_another_version_is_refused(tmp_path):
    make_odoo(tmp_path / "odoo18", version=(18, 0))
    with pytest.raises(SuiteError, match="Odoo 18.0"):
        odoo_tree.ensure(Workspace(tmp_path, odoo=str(tmp_path / "odoo18")))


def test_a_folder_without_odoo_is_refused(tmp_path):
    with pytest.raises(SuiteError, match="No Odoo in"):
        odoo_tree.ensure(Workspace(tmp_path, odoo=str(tmp_path)))


def test_dangling_links_are_found(tmp_path):
    (tmp_path / "there").write_text("")
    (tmp_path / "good").symlink_to("there")
    (tmp_path / "bad").symlink_to("not-there")
    assert odoo_tree.dangling_links(tmp_path) == [str(tmp_path / "bad")]


def test_a_machine_without_a_debian_mirror_is_told_what_to_do():
    with pytest.raises(SuiteError) as caught:
        choose_mirror("http://archive.example/ubuntu/|noble|main|Packages")
    assert "--odoo" in caught.value.remedy


def test_socket_paths_stay_short(tmp_path):
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    socket = Workspace(deep).socket_folder("test")
    assert len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT
    assert socket != Workspace(tmp_path).socket_folder("test")


def test_two_commands_wait_for_one_another(tmp_path, capfd):
    script = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from tools.workspace import Workspace\n"
        "with Workspace(sys.argv[2]).lock('setup', 'sets up'):\n"
        "    print('locked', flush=True); time.sleep(0.5)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(ROOT), str(tmp_path)], stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        with Workspace(tmp_path).lock("setup", "sets up the environment"):
            assert other.poll() is not None or other.wait(1) == 0
    assert f"waiting for process {other.pid}" in capfd.readouterr().out


def test_configuration_of_the_repository_reaches_odoo(tmp_path):
    (tmp_path / "addons").mkdir()
    (tmp_path / "odoo.conf").write_text(
        "[options]\nunaccent = True\ndb_host = False\nworkers = 3\n"
    )
    workspace = Workspace(tmp_path)
    tree = odoo_tree.OdooTree(make_odoo(tmp_path / "odoo19"))
    path = odoo_config.write(workspace, tree, Server(workspace, "/socket", 5432, "odoo"), "test")
    text = path.read_text()
    assert "unaccent = True" in text
    assert "workers = 3" in text
    assert "db_host = /socket" in text
    assert "db_password" not in text
    assert str(workspace.addons) in text
    assert odoo_config.server_options(workspace) == {}


def test_a_server_named_in_the_configuration_is_used(tmp_path):
    (tmp_path / "odoo.conf").write_text("[options]\ndb_host = db.example\ndb_user = me\n")
    assert odoo_config.server_options(Workspace(tmp_path)) == {"host": "db.example", "user": "me"}


LOG = """\
2026-01-01 00:00:00,000 12 INFO db odoo.modules.loading: Loading module crm_demo (3/9)
2026-01-01 00:00:00,000 12 INFO db odoo.addons.crm_demo: crm_demo: 120 of 300 customers
2026-01-01 00:00:00,000 12 ERROR db odoo.sql_db: bad query
Traceback (most recent call last):
2026-01-01 00:00:00,000 12 INFO db odoo: fine
"""


def test_warnings_of_an_installation_are_found():
    assert problems(LOG) == ["ERROR odoo.sql_db: bad query\nTraceback (most recent call last):"]


def test_progress_of_the_demonstration_company_is_shown():
    shown = [text for line in LOG.splitlines() if (text := show_line(line))]
    assert shown == ["crm_demo: 120 of 300 customers"]


def test_every_dependency_is_pinned_with_its_hash():
    entries = re.split(r"\n(?=\S)", LOCK.read_text())
    for entry in entries:
        if not entry.startswith("#"):
            assert re.match(r"[\w.\-]+==\S+", entry), entry
            assert "--hash=sha256:" in entry, entry


def test_suite_needs_nothing_but_the_standard_library():
    """It starts on a bare machine, and each command explains itself."""
    for command in ("", "run", "test", "lint", "bench", "shell", "i18n", "psql", "stop", "clean"):
        result = subprocess.run(
            [sys.executable, "-I", "-S", ROOT / "suite", *command.split(), "--help"],
            capture_output=True, text=True,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        assert "usage: ./suite" in result.stdout
