"""The Odoo 19 Community tree: the user's own, or Debian's package unpacked below ``.suite/``."""

import json
import os
import re
import shutil
from pathlib import Path

from .apt import PrivateApt, available
from .errors import SuiteError
from .processes import run
from .progress import Step

PACKAGE = "odoo-19"
PACKAGE_SUITE = "unstable"
#: Packages that Odoo's static files are symbolic links into, and the suite each is taken from.
LINKED_PACKAGES = {
    "libjs-jquery": PACKAGE_SUITE,
    "libjs-underscore": PACKAGE_SUITE,
    "libjs-jquery-form": PACKAGE_SUITE,
    "fonts-ocr-b": PACKAGE_SUITE,
    "fonts-roboto-unhinted": PACKAGE_SUITE,
    "fonts-montserrat": PACKAGE_SUITE,
    # newer releases of these two lack the file names that Odoo links to
    "fonts-inconsolata": "own",
    "fonts-font-awesome": "own",
}
#: Runtime files that the Debian package lacks: without the stub every backend page logs an error.
STUBS = {
    "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js": (
        "// not part of this distribution: background blur in calls is not available\n"
    ),
}


class OdooTree:
    """What the rest needs to know of an Odoo: where its package and its addons are."""

    def __init__(self, package):
        #: the folder ``odoo`` of the Python package
        self.package = Path(package)

    @property
    def import_folder(self):
        return self.package.parent

    @property
    def addons_paths(self):
        """Core addons folders (``odoo/addons`` itself Odoo adds by itself)."""
        checkout = self.import_folder / "addons"
        own = self.package / "addons"
        return [folder for folder in (own, checkout) if folder.is_dir()]

    @property
    def version(self):
        """``19.0`` as the tree's own release file says."""
        text = (self.package / "release.py").read_text()
        match = re.search(r"^version_info\s*=\s*\((\d+),\s*(\d+)", text, re.MULTILINE)
        return f"{match.group(1)}.{match.group(2)}" if match else "?"

    def manifest(self, module):
        """Path of a core module's manifest, or None."""
        for folder in self.addons_paths:
            path = folder / module / "__manifest__.py"
            if path.exists():
                return path
        return None


def find(workspace):
    """The tree that is there already, or None."""
    if workspace.odoo_home:
        return _users_tree(Path(workspace.odoo_home).expanduser())
    stamp = workspace.state / "odoo" / "complete.json"
    package = _package_below(workspace.state / "odoo")
    return OdooTree(package) if stamp.exists() and package else None


def ensure(workspace):
    """The tree, fetched when it is not there."""
    tree = find(workspace)
    if tree is None:
        with Step("Odoo 19 Community") as step:
            tree = _fetch(workspace, step)
    if tree.version != "19.0":
        raise SuiteError(
            f"This is Odoo {tree.version}, the suite needs 19.0.",
            str(tree.package),
            "pass --odoo PATH with an Odoo 19 Community",
        )
    return tree


def _package_below(folder):
    for candidate in ("odoo", "usr/lib/python3/dist-packages/odoo", "src/odoo"):
        if (folder / candidate / "release.py").exists():
            return folder / candidate
    return None


def _users_tree(folder):
    package = _package_below(folder) or (folder if (folder / "release.py").exists() else None)
    if not package:
        raise SuiteError(
            f"No Odoo in {folder}.",
            "neither odoo/release.py nor an unpacked package was found",
            "pass the folder of a checkout of Odoo 19 Community, or of an unpacked package",
        )
    return OdooTree(package.resolve())


def _fetch(workspace, step):
    if not available():
        raise SuiteError(
            "Odoo 19 cannot be fetched on this machine.",
            "there is no apt here",
            "get Odoo 19 Community (a checkout will do) and pass --odoo PATH, or set ODOO_HOME",
        )
    log = workspace.folder("logs") / "odoo.log"
    apt = PrivateApt(workspace.folder("apt"), ["own", PACKAGE_SUITE], log)
    step.note("reading package lists")
    apt.update(step)
    wanted = []
    for package, suite in {PACKAGE: PACKAGE_SUITE, **LINKED_PACKAGES}.items():
        version = apt.version(package, suite) or apt.version(package, PACKAGE_SUITE)
        if not version:
            raise SuiteError(
                f"The mirror has no package {package}.",
                f"looked in {', '.join(apt.suites)}",
                "pass --odoo PATH with an Odoo 19 Community",
            )
        wanted.append((package, version))
    step.note("downloading")
    archives = apt.download(wanted, workspace.folder("downloads"), step)
    partial = workspace.state / "odoo.partial"
    shutil.rmtree(partial, ignore_errors=True)
    for archive in archives:
        step.note(f"unpacking {archive.name}")
        run(["dpkg-deb", "-x", archive, partial], what=f"Unpacking {archive.name}", log=log)
    _repair(partial)
    stamp = {"packages": dict(wanted)}
    (partial / "complete.json").write_text(json.dumps(stamp, indent=2) + "\n")
    target = workspace.state / "odoo"
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    shutil.rmtree(workspace.state / "apt", ignore_errors=True)
    return OdooTree(_package_below(target))


def _repair(folder):
    package = _package_below(folder)
    if not package:
        raise SuiteError("The Odoo package holds no Odoo.", str(folder), "pass --odoo PATH")
    for name, content in STUBS.items():
        path = package.parent / name
        if not path.exists() and path.parent.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    _make_links_relative(folder)
    if dangling := dangling_links(package):
        raise SuiteError(
            "The unpacked Odoo is not complete.",
            f"{len(dangling)} links lead nowhere, the first is {dangling[0]}",
            "pass --odoo PATH with another copy of Odoo 19",
        )


def _make_links_relative(folder):
    """An absolute link would lead into the system, which has none of these packages."""
    for root, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(root, name)
            if path.is_symlink() and os.readlink(path).startswith("/"):
                target = folder / os.readlink(path).lstrip("/")
                path.unlink()
                path.symlink_to(os.path.relpath(target, path.parent))


def dangling_links(folder):
    """Symbolic links below ``folder`` that lead nowhere."""
    return [
        str(Path(root, name))
        for root, folders, files in os.walk(folder)
        for name in folders + files
        if os.path.islink(os.path.join(root, name)) and not os.path.exists(os.path.join(root, name))
    ]
