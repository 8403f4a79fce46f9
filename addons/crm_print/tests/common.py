import io
import time

from odoo.tests import TransactionCase, new_test_user
from odoo.tools.pdf import PdfFileReader

from ..engine.browser import Browser
from ..engine.finder import find_chromium
from ..engine.printer import Job, print_job

BASE_URL = "http://erp.example.com:8069"


def pdf_pages(content):
    """Return the text of each page of a PDF, its white space made single."""
    reader = PdfFileReader(io.BytesIO(content), strict=False)
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def html_document(rows, title="Statement", head=""):
    """Return a page with a heading and a table of so many rows."""
    table = "".join(f"<tr><td>row {n}</td><td>提成 {n}</td></tr>" for n in range(rows))
    return (
        f"<!DOCTYPE html><html><head>{head}</head><body><h2>{title}</h2>"
        f"<table width='100%'>{table}</table></body></html>"
    )


def html_part(name, *children):
    """Return headers or footers as the core prepares them, one child per document."""
    inner = "".join(f"<div class='part'>{child}</div>" for child in children)
    return (
        f"<html><head></head><body class='o_body_pdf'>"
        f"<div id='minimal_layout_report_{name}'>{inner}</div></body></html>"
    )


def wait_until(condition, seconds=10):
    """Return whether `condition` became true within so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


class BrowserMixin:
    """Test cases that print with a browser of their own."""

    @classmethod
    def new_browser(cls, **options):
        executable = find_chromium()
        assert executable, "Install Chromium to run these tests"
        browser = Browser(executable, extra_flags=("--no-sandbox",), **options)
        cls.addClassCleanup(browser.close)
        return browser

    def print_pages(self, browser, *bodies, resolve=lambda url: None, **values):
        """Print these documents and return the text of each page."""
        values.setdefault("timeout", 30)
        job = Job(bodies=list(bodies), base_url=BASE_URL, **values)
        return pdf_pages(print_job(browser, job, resolve)[0])


class PrintCase(TransactionCase):
    """A report on partners with the company's layout, printed by Chromium, and a plain user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(cls.env, "crm_print_user", groups="base.group_user", lang="en_US")
        cls.partners = cls.env["res.partner"].create(
            [{"name": "Shanghai Pumps 上海泵业"}, {"name": "Suzhou Seals 苏州密封"}]
        )
        cls.env["ir.ui.view"].create(
            {
                "type": "qweb",
                "name": "test_partner",
                "key": "crm_print.test_partner",
                "arch": """
                <t t-name="crm_print.test_partner"><t t-call="web.html_container">
                    <t t-foreach="docs" t-as="o"><t t-call="web.external_layout">
                        <div class="page"><h2>Partner <span t-out="o.name"/></h2>
                            <p t-foreach="range(rows or 1)" t-as="row">line <t t-out="row"/></p>
                        </div></t></t></t></t>""",
            }
        )
        cls.report = cls.env["ir.actions.report"].create(
            {
                "name": "Test partner",
                "model": "res.partner",
                "report_type": "qweb-pdf",
                "report_name": "crm_print.test_partner",
                "print_engine": "chromium",
            }
        )

    def print_report(self, partners, rows=1, user=None):
        """Return the PDF of these partners, with so many lines each."""
        report = self.env["ir.actions.report"].with_user(user or self.user)
        content, kind = report.with_context(force_report_rendering=True)._render_qweb_pdf(
            self.report.report_name, partners.ids, data={"rows": rows}
        )
        self.assertEqual(kind, "pdf")
        return content
