"""Programs besides Odoo: Chromium for browser journeys and PDF, wkhtmltopdf, Chinese fonts."""

import glob
import shutil
import subprocess

from . import apt
from .errors import SuiteError
from .progress import Step, say

#: Names that Odoo itself and our own PDF printer look for on PATH.
CHROMIUM_NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")


def chromium():
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def has_chinese_font():
    if shutil.which("fc-list"):
        listing = subprocess.run(
            ["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True
        )
        return bool(listing.stdout.strip())
    return bool(glob.glob("/usr/share/fonts/**/*CJK*", recursive=True))


def ensure(workspace):
    """Install what browser journeys and PDF documents need and the machine lacks."""
    missing = []
    if not chromium():
        missing.append("chromium")
        # only recommended by Debian's package, but Chromium starts for no ordinary user without
        if apt.has_candidate("chromium-sandbox", log=workspace.folder("logs") / "apt.log"):
            missing.append("chromium-sandbox")
    if not has_chinese_font():
        missing.append("fonts-noto-cjk")
    if missing:
        with Step(f"Installing {', '.join(missing)}") as step:
            apt.install(
                missing,
                why="browser journeys and PDF documents",
                log=workspace.folder("logs") / "apt.log",
                step=step,
            )
        if not chromium():
            raise SuiteError(
                "There is no Chromium on this machine.",
                "the installed package brought no program of that name",
                "install Chromium or Google Chrome, so that 'chromium' is on PATH",
            )
    _ensure_wkhtmltopdf(workspace)


def _ensure_wkhtmltopdf(workspace):
    """Odoo's fallback for PDF; newer systems lack it, and our own documents do without."""
    marker = workspace.state / "no-wkhtmltopdf"
    if shutil.which("wkhtmltopdf") or marker.exists():
        return
    log = workspace.folder("logs") / "apt.log"
    if not apt.has_candidate("wkhtmltopdf", log=log):
        marker.touch()
        say("- wkhtmltopdf is not available here: PDF documents are printed by Chromium alone")
        return
    with Step("Installing wkhtmltopdf") as step:
        apt.install(["wkhtmltopdf"], why="PDF documents", log=log, step=step)
