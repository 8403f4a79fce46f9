import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from odoo.tests import BaseCase, tagged
from odoo.tools.pdf import PdfFileReader

from ..engine.browser import Browser
from ..engine.errors import BrowserError, BrowserTimeout
from ..engine.finder import find_chromium
from ..engine.paper import Paper
from ..engine.printer import Job, print_job
from .common import BASE_URL, BrowserMixin, html_document, html_part, pdf_pages, wait_until

# A process with a worker's memory limit that prints, says who its browser is and waits for its end
VICTIM = """
import resource, sys, time
hard = resource.getrlimit(resource.RLIMIT_AS)[1]
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, hard))
from engine.browser import Browser
from engine.printer import Job, print_job
browser = Browser(sys.argv[1], extra_flags=("--no-sandbox",))
pdf, _refused = print_job(browser, Job(bodies=["<html><head></head><body>x</body></html>"]), print)
print(browser.pid, browser._process.profile, pdf[:5].decode(), flush=True)
time.sleep(60)
"""


def group_exists(pid):
    """Whether a process of the group still runs (zombies of a killed parent do not count)."""
    return any(
        f" {pid} " in f" {fields[2]} " and fields[0] != "Z"
        for fields in map(_stat, Path("/proc").glob("[0-9]*"))
        if fields
    )


def _stat(folder):
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


