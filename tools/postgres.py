"""PostgreSQL: a private cluster of this checkout on a Unix socket, or the user's own server."""

import contextlib
import fcntl
import glob
import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

from . import apt
from .errors import SuiteError
from .processes import as_root, run
from .progress import Step, say

PORT = 5432
ROLE = "odoo"
COMMON_SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "'512MB'",
    "work_mem": "'32MB'",
    "maintenance_work_mem": "'256MB'",
    # Odoo's queries are many and short: compiling them costs more than it saves
    "jit": "off",
    "max_wal_size": "'4GB'",
    "log_min_duration_statement": "-1",
    "logging_collector": "off",
    "timezone": "'UTC'",
}
#: Test databases are thrown away, so a crash may cost them.
THROW_AWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "'30min'",
}
#: Only a superuser may declare the extension's function immutable; anybody may wrap it in one.
OWN_UNACCENT = """
CREATE SCHEMA IF NOT EXISTS extensions;
CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA extensions;
CREATE OR REPLACE FUNCTION public.unaccent(text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    AS $$ SELECT extensions.unaccent('extensions.unaccent'::regdictionary, $1) $$;
"""


class Server:
    """Where databases are: knows how to reach it, and creates and drops databases."""

    #: put before every database name; a shared server may serve several checkouts
    prefix = ""
    #: role for what only a superuser may do; None where we have none
    superuser = None

    def __init__(self, workspace, host, port, user, password="", binaries=None):
        self.workspace = workspace
        self.host, self.port, self.user, self.password = str(host), int(port), user, password
        self.binaries = binaries

    @contextlib.contextmanager
    def running(self):
        yield self

    @property
    def environment(self):
        env = {"PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user}
        if self.password:
            env["PGPASSWORD"] = self.password
        return env

    def _client(self, program, *arguments, user=None, what=None):
        path = os.path.join(self.binaries, program) if self.binaries else shutil.which(program)
        if not path:
            raise SuiteError(
                f"{program} is missing.", "no PostgreSQL client", "install postgresql-client"
            )
        env = {**os.environ, **self.environment, "LC_ALL": "C.UTF-8"}
        if user:
            env["PGUSER"] = user
        return run([path, *arguments], what=what or program, env=env, cwd="/")

    def sql(self, database, statement, user=None):
        """Run ``statement`` and return the unaligned rows as text."""
        return self._client(
            "psql",
            "-X",
            "-qAt",
            "-v",
            "ON_ERROR_STOP=1",
            "-d",
            database,
            "-c",
            statement,
            user=user,
            what="A database query",
        ).strip()

    def databases(self):
        listing = self.sql("postgres", "SELECT datname FROM pg_database WHERE NOT datistemplate")
        return [name for name in listing.splitlines() if name.startswith(self.prefix)]

    def comment(self, database):
        return self.sql(
            "postgres",
            "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database"
            f" WHERE datname = '{database}'",
        )

    def set_comment(self, database, text):
        quoted = text.replace("'", "''")
        self.sql("postgres", f"COMMENT ON DATABASE \"{database}\" IS '{quoted}'")

    def create(self, database):
        """An empty database as Odoo makes it, with the extensions."""
        self.sql(
            "postgres",
            f"CREATE DATABASE \"{database}\" ENCODING 'unicode' LC_COLLATE 'C' TEMPLATE template0",
        )
        self.add_extensions(database)

    def add_extensions(self, database):
        """Extensions as Odoo wants them: unaccent must be immutable, or no index can use it."""
        self.sql(database, "CREATE EXTENSION IF NOT EXISTS pg_trgm")
        self.sql(database, OWN_UNACCENT)

    def copy(self, source, target):
        self.sql("postgres", f'CREATE DATABASE "{target}" TEMPLATE "{source}"')

    def receive(self, other, source, target):
        """Copy database ``source`` of the server ``other`` to ``target`` here."""
        if (other.host, other.port) == (self.host, self.port):
            self.copy(source, target)
            return
        self.create(target)
        archive = self.workspace.folder("tmp") / f"transfer-{os.getpid()}.dump"
        try:
            other._client(
                "pg_dump",
                "-Fc",
                "-Z1",
                "--no-owner",
                "--no-comments",
                "-f",
                str(archive),
                source,
                what="Copying the database out",
            )
            self._client(
                "pg_restore",
                "--no-owner",
                "--no-comments",
                "--exit-on-error",
                f"--role={self.user}",
                "-j",
                "2",
                "-d",
                target,
                str(archive),
                what="Copying the database in",
                user=self.superuser,
            )
        finally:
            archive.unlink(missing_ok=True)

    def rename(self, source, target):
        self.sql("postgres", f'ALTER DATABASE "{source}" RENAME TO "{target}"')

    def drop(self, database):
        # As the superuser where we have one: only it may end an autovacuum worker of the server.
        statement = f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)'
        self.sql("postgres", statement, user=self.superuser)


