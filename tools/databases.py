"""Databases: the template with the core modules, a base with our addons, and throw-away copies."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from pathlib import Path

from . import odoo_config
from .errors import SuiteError
from .processes import run
from .progress import Step
from .python_env import environment

#: Core modules that stories and journeys use though no manifest of ours names them.
EXTRA_MODULES = (
    "account",
    "account_debit_note",
    "base_import",
    "contacts",
    "crm",
    "hr",
    "l10n_cn",
    "mass_mailing",
    "partnership",
    "phone_validation",
    "portal",
    "privacy_lookup",
    "rating",
    "resource",
    "sale_crm",
    "sale_loyalty",
    "sale_management",
    "sale_margin",
    "sale_stock",
    "spreadsheet_dashboard",
    "stock_account",
    "utm",
)
LANGUAGE = "zh_CN"
#: Raise it when the way a template is built changes.
TEMPLATE_FORMAT = 2
#: Bases of older sources that are kept, so that going back to them is quick.
KEPT_BASES = 12

LOG_LINE = re.compile(
    r"^(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+) (?P<pid>\d+) (?P<level>[A-Z]+) (?P<db>\S+) "
    r"(?P<name>[\w.]+): (?P<text>.*)$"
)
MODULE_LOADED = re.compile(r"Loading module (\S+) \((\d+)/(\d+)\)")
PREGENERATE = """
env["ir.qweb"]._pregenerate_assets_bundles()
env.cr.commit()
"""


def problems(log):
    """Records of level WARNING or above in the text of a server log, each with what follows it.

    >>> list(problems('2026-01-01 00:00:00,000 1 INFO db odoo: fine\\n'
    ...               '2026-01-01 00:00:00,000 1 WARNING db odoo.x: bad\\n  detail\\n'))
    ['WARNING odoo.x: bad\\n  detail']
    """
    found = []
    current = None
    for line in log.splitlines():
        match = LOG_LINE.match(line)
        if match:
            current = None
            if match["level"] in ("WARNING", "ERROR", "CRITICAL"):
                current = [f"{match['level']} {match['name']}: {match['text']}"]
                found.append(current)
        elif current is not None:
            current.append(line)
    return ["\n".join(lines) for lines in found]


def show_line(line):
    """What a person sees of a running server's log: the demonstration company's own progress."""
    match = LOG_LINE.match(line)
    text = match["text"] if match else line
    position = text.find("crm_demo:")
    return text[position:].strip() if position >= 0 else None


class Databases:
    """The databases of one server, and the Odoo that works on them."""

    def __init__(self, workspace, tree, server, name):
        self.workspace = workspace
        self.tree = tree
        self.server = server
        self.name = name
        self.config = odoo_config.write(workspace, tree, server, name)
        self.data = workspace.folder("data", name)

    # -- running Odoo --------------------------------------------------------------------------

    def odoo(
        self, *arguments, what, step=None, keep=show_line, stdin=None, log=None, check=True, **env
    ):
        """Run an Odoo command to its end and return what it wrote."""
        options = {"stdin": stdin} if stdin is not None else {}
        return run(
            [*self.workspace.odoo_command, *arguments],
            what=what,
            step=step,
            keep=keep,
            log=log or self.workspace.logs / f"{self.name}-odoo.log",
            check=check,
            env=self.environment(**env),
            cwd=self.workspace.root,
            **options,
        )

    def environment(self, **more):
        return environment(
            self.workspace, **{**self.server.environment, "ODOO_RC": self.config, **more}
        )

    def install(self, database, modules, *, what, step=None, update=(), options=()):
        """Install and update modules.

        :return: warnings and errors that the server logged meanwhile
        """
        arguments = [
            "-c",
            self.config,
            "-d",
            database,
            "--no-http",
            "--stop-after-init",
            "--max-cron-threads=0",
            *options,
        ]
        if modules:
            arguments += ["-i", ",".join(modules)]
        if update:
            arguments += ["-u", ",".join(update)]
        output = self.odoo(*arguments, what=what, step=_ModuleProgress(step) if step else None)
        return problems(output)

    def script(self, database, code, *, what, step=None, port=None, **options):
        """Run Python code in an Odoo shell on ``database``.

        :param port: for code that starts the web server itself, as Odoo's test runner does
        """
        http = ["--http-port", str(port)] if port else ["--no-http"]
        path = self.workspace.folder("tmp") / f"script-{os.getpid()}-{time.monotonic_ns()}.py"
        path.write_text(code)
        try:
            with open(path, encoding="utf-8") as handle:
                return self.odoo(
                    "shell",
                    "-c",
                    self.config,
                    "-d",
                    database,
                    "--max-cron-threads=0",
                    *http,
                    what=what,
                    step=step,
                    stdin=handle,
                    **options,
                )
        finally:
            path.unlink()

    # -- copies --------------------------------------------------------------------------------

    def filestore(self, database):
        return self.data / "filestore" / database

    def copy(self, source, target):
        """Copy a database; its files are hard links, safe because Odoo never rewrites one."""
        self.server.copy(source, target)
        if self.filestore(source).is_dir():
            shutil.rmtree(self.filestore(target), ignore_errors=True)
            shutil.copytree(self.filestore(source), self.filestore(target), copy_function=_link)

    def receive(self, other, source, target):
        """Copy a database of another server, with its files."""
        self.server.receive(other.server, source, target)
        if other.filestore(source).is_dir():
            shutil.rmtree(self.filestore(target), ignore_errors=True)
            shutil.copytree(other.filestore(source), self.filestore(target), copy_function=_link)

    def drop(self, database):
        self.server.drop(database)
        shutil.rmtree(self.filestore(database), ignore_errors=True)

    def rename(self, source, target):
        self.server.rename(source, target)
        if self.filestore(source).is_dir():
            shutil.rmtree(self.filestore(target), ignore_errors=True)
            self.filestore(source).rename(self.filestore(target))

    @contextlib.contextmanager
    def throw_away(self, source, purpose):
        """A copy of ``source`` that is dropped in the end."""
        self.sweep()
        name = f"{self.server.prefix}tmp_{purpose}_{os.getpid()}"
        self.drop(name)
        self.copy(source, name)
        try:
            yield name
        finally:
            self.drop(name)

    def sweep(self):
        """Drop the copies of runs that were killed."""
        for name in self.server.databases():
            match = re.fullmatch(rf"{self.server.prefix}tmp_.*?_(\d+)(-gw\d+)?", name)
            if match and not _process_exists(int(match.group(1))):
                self.drop(name)

    # -- template ------------------------------------------------------------------------------

    def template_modules(self, addons):
        return sorted({*EXTRA_MODULES, *addons.core_dependencies()} - {"base"})

    def _identity(self):
        release = self.tree.package / "release.py"
        return hashlib.sha256(
            f"{TEMPLATE_FORMAT}:{self.tree.package}:{release.stat().st_mtime_ns}:{LANGUAGE}".encode()
        ).hexdigest()[:12]

    def template(self, addons, more=()):
        """Name of the template database, built or extended as the addons' dependencies ask for.

        :param more: further core modules
        """
        wanted = {*self.template_modules(addons), *more}
        self._check_modules_exist(wanted)
        with self.workspace.lock(f"template-{self.name}", "builds the template database"):
            return self._template(wanted)

    def _template(self, wanted):
        known = self._templates()
        for name, modules in known.items():
            if wanted <= modules:
                return name
        key = hashlib.sha256(",".join(sorted(wanted)).encode()).hexdigest()[:8]
        name = f"{self.server.prefix}template_{key}"
        start = max(known, key=lambda candidate: len(known[candidate] & wanted), default=None)
        self._build_template(name, wanted, start, known.get(start, set()))
        return name

    def _check_modules_exist(self, wanted):
        missing = [module for module in sorted(wanted) if not self.tree.manifest(module)]
        if missing:
            raise SuiteError(
                f"Unknown modules: {', '.join(missing)}.",
                "a manifest in addons/ depends on them, and neither Odoo nor addons/ has them",
                "correct 'depends' in the manifest",
            )

    def _templates(self):
        """Complete templates of this Odoo and their modules, the largest last."""
        result = {}
        for name in self.server.databases():
            if not name.startswith(f"{self.server.prefix}template_"):
                continue
            with contextlib.suppress(ValueError):
                facts = json.loads(self.server.comment(name) or "{}")
                if facts.get("identity") == self._identity():
                    result[name] = set(facts["modules"])
        return result

    def _build_template(self, name, wanted, start, have):
        building = self._building("template")
        title = "Template database with Odoo's own modules (a few minutes, once)"
        with Step(title if not start else "Template database: more modules") as step:
            self.drop(building)
            self.drop(name)
            if start:
                self.copy(start, building)
            else:
                self.server.create(building)
            warnings = self.install(
                building,
                sorted(wanted - have),
                what="Installing Odoo's own modules",
                step=step,
                # The first language becomes the default of new users and partners.
                options=[] if start else ["--load-language", f"en_US,{LANGUAGE}"],
            )
            if warnings:
                step.tell(f"{len(warnings)} warnings while installing Odoo's own modules:")
                for text in warnings[:5]:
                    step.tell(text.splitlines()[0])
            if not start:
                step.note(f"loading {LANGUAGE}")
                self.odoo(
                    "i18n",
                    "loadlang",
                    "-c",
                    self.config,
                    "-d",
                    building,
                    "-l",
                    LANGUAGE,
                    what=f"Loading {LANGUAGE}",
                    step=step,
                )
            step.note("generating assets")
            self.script(building, PREGENERATE, what="Generating assets", step=step)
            self.finish(
                building, name, {"identity": self._identity(), "modules": sorted(wanted | have)}
            )

    def finish(self, building, name, facts):
        """Give a complete database its name: what has the name is never half made."""
        self.server.set_comment(building, json.dumps(facts))
        self.rename(building, name)

    # -- base: template + our addons -----------------------------------------------------------

    def base(self, addons, names, template=None):
        """Name of a database with these addons of ours (and what they need) installed.

        :param template: another template than the usual one
        :return: ``(database, warnings of its installation)``
        """
        chosen = addons.with_glue(names)
        template = template or self.template(addons)
        digests = {name: addons.by_name[name].digest() for name in chosen}
        text = json.dumps([template, digests], sort_keys=True)
        name = f"{self.server.prefix}base_{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        with self.workspace.lock(name, "installs the same addons"):
            facts = self.facts(name)
            if facts is None:
                facts = self._build_base(name, template, chosen, digests)
        self._remember_use(name)
        return name, facts["warnings"]

    def _building(self, kind):
        """Name of a database in the making; :meth:`sweep` drops it when its maker was killed."""
        return f"{self.server.prefix}tmp_building_{kind}_{os.getpid()}"

    def facts(self, name):
        """What we noted about a database of ours when it was complete, or None."""
        with contextlib.suppress(ValueError):
            if name in self.server.databases():
                return json.loads(self.server.comment(name))
        return None

    def _build_base(self, name, template, chosen, digests):
        start, warnings = self._best_start(template, digests)
        have = set(self.facts(start)["addons"]) if start != template else set()
        missing = [addon for addon in chosen if addon not in have]
        building = self._building("base")
        with Step(_installing(missing)) as step:
            self.sweep()
            self.drop(building)
            self.copy(start, building)
            if missing:
                warnings += self.install(building, missing, what="Installing the addons", step=step)
            step.note("generating assets")
            self.script(building, PREGENERATE, what="Generating assets", step=step)
            facts = {"template": template, "addons": digests, "warnings": warnings}
            self.finish(building, name, facts)
        self._forget_old_bases(name)
        return facts

    def _best_start(self, template, digests):
        """The database that already has most of the addons as they now are, and its warnings."""
        best, best_facts = template, {"addons": {}, "warnings": []}
        for name in self.server.databases():
            if not name.startswith(f"{self.server.prefix}base_"):
                continue
            facts = self.facts(name)
            if (
                facts
                and facts["template"] == template
                and facts["addons"].items() <= digests.items()
                and len(facts["addons"]) > len(best_facts["addons"])
            ):
                best, best_facts = name, facts
        return best, list(best_facts["warnings"])

    def _uses(self):
        return self.workspace.folder("tmp", f"bases-{self.name}")

    def _remember_use(self, name):
        (self._uses() / name).touch()

    def _forget_old_bases(self, keep):
        """Drop bases of older sources, the least recently used first."""
        bases = [
            name
            for name in self.server.databases()
            if name.startswith(f"{self.server.prefix}base_") and name != keep
        ]
        bases.sort(key=lambda name: _mtime(self._uses() / name), reverse=True)
        for name in bases[KEPT_BASES:]:
            with contextlib.suppress(SuiteError):
                self.drop(name)
            (self._uses() / name).unlink(missing_ok=True)


def _installing(names):
    if len(names) < 6:
        return f"Installing {', '.join(names) or 'nothing new'}"
    return f"Installing {len(names)} addons"


class _ModuleProgress:
    """Turns a server log into 'module x (12/130)'."""

    def __init__(self, step):
        self.step = step

    def note(self, line):
        if match := MODULE_LOADED.search(line):
            self.step.note(f"module {match[2]} of {match[3]}: {match[1]}")

    def tell(self, text):
        self.step.tell(text)


def _link(source, target):
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _mtime(path):
    try:
        return Path(path).stat().st_mtime
    except OSError:
        return 0.0


def _process_exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
