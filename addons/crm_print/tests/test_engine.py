import json
import time

from odoo.tests import BaseCase, tagged

from ..engine.devtools import Connection
from ..engine.errors import BrowserError, BrowserGone, BrowserTimeout
from ..engine.overlay import Part, sheets_html
from ..engine.paper import Paper
from .common import html_part


class FakeProcess:
    """Answers each command with what `script` holds for its method; None: the browser ends."""

    def __init__(self, script):
        self.script = script
        self.answers = []
        self.ended = False

    def send(self, data, deadline):
        command = json.loads(data[:-1])
        for answer in self.script.get(command["method"], ()):
            self.answers.append(answer and {"id": command["id"], **answer})

    def receive(self, timeout):
        if not self.answers:
            time.sleep(0.005)
            return []
        answer = self.answers.pop(0)
        if answer is None:
            raise BrowserGone("ended")
        return [json.dumps(answer).encode()]

    def end(self):
        self.ended = True

    def release(self):
        self.ended = True


@tagged("post_install", "-at_install")
class TestEngine(BaseCase):
    def converse(self, script, seconds=5):
        connection = Connection(FakeProcess(script))
        self.addCleanup(connection.close)
        return connection.conversation(time.monotonic() + seconds)

    def test_answer(self):
        talk = self.converse({"Browser.getVersion": [{"result": {"product": "x"}}]})
        self.assertEqual(talk.call("Browser.getVersion"), {"product": "x"})

    def test_refusal_names_the_command(self):
        talk = self.converse({"Page.navigate": [{"error": {"message": "bad address"}}]})
        with self.assertRaisesRegex(BrowserError, "Page.navigate: bad address"):
            talk.call("Page.navigate")

    def test_silence_is_a_timeout(self):
        with self.assertRaises(BrowserTimeout):
            self.converse({}, seconds=0.1).call("Page.printToPDF")

    def test_end_of_the_browser_wakes_who_waits(self):
        started = time.monotonic()
        with self.assertRaises(BrowserGone):
            self.converse({"Page.printToPDF": [None]}).call("Page.printToPDF")
        self.assertLess(time.monotonic() - started, 3)

    def test_events_are_handled_while_waiting(self):
        talk = self.converse(
            {
                "Page.navigate": [
                    {"method": "Fetch.requestPaused", "params": {"requestId": "1"}, "id": None},
                    {"result": {}},
                ]
            }
        )
        connection = talk._connection
        seen = []
        talk.handlers["Fetch.requestPaused"] = lambda **params: seen.append(params["requestId"])
        connection._sort({"method": "Fetch.requestPaused", "params": {"requestId": "7"}})
        talk.call("Page.navigate")
        self.assertEqual(seen, ["7"])

    def test_sheets_number_pages_per_document(self):
        footer = Part(
            html_part(
                "footers",
                "A <span class='page'/> of <span class='topage'>?</span>",
                "B <span class='sitepage'/>/<span class='sitepages'/><i class='section'>x</i>",
            )
        )
        html = sheets_html(Part(""), footer, Paper(), [2, 1])
        self.assertEqual(html.count('class="crm_print_sheet"'), 3)
        self.assertIn('A <span class="page">1</span> of <span class="topage">2</span>', html)
        self.assertIn('A <span class="page">2</span> of', html)
        self.assertIn('B <span class="sitepage">1</span>/<span class="sitepages">1</span>', html)
        self.assertNotIn('<i class="section">x', html)

    def test_no_sheets_without_header_and_footer(self):
        empty = Part(html_part("headers", ""))
        self.assertIsNone(sheets_html(empty, Part(""), Paper(), [3]))

    def test_scripts_of_the_layout_are_dropped(self):
        html = html_part("headers", "H").replace("<head>", "<head><script>subst()</script>")
        self.assertNotIn("subst", sheets_html(Part(html), Part(""), Paper(), [1]))

    def test_document_without_a_header_of_its_own(self):
        html = sheets_html(Part(html_part("headers", "only first")), Part(""), Paper(), [1, 1])
        self.assertEqual(html.count("only first"), 1)
