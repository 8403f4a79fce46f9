"""One page: shows the HTML it is given, and nothing that its resolver does not hand out."""

import base64
import itertools
import time
from urllib.parse import urljoin, urlsplit

from .errors import BrowserError, BrowserTimeout

FONT_POLL = 0.02
SET_UP = (
    ("Page.enable", {}),
    ("Page.setLifecycleEventsEnabled", {"enabled": True}),
    ("Emulation.setScriptExecutionDisabled", {"value": True}),
    ("Fetch.enable", {"patterns": [{"urlPattern": "*"}]}),
)


class Page:
    """A page of the browser, driven by the thread that opened it: see ``Browser.page``.

    Scripts do not run, every request is answered by `resolve` or refused, so neither the network
    nor a file of the machine can be reached from the HTML that is printed.
    """

    def __init__(self, conversation, base_url, resolve):
        self._conversation = conversation
        self._resolve = resolve
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(base_url))
        self._addresses = (urljoin(origin, f"/crm_print/{n}.html") for n in itertools.count(1))
        self._policy = (
            f"default-src 'none'; style-src 'unsafe-inline' {origin}; img-src data: {origin};"
            f" font-src data: {origin}; form-action 'none'"
        )
        self._documents = {}
        self._loaded = set()
        self.refused = []
        conversation.handlers.update(
            {
                "Fetch.requestPaused": self._on_request,
                "Page.lifecycleEvent": self._on_lifecycle,
            }
        )
        for method, params in SET_UP:
            conversation.call(method, **params)

    def show(self, html):
        """Load this document with its style sheets, images and fonts."""
        address = next(self._addresses)
        self._documents = {address: html.encode()}
        answer = self._conversation.call("Page.navigate", url=address)
        if answer.get("errorText"):
            raise BrowserError(f"The page cannot be shown: {answer['errorText']}")
        loader = answer["loaderId"]
        self._conversation.wait(lambda: loader in self._loaded, "load")
        self._wait_for_fonts()

    def pdf(self, **options):
        """Return the shown document as PDF bytes (options of Page.printToPDF, inches)."""
        result = self._conversation.call("Page.printToPDF", **options)
        return base64.b64decode(result["data"])

    def _wait_for_fonts(self):
        while True:
            answer = self._conversation.call(
                "Runtime.evaluate", expression="document.fonts.status", returnByValue=True
            )
            if answer["result"].get("value") != "loading":
                return
            if time.monotonic() > self._conversation.deadline:
                raise BrowserTimeout("The fonts of the page did not load in time")
            time.sleep(FONT_POLL)

    def _on_request(self, requestId, request, resourceType, **_params):
        url = request["url"].partition("#")[0]
        found = self._documents.get(url)
        if found is not None:
            self._fulfill(
                requestId,
                "text/html; charset=utf-8",
                found,
                ("Content-Security-Policy", self._policy),
            )
            return
        if url.endswith("/favicon.ico"):  # the browser's own wish, not the page's
            self._refuse(requestId)
            return
        # the only document is ours: what leads away from it (a refresh) is stopped
        resource = None if resourceType == "Document" else self._resolve(url)
        if resource is None:
            self.refused.append(url)
            self._refuse(requestId)
        else:
            self._fulfill(requestId, *resource)

    def _on_lifecycle(self, name, loaderId, **_params):
        if name == "load":
            self._loaded.add(loaderId)

    def _refuse(self, request_id):
        self._conversation.post("Fetch.failRequest", requestId=request_id, errorReason="Aborted")

    def _fulfill(self, request_id, mimetype, body, *headers):
        headers = [("Content-Type", mimetype), *headers]
        self._conversation.post(
            "Fetch.fulfillRequest",
            requestId=request_id,
            responseCode=200,
            responseHeaders=[{"name": name, "value": value} for name, value in headers],
            body=base64.b64encode(body).decode(),
        )
