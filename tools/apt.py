"""Debian packages: installed where a program is missing, or only unpacked below ``.suite/``."""

import glob
import os
import re
import shutil
import subprocess
from pathlib import Path

from .errors import SuiteError
from .processes import as_root, run

KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)


def available():
    return bool(shutil.which("apt-get") and shutil.which("dpkg-deb"))


def installed(package):
    """Whether the system has ``package``."""
    result = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", package], capture_output=True, text=True
    )
    return result.stdout.strip() == "installed"


def install(packages, *, why, log, step=None):
    """Install ``packages`` with the machine's own apt configuration.

    :param why: what they are for, for the message when it fails
    """
    missing = [package for package in packages if not installed(package)]
    if not missing:
        return
    if not available():
        raise SuiteError(
            f"Missing: {', '.join(missing)} ({why}).",
            "this machine has no apt",
            "install the same programs with the package manager of this system",
        )
    if any(not _has_candidate(package) for package in missing):
        _update(log, step)
    command = [
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "--yes",
        "--no-install-recommends",
        *missing,
    ]
    remedy = f"run by hand: sudo apt-get install {' '.join(missing)}"
    try:
        run(as_root(command), what=f"Installing {', '.join(missing)}", log=log, step=step)
    except SuiteError:
        # package lists older than the mirror name files that are gone
        _update(log, step)
        run(
            as_root(command),
            what=f"Installing {', '.join(missing)}",
            log=log,
            step=step,
            remedy=remedy,
        )


def has_candidate(package, *, log, step=None):
    """Whether apt could install ``package``; refreshes package lists that do not know it."""
    if not available():
        return False
    if not _has_candidate(package):
        _update(log, step)
    return _has_candidate(package)


def _has_candidate(package):
    result = subprocess.run(
        ["apt-cache", "policy", package],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    match = re.search(r"Candidate: (\S+)", result.stdout)
    return bool(match) and match.group(1) != "(none)"


_updated = False


def _update(log, step):
    global _updated
    if _updated:
        return
    run(as_root(["apt-get", "update"]), what="Refreshing apt's package lists", log=log, step=step)
    _updated = True


def mirror():
    """``(address, suite)`` of the Debian mirror which this machine's apt is configured for.

    :raises SuiteError: when no source is a Debian archive
    """
    result = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--no-release-info",
            "--format",
            "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(CREATED_BY)",
        ],
        capture_output=True,
        text=True,
    )
    return choose_mirror(result.stdout)


def choose_mirror(listing):
    """Pick the main archive from apt's index targets.

    >>> choose_mirror('http://m/debian-security/|bookworm-security|main|Packages\\n'
    ...               'http://m/debian/|bookworm-updates|main|Packages\\n'
    ...               'http://m/debian/|bookworm|main|Packages\\n'
    ...               'http://other/node/|nodistro|main|Packages')
    ('http://m/debian/', 'bookworm')
    """
    candidates = []
    for line in listing.splitlines():
        uri, suite, component, kind = (line.split("|") + [""] * 4)[:4]
        if kind != "Packages" or component != "main" or "-" in suite:
            continue
        # a Debian archive is known by its path; a suite name alone could be any vendor's
        score = 2 if re.search(r"/debian/?$", uri) else 1 if "debian" in uri else 0
        if score:
            candidates.append((score, uri, suite))
    if not candidates:
        raise SuiteError(
            "Odoo 19 cannot be fetched as a Debian package.",
            "apt on this machine is not configured for a Debian mirror",
            "get Odoo 19 Community yourself and pass --odoo PATH (or set ODOO_HOME)",
        )
    _score, uri, suite = max(candidates, key=lambda candidate: candidate[0])
    return uri, suite


class PrivateApt:
    """apt with a state directory of its own: reads other suites, installs nothing."""

    def __init__(self, folder, suites, log):
        self.folder = Path(folder)
        self.log = log
        address, own_suite = mirror()
        self.suites = [own_suite if suite == "own" else suite for suite in suites]
        self._configure(address)

    def _configure(self, address):
        keyring = next((path for path in KEYRINGS if os.path.exists(path)), None)
        if not keyring:
            raise SuiteError(
                "Debian packages cannot be verified.",
                "the Debian archive keyring is missing",
                "install debian-archive-keyring, or pass --odoo PATH",
            )
        for name in ("lists/partial", "cache/archives/partial", "parts"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        sources = "".join(
            f"deb [signed-by={keyring}] {address} {suite} main\n"
            for suite in dict.fromkeys(self.suites)
        )
        (self.folder / "sources.list").write_text(sources)
        self.config = self.folder / "apt.conf"
        self.config.write_text(
            # the machine's hooks are for the machine's own state
            "#clear APT::Update::Post-Invoke;\n#clear APT::Update::Post-Invoke-Success;\n"
            "#clear DPkg::Post-Invoke;\n#clear APT::Default-Release;\n"
            f'Dir::Etc::sourcelist "{self.folder}/sources.list";\n'
            'Dir::Etc::sourceparts "-";\n'
            'Dir::Etc::preferences "-";\nDir::Etc::preferencesparts "-";\n'
            f'Dir::State "{self.folder}";\nDir::State::lists "{self.folder}/lists";\n'
            f'Dir::State::status "{self.folder}/status";\n'
            f'Dir::Cache "{self.folder}/cache";\n'
            'APT::Sandbox::User "";\nAcquire::Languages "none";\nAcquire::Retries "3";\n'
            'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";\n'
            'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";\n'
        )

    def update(self, step=None):
        run(
            ["apt-get", "-c", self.config, "update"],
            what="Reading the package lists of the Debian mirror",
            log=self.log,
            step=step,
            remedy="check the network and apt's configuration, or pass --odoo PATH",
        )

    def version(self, package, suite):
        """The version of ``package`` in ``suite`` ('own' is the machine's), or None."""
        suite = self._name(suite)
        listing = run(
            ["apt-cache", "-c", self.config, "madison", package],
            what=f"Looking for {package}",
            env={**os.environ, "LC_ALL": "C"},
        )
        for line in listing.splitlines():
            parts = [part.strip() for part in line.split("|")]
            if len(parts) == 3 and f" {suite}/" in f" {parts[2]} ":
                return parts[1]
        return None

    def download(self, packages, target, step=None):
        """Download ``[(package, version)]``; apt checks signatures and sums."""
        target = Path(target)
        target.mkdir(parents=True, exist_ok=True)
        wanted = [f"{package}={version}" for package, version in packages]
        run(
            ["apt-get", "-c", self.config, "download", *wanted],
            what="Downloading Debian packages",
            cwd=target,
            log=self.log,
            step=step,
            remedy="run the command again: finished downloads are kept",
        )
        return [self._file(target, package) for package, _version in packages]

    def _name(self, suite):
        return self.suites[0] if suite == "own" else suite

    @staticmethod
    def _file(target, package):
        found = sorted(glob.glob(str(target / f"{package}_*.deb")))
        if not found:
            raise SuiteError(f"{package} was downloaded but cannot be found in {target}.")
        return Path(found[-1])
