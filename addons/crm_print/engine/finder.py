"""Where Chromium is on this machine."""

import os
import re
import shutil
import subprocess

# Limits of memory and processor time set for a worker are not for its browser (V8 reserves far more
# address space than it uses)
UNLIMITED = 'ulimit -S -v "$(ulimit -H -v)"; ulimit -S -t "$(ulimit -H -t)"; '
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium(environ=None):
    """Return the path of the browser to print with, or None.

    The environment variable ``CHROMIUM`` decides (an empty value or a wrong path means: none),
    otherwise the first of :data:`NAMES` that the PATH has.

    >>> find_chromium({"CHROMIUM": "/nowhere/chromium", "PATH": "/usr/bin"}) is None
    True
    >>> find_chromium({"PATH": ""}) is None
    True
    """
    environ = os.environ if environ is None else environ
    if os.name != "posix":
        return None  # the pipe is handed over as file descriptors 3 and 4
    path = environ.get("PATH", os.defpath)
    if "CHROMIUM" in environ:
        return shutil.which(environ["CHROMIUM"], path=path)
    return next(filter(None, (shutil.which(name, path=path) for name in NAMES)), None)


def parse_version(output):
    """Return the version in what ``chromium --version`` prints, or an empty string.

    >>> parse_version("Chromium 150.0.7871.100 built on Debian GNU/Linux 12 (bookworm)")
    '150.0.7871.100'
    >>> parse_version("")
    ''
    """
    match = re.search(r"\d+(?:\.\d+)+", output)
    return match.group(0) if match else ""


def chromium_version(executable, timeout=20):
    """Return the version of the browser at this path, or an empty string when it does not run."""
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", UNLIMITED + 'exec "$0" --version', executable],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return parse_version(done.stdout)