class Cluster(Server):
    """A cluster of our own below ``.suite/pg``: up as long as somebody uses it."""

    superuser = "postgres"

    def __init__(self, workspace, name, throw_away):
        self.binaries = find_binaries()
        self.name = name
        self.throw_away = throw_away
        self.folder = workspace.state / "pg" / name
        self.owner = _server_account() if os.geteuid() == 0 else None
        socket = workspace.socket_folder(name)
        if self.owner and not _reachable(socket.parent, self.owner):
            socket = Path("/tmp") / f"crm-suite-0-{workspace.key}-{name}"
        super().__init__(workspace, socket, PORT, ROLE, binaries=self.binaries)

    @property
    def data(self):
        """The cluster's folder as the server's account reaches it: a link may lead elsewhere."""
        return (self.folder / "data").resolve()

    @property
    def keep_marker(self):
        return self.folder / "keep-running"

    @contextlib.contextmanager
    def running(self):
        """Hold the cluster up; the last holder stops it, unless it is told to keep running."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "users.lock", "w", encoding="utf-8") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            with self._exclusive():
                self.ensure_started()
            try:
                yield self
            finally:
                with self._exclusive():
                    self._stop_if_last(users)

    def ensure_started(self):
        if self._lost_in_a_crash():
            say("- the machine went down while the test databases were open: they are made anew")
            shutil.rmtree(self.data, ignore_errors=True)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._check_version()
        if not self.is_up():
            self._start()

    def is_up(self):
        return self._pg("pg_ctl", "-D", self.data, "status").returncode == 0

    def _lost_in_a_crash(self):
        """Without fsync a cluster survives the death of the server, but not of the machine."""
        boot = self.folder / "boot-id"
        before = boot.read_text() if boot.exists() else _boot_id()
        boot.write_text(_boot_id())
        return self.throw_away and before != _boot_id() and (self.data / "postmaster.pid").exists()

    def stop(self):
        if (self.data / "PG_VERSION").exists() and self.is_up():
            self._pg("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")

    def add_extensions(self, database):
        self.sql(
            database,
            "CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE EXTENSION IF NOT EXISTS unaccent;"
            " ALTER FUNCTION unaccent(text) IMMUTABLE",
            user=self.superuser,
        )

    @contextlib.contextmanager
    def _exclusive(self):
        with open(self.folder / "start.lock", "w", encoding="utf-8") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _stop_if_last(self, users):
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        if not self.keep_marker.exists():
            self.stop()

    def _check_version(self):
        of_data = (self.data / "PG_VERSION").read_text().strip()
        of_server = _major(self.binaries)
        if of_data != of_server:
            raise SuiteError(
                f"PostgreSQL {of_data} made the private cluster, the server is {of_server}.",
                str(self.data),
                "./suite clean --databases, then run the command again",
            )

    def _initialise(self):
        with Step(f"PostgreSQL cluster for {self.name}"):
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(self.data, ignore_errors=True)
            home = self._reachable_home()
            partial = home / "data.partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(mode=0o700)
            self._own(partial)
            result = self._pg(
                "initdb",
                "-D",
                partial,
                "-U",
                self.superuser,
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                *(["--no-sync"] if self.throw_away else []),
            )
            if result.returncode:
                raise SuiteError("Creating the PostgreSQL cluster failed.", result.stdout[-800:])
            with open(partial / "postgresql.conf", "a", encoding="utf-8") as conf:
                conf.write("\ninclude 'suite.conf'\n")
            self._write_settings(partial)
            target = home / "data"
            if target.exists():  # somebody removed .suite/ by hand
                self._pg("pg_ctl", "-D", target, "-m", "immediate", "stop")
                shutil.rmtree(target)
            partial.rename(target)
            link = self.folder / "data"
            if target.resolve() != link.resolve():
                link.unlink(missing_ok=True)
                link.symlink_to(target)

    def _write_settings(self, data):
        settings = {**COMMON_SETTINGS, **(THROW_AWAY_SETTINGS if self.throw_away else {})}
        lines = [f"{name} = {value}" for name, value in settings.items()]
        lines.append(f"unix_socket_directories = '{self.host}'")
        path = data / "suite.conf"
        path.write_text("\n".join(lines) + "\n")
        self._own(path)

    def _start(self):
        socket = Path(self.host)
        socket.mkdir(parents=True, exist_ok=True, mode=0o700)
        socket.chmod(0o700)
        self._own(socket)
        self._write_settings(self.data)
        log = self.data / "server.log"
        result = self._pg(
            "pg_ctl",
            "-D",
            self.data,
            "-w",
            "-t",
            "60",
            "-l",
            log,
            "start",
            output=subprocess.DEVNULL,  # the server inherits it: a pipe would never end
        )
        if result.returncode:
            why = log.read_text(errors="replace")[-800:] if log.exists() else "it wrote no log"
            raise SuiteError("PostgreSQL did not start.", why, f"the whole log is in {log}")
        role = self.sql(
            "postgres", f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'", user=self.superuser
        )
        if not role:
            self.sql("postgres", f"CREATE ROLE {ROLE} LOGIN CREATEDB", user=self.superuser)

    def _own(self, path):
        if self.owner:
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def _reachable_home(self):
        """Where the server's account can get to: a checkout in root's home is closed to it."""
        if not self.owner or _reachable(self.folder, self.owner):
            return self.folder
        home = Path("/var/lib") / f"crm-suite-{self.workspace.key}" / self.name
        home.mkdir(parents=True, exist_ok=True)
        return home

    def _pg(self, program, *arguments, output=subprocess.PIPE):
        """Run a server program as the account that owns the cluster: never as root."""
        options = {}
        if self.owner:
            options = {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []}
        return subprocess.run(
            [os.path.join(self.binaries, program), *map(str, arguments)],
            cwd="/",
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            start_new_session=True,
            **options,
        )


def _boot_id():
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


def _server_account():
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise SuiteError("PostgreSQL must not run as root.", "no account 'postgres' nor 'nobody'")


def _reachable(path, account):
    """Whether ``account`` may pass through every folder above ``path``."""
    path = Path(path).resolve()
    for folder in [path, *path.parents]:
        if not folder.exists():
            continue
        stat = folder.stat()
        bit = (
            0o100
            if stat.st_uid == account.pw_uid
            else 0o010
            if stat.st_gid == account.pw_gid
            else 0o001
        )
        if not stat.st_mode & bit:
            return False
    return True


def _major(binaries):
    output = subprocess.run(
        [os.path.join(binaries, "postgres"), "--version"], capture_output=True, text=True
    )
    match = re.search(r"(\d+)", output.stdout)
    return match.group(1) if match else "?"


def find_binaries():
    """Folder of the newest server binaries of this machine, or None."""
    folders = [os.path.dirname(path) for path in glob.glob("/usr/lib/postgresql/*/bin/postgres")]
    folders.sort(key=lambda folder: float(folder.split("/")[-2]))
    if folders:
        return folders[-1]
    found = shutil.which("postgres")
    return os.path.dirname(os.path.realpath(found)) if found else None


def ensure_binaries(workspace):
    """Install the server's programs when the machine has none; never a running system cluster."""
    if find_binaries():
        return
    with Step("PostgreSQL server programs") as step, _no_system_cluster(workspace, step):
        apt.install(
            ["postgresql"],
            why="the database server",
            log=workspace.folder("logs") / "apt.log",
            step=step,
        )


