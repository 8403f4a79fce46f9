"""The DevTools protocol: commands, answers and events over one connection.

https://chromedevtools.github.io/devtools-protocol/ A reader thread only sorts messages into the
inbox of the conversation they belong to. Answers and events are handled by the thread that asked,
so a handler may use what belongs to that thread (a database cursor).
"""

import contextlib
import itertools
import json
import queue
import threading
import time

from .errors import BrowserError, BrowserGone, BrowserTimeout

POLL = 1.0


class Connection:
    """A connection to a browser process, shared by threads.

    :param ChromiumProcess process: the browser
    :param on_idle: called by the reader thread about every second without a message
    """

    def __init__(self, process, on_idle=None):
        self._process = process
        self._on_idle = on_idle
        self._ids = itertools.count(1)
        self._waiting = {}
        self._sessions = {}
        self._lock = threading.Lock()
        self._send_lock = threading.Lock()
        self.closed = False
        self._reader = threading.Thread(
            target=self._read_forever, name="crm_print.reader", daemon=True
        )
        self._reader.start()

    def conversation(self, deadline, session_id=None):
        """Open a conversation with the browser, or with one page of it (`session_id`)."""
        conversation = Conversation(self, deadline, session_id)
        with self._lock:
            if self.closed:
                raise BrowserGone("Chromium ended")
            self._sessions[conversation] = session_id
        return conversation

    def leave(self, conversation):
        """Forget a conversation: what still arrives for it is dropped."""
        with self._lock:
            self._sessions.pop(conversation, None)
            self._waiting = {n: c for n, c in self._waiting.items() if c is not conversation}

    def send(self, conversation, message):
        """Send a command for a conversation; return its number."""
        number = next(self._ids)
        data = json.dumps({"id": number, **message}).encode() + b"\0"
        with self._lock:
            self._waiting[number] = conversation
        with self._send_lock:
            self._process.send(data, conversation.deadline)
        return number

    def shut(self):
        """Stop reading; every conversation that waits learns that the browser is gone."""
        with self._lock:
            self.closed = True
            conversations = list(self._sessions)
        for conversation in conversations:
            conversation.inbox.put(None)

    def close(self):
        """End the browser; no descriptor is closed while a thread may still use it."""
        self.shut()
        self._process.end()
        if threading.current_thread() is not self._reader:
            self._reader.join(timeout=2 * POLL)
        with self._send_lock:
            self._process.release()

    def _read_forever(self):
        try:
            # when the browser ended or its pipe was closed, shut() tells whoever waits
            with contextlib.suppress(BrowserGone, OSError, ValueError):
                while not self.closed:
                    self._read_once()
        finally:
            self.shut()

    def _read_once(self):
        messages = self._process.receive(POLL)
        for message in messages:
            self._sort(json.loads(message))
        if not messages and self._on_idle:
            self._on_idle()

    def _sort(self, message):
        with self._lock:
            if "id" in message:
                receivers = [self._waiting.pop(message["id"], None)]
            else:
                session_id = message.get("sessionId")
                receivers = [c for c, session in self._sessions.items() if session == session_id]
        for receiver in filter(None, receivers):
            receiver.inbox.put(message)


class Conversation:
    """Commands of one thread, one at a time, until a deadline (monotonic clock, seconds)."""

    def __init__(self, connection, deadline, session_id):
        self.inbox = queue.SimpleQueue()
        self.deadline = deadline
        self.handlers = {}
        self._connection = connection
        self._session_id = session_id

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._connection.leave(self)

    def post(self, method, **params):
        """Send a command without waiting for its answer; return its number."""
        message = {"method": method, "params": params}
        if self._session_id:
            message["sessionId"] = self._session_id
        return self._connection.send(self, message)

    def call(self, method, **params):
        """Send a command and return its result, handling the events that arrive meanwhile.

        :raises BrowserError: the browser refuses; BrowserTimeout, BrowserGone
        """
        number = self.post(method, **params)
        while True:
            message = self._receive(method)
            if message.get("id") != number:
                self._handle(message)
            elif "error" in message:
                raise BrowserError(f"{method}: {message['error'].get('message')}")
            else:
                return message["result"]

    def wait(self, condition, what):
        """Handle events until the function `condition` says true; `what` names it in an error."""
        while not condition():
            self._handle(self._receive(what))

    def _receive(self, what):
        try:
            message = self.inbox.get(timeout=max(0.0, self.deadline - time.monotonic()))
        except queue.Empty:
            raise BrowserTimeout(f"Chromium did not answer in time ({what})") from None
        if message is None:
            raise BrowserGone(f"Chromium ended ({what})")
        return message

    def _handle(self, message):
        handler = self.handlers.get(message.get("method"))
        if handler:
            handler(**message["params"])