@tagged("post_install", "-at_install")
class TestBrowser(BrowserMixin, BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = cls.new_browser()

    def test_header_footer_and_page_numbers(self):
        pages = self.print_pages(
            self.browser,
            html_document(110),
            header=html_part("headers", "Huadong Pumps 华东"),
            footer=html_part("footers", "page <span class='page'/> / <span class='topage'/>"),
        )
        self.assertEqual(len(pages), 3)
        for number, text in enumerate(pages, 1):
            self.assertIn("Huadong Pumps 华东", text)
            self.assertIn(f"page {number} / 3", text)
        self.assertIn("row 0", pages[0])
        self.assertIn("提成 109", pages[2])

    def test_documents_have_their_own_numbers(self):
        pages = self.print_pages(
            self.browser,
            html_document(70),
            html_document(1, "Second"),
            header=html_part("headers", "HEAD-A", "HEAD-B"),
            footer=html_part("footers", *["<span class='page'/> of <span class='topage'/>"] * 2),
        )
        self.assertEqual(["HEAD-A" in text for text in pages], [True, True, False])
        self.assertEqual(["HEAD-B" in text for text in pages], [False, False, True])
        self.assertIn("2 of 2", pages[1])
        self.assertIn("1 of 1", pages[2])

    def test_paper_size_and_landscape(self):
        job = Job(bodies=[html_document(1)], paper=Paper(width=297, height=210))
        content = print_job(self.browser, job, lambda url: None)[0]
        box = self._media_box(content)
        self.assertAlmostEqual(box[0], 297 / 25.4 * 72, delta=1)
        self.assertAlmostEqual(box[1], 210 / 25.4 * 72, delta=1)

    def _media_box(self, content):
        box = PdfFileReader(io.BytesIO(content), strict=False).getPage(0)["/MediaBox"]
        return float(box[2]), float(box[3])

    def test_resources_come_from_the_resolver(self):
        head = "<link rel='stylesheet' href='/web/static/a.css'/>"
        asked = []

        def resolve(url):
            asked.append(url)
            return "text/css", b"h2::after { content: ' styled' }"

        pages = self.print_pages(self.browser, html_document(1, head=head), resolve=resolve)
        self.assertIn("Statement styled", pages[0])
        self.assertIn(f"{BASE_URL}/web/static/a.css", asked)

    def test_nothing_else_is_reached(self):
        secret = Path("/etc/hostname")
        evil = (
            "<script>document.body.innerHTML = 'SCRIPT RAN'</script>"
            "<img src='x' onerror=\"document.body.innerHTML = 'HANDLER RAN'\">"
            f"<iframe src='file://{secret}'></iframe><object data='file://{secret}'></object>"
            "<img src='http://127.0.0.1:1/metadata'>"
            "<link rel='stylesheet' href='//evil.example/x.css'>"
        )
        asked = []
        pages = self.print_pages(
            self.browser, html_document(1, title=f"Safe {evil}"), resolve=asked.append
        )
        self.assertIn("Safe", pages[0])
        self.assertNotIn("RAN", pages[0])
        self.assertNotIn(secret.read_text().strip() or "-", pages[0])
        self.assertFalse([url for url in asked if not url.startswith(BASE_URL)])

    def test_redirect_by_meta_is_refused(self):
        asked = []
        head = "<meta http-equiv='refresh' content='0; url=http://evil.example/steal'>"
        with self.browser.page(10, BASE_URL, asked.append) as page:
            page.show(html_document(1, head=head))
            time.sleep(0.3)
            self.assertIn("row 0", pdf_pages(page.pdf())[0])
        self.assertFalse(asked)

    def test_killed_browser_is_replaced(self):
        self.print_pages(self.browser, html_document(1))
        killed = self.browser.pid
        os.killpg(killed, signal.SIGKILL)
        self.assertTrue(wait_until(lambda: not group_exists(killed)))
        self.assertIn("row 0", self.print_pages(self.browser, html_document(1))[0])
        self.assertNotEqual(self.browser.pid, killed)

    def test_browser_killed_during_a_print(self):
        killed = []

        def resolve(url):
            if not killed:
                killed.append(self.browser.pid)
                os.killpg(self.browser.pid, signal.SIGKILL)
            return "text/css", b""

        head = "<link rel='stylesheet' href='/a.css'/>"
        pages = self.print_pages(self.browser, html_document(1, head=head), resolve=resolve)
        self.assertIn("row 0", pages[0])
        self.assertNotEqual(self.browser.pid, killed[0])

    def test_threads_print_at_the_same_time(self):
        results = {}

        def work(number):
            results[number] = self.print_pages(
                self.browser,
                html_document(60, f"Document {number}"),
                footer=html_part("footers", f"F{number} <span class='page'/>"),
            )

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(sorted(results), list(range(6)))
        for number, pages in results.items():
            self.assertIn(f"Document {number}", pages[0])
            self.assertIn(f"F{number} 2", pages[1])

    def test_timeout_leaves_the_browser_usable(self):
        head = "<link rel='stylesheet' href='/slow.css'/>"

        def resolve(url):
            time.sleep(1.2)
            return "text/css", b""

        with self.assertRaises(BrowserTimeout):
            self.print_pages(self.browser, html_document(1, head=head), resolve=resolve, timeout=1)
        self.assertIn("row 0", self.print_pages(self.browser, html_document(1))[0])

    def test_idle_browser_ends_and_its_profile_goes(self):
        browser = self.new_browser(idle_seconds=0.5)
        self.print_pages(browser, html_document(1))
        pid, profile = browser.pid, browser._process.profile
        self.assertTrue(wait_until(lambda: browser.pid is None))
        self.assertTrue(wait_until(lambda: not group_exists(pid)))
        self.assertFalse(os.path.exists(profile))
        self.assertIn("row 0", self.print_pages(browser, html_document(1))[0])

    def test_no_browser_outlives_a_killed_worker(self):
        addon = str(Path(__file__).parents[1])
        path = os.pathsep.join([addon, *filter(None, sys.path)])
        victim = subprocess.Popen(
            [sys.executable, "-c", VICTIM, find_chromium()],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        self.addCleanup(victim.stdout.close)
        self.addCleanup(victim.kill)
        pid, profile, magic = victim.stdout.readline().split()
        self.assertEqual(magic, "%PDF-", "a worker's memory limit is not for its browser")
        self.assertTrue(group_exists(pid))
        victim.kill()
        victim.wait()
        self.assertTrue(wait_until(lambda: not group_exists(pid)), "it outlived its worker")
        self.assertTrue(wait_until(lambda: not os.path.exists(profile)))

    def test_forked_child_starts_its_own(self):
        self.print_pages(self.browser, html_document(1))
        process = self.browser._process
        child = Browser(self.browser.executable)
        child._process = process.__class__.__new__(process.__class__)
        child._process.__dict__.update(process.__dict__)
        child._process._write_fd, child._process._read_fd = map(
            os.dup, (process._write_fd, process._read_fd)
        )
        child.forget()
        self.assertIsNone(child.pid)
        self.assertTrue(self.browser.healthy())

    def test_what_is_no_browser_says_so(self):
        browser = Browser("/bin/false")
        with self.assertRaisesRegex(BrowserError, "/bin/false did not start"):
            print_job(browser, Job(bodies=["x"]), lambda url: None)
        self.assertIsNone(browser.pid)
