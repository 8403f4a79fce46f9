"""Brings the environment up, step by step; what stands already is only looked at."""

import contextlib

from . import browser, odoo_config, odoo_tree, postgres, python_env
from .databases import Databases
from .manifests import Addons


class Platform:
    """Odoo, Python, PostgreSQL, Chromium: everything that a command needs to start Odoo."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.tree = None
        if not workspace.db:
            workspace.db = odoo_config.server_options(workspace)

    @property
    def addons(self):
        """The addons as they are now: others may edit them while we run."""
        return Addons(self.workspace.addons)

    def prepare(self):
        """Everything that no database is needed for."""
        workspace = self.workspace
        workspace.check()
        with workspace.lock("setup", "sets up the environment"):
            if not workspace.db:
                postgres.ensure_binaries(workspace)
            browser.ensure(workspace)
            self.tree = odoo_tree.ensure(workspace)
            python_env.ensure(workspace, self.tree)
        return self

    @contextlib.contextmanager
    def databases(self, name):
        """The databases of the server ``name`` ('run' or 'test'), which is up meanwhile."""
        server = postgres.server(self.workspace, name)
        with server.running():
            yield Databases(self.workspace, self.tree, server, name)
