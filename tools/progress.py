"""Say what is being done and how far it is, on a terminal and in a log file alike."""

import sys
import threading
import time

#: Seconds without output after which a long step says that it is still alive.
HEARTBEAT = 15.0
#: Longest line of a step that goes on.
WIDTH = 118


def say(text=""):
    """Print one line at once (pipes are block-buffered otherwise)."""
    print(text, flush=True)


def seconds(value):
    """Format a duration.

    >>> seconds(3.21)
    '3.2 s'
    >>> seconds(125)
    '2 min 05 s'
    """
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value) // 60} min {int(value) % 60:02d} s"


class Step:
    """A named step: announces itself, shows the last thing heard, and says how long it took.

    ``note`` may be called from any thread with what the step does at the moment; a terminal shows
    it in place, a log file gets it at most every ``HEARTBEAT`` seconds.
    """

    def __init__(self, title):
        self.title = title
        self._note = ""
        self._done = threading.Event()
        self._thread = None
        self._start = 0.0

    def __enter__(self):
        self._start = time.monotonic()
        if not sys.stdout.isatty():
            say(f"- {self.title} …")
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind, _value, _traceback):
        self._done.set()
        self._thread.join()
        self._clear()
        mark = "failed" if kind else "done"
        say(f"- {self.title}: {mark} ({seconds(self.elapsed)})")

    @property
    def elapsed(self):
        return time.monotonic() - self._start

    def note(self, text):
        self._note = text.strip()

    def tell(self, text):
        """Print a line that stays, above the line that moves."""
        self._clear()
        say(f"  {text}")

    def _clear(self):
        if sys.stdout.isatty():
            sys.stdout.write("\r\033[2K")
            sys.stdout.flush()

    def _beat(self):
        interval = 0.5 if sys.stdout.isatty() else HEARTBEAT
        while not self._done.wait(interval):
            text = f"{self.title} … {seconds(self.elapsed)}  {self._note}"[:WIDTH]
            if sys.stdout.isatty():
                sys.stdout.write("\r\033[2K" + text)
                sys.stdout.flush()
            else:
                say(f"  {text}")
