"""Tests of ./suite itself: plain pytest, no Odoo, no database."""

import pytest

from tools.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    """An empty checkout."""
    (tmp_path / "addons").mkdir()
    return Workspace(tmp_path)


@pytest.fixture
def add_addon(workspace):
    """Writes an addon with a manifest and some files."""

    def add(name, files=(), **manifest):
        folder = workspace.addons / name
        folder.mkdir()
        (folder / "__manifest__.py").write_text(repr({"name": name, **manifest}))
        for path, text in dict(files).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder

    return add
