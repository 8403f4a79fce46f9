"""``./suite run``: the demonstration company, built once and served."""

import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from datetime import datetime

from . import processes
from .databases import PREGENERATE
from .errors import SuiteError
from .manifests import DEMO
from .progress import Step, say

ADDRESS = "127.0.0.1"
START_LIMIT = 180


class Demo:
    """The served database: the demonstration company, or just our addons while there is none."""

    def __init__(self, platform, options):
        self.platform = platform
        self.workspace = platform.workspace
        self.options = options

    def serve(self):
        self._check_port()
        with self.platform.databases("run") as databases:
            database = f"{databases.server.prefix}crm"
            with self.workspace.lock("demo", "builds the demonstration company"):
                self._ensure(databases, database)
            return self._serve(databases, database)

    # -- building ------------------------------------------------------------------------------

    def _ensure(self, databases, database):
        addons = self.platform.addons
        facts = databases.facts(database)
        if facts is None or self.options.rebuild:
            self._build(databases, database, addons)
            return
        now = {name: addons.by_name[name].digest() for name in addons.names(demo=True)}
        known = facts["addons"]
        new = [name for name in now if name not in known]
        changed = [name for name in now if name in known and known[name] != now[name]]
        if new or changed:
            self._update(databases, database, new, changed, {**facts, "addons": now})

    def _build(self, databases, database, addons):
        """Built where fsync is off, then moved over; tests use the same build."""
        with self.platform.databases("test") as workshop:
            base, warnings = workshop.base(addons, addons.names(demo=True))
            for text in warnings:
                say(f"  {text}")
            with Step("Moving the demonstration company to its own server") as step:
                building = f"{databases.server.prefix}tmp_building_demo_{os.getpid()}"
                databases.sweep()
                databases.drop(building)
                databases.receive(workshop, base, building)
                step.note("generating assets")
                databases.script(building, PREGENERATE, what="Generating assets", step=step)
                databases.drop(database)
                databases.finish(
                    building,
                    database,
                    {
                        **workshop.facts(base),
                        "built": datetime.now().isoformat(timespec="seconds"),
                    },
                )

    def _update(self, databases, database, new, changed, facts):
        """What was entered stays: the addons are updated in place, as on a company's own server."""
        with Step(f"Updating {', '.join(new + changed)}") as step:
            warnings = databases.install(
                database,
                new,
                update=changed,
                what="Updating the addons",
                step=step,
            )
            for text in warnings:
                step.tell(text)
            databases.server.set_comment(database, json.dumps(facts))
        if DEMO in changed:
            say("  the demonstration company itself changed: ./suite run --rebuild builds it anew")

    # -- serving -------------------------------------------------------------------------------

    def _check_port(self):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, self.options.port))
            except OSError as error:
                raise SuiteError(
                    f"Port {self.options.port} is taken.",
                    str(error),
                    f"end what uses it, or run: ./suite run --port {self.options.port + 1}",
                ) from error

    def _serve(self, databases, database):
        log = self.workspace.logs / "run.log"
        command = [
            *self.workspace.odoo_command,
            "-c",
            databases.config,
            "-d",
            database,
            "--db-filter",
            f"^{database}$",
            "--http-interface",
            ADDRESS,
            "--http-port",
            self.options.port,
            "--gevent-port",
            self.options.port + 3,
        ]
        if self.options.dev:
            command += ["--dev", self.options.dev]
        with open(log, "ab") as sink:
            position = sink.tell()
            server = processes.start(
                command,
                stdout=sink,
                stderr=sink,
                env=databases.environment(),
                cwd=self.workspace.root,
            )
            pid_file = self.workspace.state / "run.pid"
            pid_file.write_text(str(server.pid))
            try:
                with Step("Starting the server"):
                    self._wait_until_up(server, log, position)
                self._announce(log)
                return self._watch(server, log)
            finally:
                processes.stop(server)
                pid_file.unlink(missing_ok=True)

    def _wait_until_up(self, server, log, position):
        deadline = time.monotonic() + START_LIMIT
        url = f"http://{ADDRESS}:{self.options.port}/web/login"
        while time.monotonic() < deadline:
            if server.poll() is not None:
                break
            try:
                with urllib.request.urlopen(url, timeout=30) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.3)
        with open(log, "rb") as handle:
            handle.seek(position)
            text = handle.read().decode(errors="replace")
        raise SuiteError("The server did not start.", text[-1500:], f"the whole log is in {log}")

    def _announce(self, log):
        say()
        say(f"  http://{ADDRESS}:{self.options.port}")
        say()
        for login in self.logins():
            say(f"  {login['login']:<24} {login['password']:<16} {login.get('role', '')}")
        say()
        say(f"  log: {log}    Ctrl-C ends the server")

    def logins(self):
        path = self.workspace.addons / DEMO / "logins.json"
        if not path.exists():
            return [{"login": "admin", "password": "admin", "role": "administrator"}]
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise SuiteError(
                "The list of demo logins cannot be read.", str(error), f"see {path}"
            ) from error

    @staticmethod
    def _watch(server, log):
        try:
            code = server.wait()
        except KeyboardInterrupt:
            say("\nending the server …")
            return 0
        if code not in (0, -signal.SIGTERM):
            raise SuiteError(
                f"The server ended (exit code {code}).",
                processes.tail(log, 15),
                f"the whole log is in {log}",
            )
        say("the server was stopped")
        return 0
