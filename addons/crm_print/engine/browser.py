"""A browser kept warm: started at the first print, ended when nobody printed for a while."""

import atexit
import contextlib
import os
import shlex
import threading
import time

from .devtools import Connection
from .errors import BrowserError, BrowserGone
from .page import Page
from .process import ChromiumProcess

START_SECONDS = 30
HEALTH_SECONDS = 5


class Browser:
    """The browser of this operating system process; its methods may be called by any thread.

    :param str executable: path of Chromium
    :param float idle_seconds: how long it is kept without a print
    :param extra_flags: more command line flags
    """

    def __init__(self, executable, idle_seconds=300.0, extra_flags=()):
        self.executable = executable
        self.idle_seconds = idle_seconds
        self._extra_flags = tuple(extra_flags)
        self._lock = threading.RLock()
        self._process = None
        self._connection = None
        self._pages = 0
        self._last_used = time.monotonic()

    @property
    def pid(self):
        """Process id of the launcher of the running browser, or None."""
        return self._process.pid if self._process else None

    @contextlib.contextmanager
    def page(self, timeout, base_url, resolve):
        """A fresh page in a browser context of its own.

        :param float timeout: seconds for all that is done with the page
        :param str base_url: the origin that relative addresses belong to
        :param resolve: function of an absolute URL: (mime type, bytes), or None to refuse it
        """
        deadline = time.monotonic() + timeout
        connection = self._acquire()
        try:
            with connection.conversation(deadline) as root:
                context_id = root.call("Target.createBrowserContext")["browserContextId"]
                try:
                    with self._conversation(connection, root, context_id) as conversation:
                        yield Page(conversation, base_url, resolve)
                finally:
                    # a few seconds of its own: after a time-out the page must go all the same
                    root.deadline = max(deadline, time.monotonic() + HEALTH_SECONDS)
                    with contextlib.suppress(BrowserError):
                        root.call("Target.disposeBrowserContext", browserContextId=context_id)
        finally:
            self._release()

    @staticmethod
    def _conversation(connection, root, context_id):
        target_id = root.call(
            "Target.createTarget", url="about:blank", browserContextId=context_id
        )["targetId"]
        attached = root.call("Target.attachToTarget", targetId=target_id, flatten=True)
        return connection.conversation(root.deadline, attached["sessionId"])

    def healthy(self):
        """Whether the browser runs and answers within a few seconds."""
        connection = self._connection
        if not connection or connection.closed or not self._process.alive():
            return False
        try:
            with connection.conversation(time.monotonic() + HEALTH_SECONDS) as root:
                root.call("Browser.getVersion")
        except BrowserError:
            return False
        return True

    def close(self):
        """End the browser; the next print starts another."""
        with self._lock:
            connection = self._connection
            self._connection = self._process = None
        if connection:
            connection.close()

    def forget(self):
        """In a forked child: the browser is the parent's."""
        if self._process:
            self._process.forget()
        self.__init__(self.executable, self.idle_seconds, self._extra_flags)

    def _acquire(self):
        with self._lock:
            if not self.healthy():
                self.close()
                self._start()
            self._pages += 1
            return self._connection

    def _release(self):
        with self._lock:
            self._pages -= 1
            self._last_used = time.monotonic()

    def _start(self):
        try:
            process = ChromiumProcess(self.executable, self._extra_flags)
        except OSError as error:
            raise BrowserGone(f"{self.executable} cannot be started: {error}") from error
        connection = Connection(process, on_idle=self._close_when_idle)
        self._process, self._connection = process, connection
        try:
            with connection.conversation(time.monotonic() + START_SECONDS) as root:
                root.call("Browser.getVersion")
        except BrowserError as error:
            words = process.last_words()
            self.close()
            raise BrowserGone(f"{self.executable} did not start: {error}. {words}") from error

    def _close_when_idle(self):
        idle = time.monotonic() - self._last_used
        if self._pages or idle < self.idle_seconds or not self._lock.acquire(blocking=False):
            return
        try:
            if not self._pages:
                self.close()
        finally:
            self._lock.release()


_browsers = {}
_browsers_lock = threading.Lock()


def shared_browser(executable, idle_seconds=300.0):
    """Return the warm browser of this process for this executable.

    The environment variable ``CHROMIUM_FLAGS`` adds command line flags (``--no-sandbox`` in a
    container that allows no user namespaces).
    """
    with _browsers_lock:
        browser = _browsers.get(executable)
        if browser is None:
            flags = shlex.split(os.environ.get("CHROMIUM_FLAGS", ""))
            browser = _browsers[executable] = Browser(executable, idle_seconds, flags)
        browser.idle_seconds = idle_seconds
        return browser


def close_browsers():
    """End every browser of this process."""
    for browser in list(_browsers.values()):
        browser.close()


def _forget_browsers():
    global _browsers_lock
    _browsers_lock = threading.Lock()
    for browser in _browsers.values():
        browser.forget()
    _browsers.clear()


atexit.register(close_browsers)
os.register_at_fork(after_in_child=_forget_browsers)
