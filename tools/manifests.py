"""What the addons of this repository are, as their manifests say."""

import ast
import hashlib
from pathlib import Path

from .errors import SuiteError

DEMO = "crm_demo"
#: Parts of an addon that do not change what its installation makes of a database.
NOT_INSTALLED = {"tests", "__pycache__", "readme", "doc"}


class Addon:
    """One installable addon."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.name = self.folder.name
        path = self.folder / "__manifest__.py"
        try:
            self.manifest = ast.literal_eval(path.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError, OSError) as error:
            raise SuiteError(
                f"The manifest of {self.name} cannot be read.", str(error), f"see {path}"
            ) from error
        self.depends = list(self.manifest.get("depends", ["base"]))

    @property
    def has_hoot_tests(self):
        return any(self.folder.glob("static/tests/**/*.test.js"))

    @property
    def has_python_tests(self):
        return any(self.folder.glob("tests/test_*.py"))

    def digest(self):
        """Fingerprint of every file that matters to an installed database."""
        result = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            relative = path.relative_to(self.folder)
            if not path.is_file() or path.suffix == ".pyc" or _ignored(relative.parts):
                continue
            if relative.parts[:2] == ("static", "tests") or relative.parts[:2] == (
                "static",
                "description",
            ):
                continue
            result.update(str(relative).encode() + b"\0" + path.read_bytes() + b"\0")
        return result.hexdigest()


def _ignored(parts):
    return parts[0] in NOT_INSTALLED or any(part.startswith(".") for part in parts)


class Addons:
    """All installable addons of a folder."""

    def __init__(self, folder):
        self.by_name = {}
        for path in sorted(Path(folder).glob("*/__manifest__.py")):
            addon = Addon(path.parent)
            if addon.manifest.get("installable", True):
                self.by_name[addon.name] = addon

    def __iter__(self):
        return iter(self.by_name.values())

    def names(self, demo=False):
        """Names in alphabetical order; the demonstration company only when asked for."""
        return [name for name in self.by_name if demo or not self.needs_demo(name)]

    def needs_demo(self, name):
        return DEMO in self.closure([name])

    def closure(self, names):
        """``names`` and those of our addons which they need, each after what it needs."""
        ordered = []

        def visit(name, trail):
            if name in trail:
                raise SuiteError(f"Addons depend in a circle: {' -> '.join([*trail, name])}")
            if name in ordered or name not in self.by_name:
                return
            for needed in self.by_name[name].depends:
                visit(needed, [*trail, name])
            ordered.append(name)

        for name in names:
            visit(name, [])
        return ordered

    def with_glue(self, names):
        """The closure, and the addons that Odoo installs by itself once it is there."""
        chosen = set(self.closure(names))
        while True:
            more = {
                addon.name
                for addon in self
                if addon.name not in chosen and self._installs_itself(addon, chosen)
            }
            if not more:
                return self.closure(sorted(chosen))
            chosen |= set(self.closure(sorted(more)))

    def _installs_itself(self, addon, chosen):
        trigger = addon.manifest.get("auto_install")
        if not trigger:
            return False
        needed = addon.depends if trigger is True else trigger
        ours = [name for name in needed if name in self.by_name]
        # what is not ours is in the template already
        return bool(ours) and chosen.issuperset(ours)

    def core_dependencies(self, names=None):
        """Modules of Odoo itself that these addons need."""
        chosen = self.by_name if names is None else self.closure(names)
        needed = {module for name in chosen for module in self.by_name[name].depends}
        return sorted(needed - set(self.by_name))

    def digest(self, names):
        result = hashlib.sha256()
        for name in sorted(names):
            result.update(f"{name}:{self.by_name[name].digest()}\n".encode())
        return result.hexdigest()