@contextlib.contextmanager
def _no_system_cluster(workspace, step):
    """Debian's package makes and starts a cluster of its own on installation; we need none."""
    apt.install(
        ["postgresql-common"],
        why="the database server",
        log=workspace.folder("logs") / "apt.log",
        step=step,
    )
    conf = Path("/etc/postgresql-common/createcluster.conf")
    edit = "s/^#*create_main_cluster.*/create_main_cluster = false/"
    _as_root(["cp", "-p", str(conf), f"{conf}.suite"])
    try:
        _as_root(["sed", "-i", edit, str(conf)])
        yield
    finally:
        _as_root(["mv", f"{conf}.suite", str(conf)])


def _as_root(command):
    run(as_root(command), what="Preparing the installation of PostgreSQL")


def server(workspace, name):
    """The server for ``name`` ('run' or 'test'): the user's when one was named, else our own."""
    if workspace.db.get("host"):
        given = workspace.db
        shared = Server(
            workspace,
            given["host"],
            given.get("port") or PORT,
            given.get("user") or ROLE,
            given.get("password") or "",
            binaries=find_binaries(),
        )
        shared.prefix = f"s{workspace.key[:6]}_"
        return shared
    ensure_binaries(workspace)
    return Cluster(workspace, name, throw_away=name == "test")
