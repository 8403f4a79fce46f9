import io
import logging
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools.pdf import PdfFileReader

from ..engine.errors import BrowserTimeout
from ..models import ir_actions_report
from .common import PrintCase, pdf_pages

CORE = "odoo.addons.base.models.ir_actions_report"
FINDER = "odoo.addons.crm_print.models.ir_actions_report.find_chromium"


class CoreEngine:
    """Stands for the core's program: a one-page PDF per call, and what it was asked."""

    def __init__(self, test, state="ok"):
        self.calls = []
        wkhtml = test.env.registry["ir.actions.report"]
        core = next(cls for cls in wkhtml.mro() if cls.__module__ == CORE)
        test.startPatcher(patch.object(core, "_run_wkhtmltopdf", self._run()))
        test.startPatcher(patch.object(core, "get_wkhtmltopdf_state", lambda self: state))

    def _run(self):
        calls = self.calls

        def run(report, bodies, report_ref=False, **arguments):
            calls.append({"bodies": list(bodies), "report_ref": report_ref, **arguments})
            return ONE_PAGE

        return run


def _one_page():
    from odoo.tools.pdf import PdfFileWriter

    writer = PdfFileWriter()
    writer.addBlankPage(width=100, height=100)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


ONE_PAGE = _one_page()


@tagged("post_install", "-at_install")
class TestReport(PrintCase):
    def test_user_prints_with_header_and_footer(self):
        pages = pdf_pages(self.print_report(self.partners[0], rows=120))
        self.assertGreater(len(pages), 2)
        for number, text in enumerate(pages, 1):
            self.assertIn(f"Page {number} / {len(pages)}", text)
            self.assertIn(self.env.company.name, text)
        self.assertIn("上海泵业", pages[0])
        self.assertIn("line 119", pages[-1])

    def test_style_sheets_are_served_without_a_web_server(self):
        with self.assertLogs("odoo.addons.crm_print", logging.INFO) as logs:
            logging.getLogger("odoo.addons.crm_print").info("start")
            self.print_report(self.partners[0])
        self.assertFalse([line for line in logs.output if "refused" in line or "without" in line])

    def test_records_are_split_and_attached(self):
        self.report.attachment = "'%s.pdf' % object.name"
        content = self.print_report(self.partners, rows=30, user=self.env.ref("base.user_admin"))
        self.assertEqual(len(pdf_pages(content)), 4)
        for partner in self.partners:
            attachment = self.report.retrieve_attachment(partner)
            pages = pdf_pages(attachment.raw)
            self.assertEqual(len(pages), 2)
            self.assertIn(partner.name, pages[0])
            self.assertIn("Page 2 / 2", pages[1])

    def test_outline_names_the_documents(self):
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        streams = report._render_qweb_pdf_prepare_streams(
            self.report.report_name, {"rows": 1}, res_ids=self.partners.ids * 2
        )
        root = PdfFileReader(streams[False]["stream"], strict=False).trailer["/Root"]
        first = root["/Outlines"]["/First"]
        self.assertEqual(first["/Title"], f"Partner {self.partners[0].name}")
        self.assertEqual(root["/Dests"][first["/Dest"]][0], 0)

    def test_report_not_flagged_goes_to_the_core(self):
        core = CoreEngine(self)
        self.report.print_engine = "wkhtmltopdf"
        self.assertEqual(self.print_report(self.partners[0]), ONE_PAGE)
        self.assertEqual(len(core.calls), 1)
        self.assertTrue(core.calls[0]["header"])

    def test_without_chromium_the_core_prints(self):
        core = CoreEngine(self)
        ir_actions_report._log_missing.cache_clear()
        with (
            patch(FINDER, return_value=None),
            self.assertLogs("odoo.addons.crm_print", logging.INFO) as logs,
        ):
            content = self.print_report(self.partners[0])
            self.print_report(self.partners[1])
        self.assertEqual(content, ONE_PAGE)
        self.assertEqual(len(core.calls), 2)
        self.assertEqual(len([line for line in logs.output if "not found" in line]), 1, "once")

    def test_without_chromium_documents_are_printed_one_by_one(self):
        core = CoreEngine(self)
        with patch(FINDER, return_value=None):
            content = self.print_report(self.partners)
        self.assertEqual([len(call["bodies"]) for call in core.calls], [1, 1])
        self.assertEqual(len(pdf_pages(content)), 2)

    def test_chromium_alone_prints_every_report(self):
        CoreEngine(self, state="install")
        self.report.print_engine = "wkhtmltopdf"
        self.assertEqual(self.env["ir.actions.report"].get_wkhtmltopdf_state(), "ok")
        self.assertIn("Page 1 / 1", pdf_pages(self.print_report(self.partners[0]))[0])

    def test_neither_is_said(self):
        CoreEngine(self, state="install")
        with patch(FINDER, return_value=None):
            self.assertEqual(self.env["ir.actions.report"].get_wkhtmltopdf_state(), "install")
            with self.assertRaisesRegex(UserError, "Wkhtmltopdf"):
                self.print_report(self.partners[0])

    def _failing_browser(self):
        return patch.object(
            ir_actions_report, "print_job", side_effect=BrowserTimeout("did not answer")
        )

    def test_failure_falls_back_and_is_logged(self):
        core = CoreEngine(self)
        with (
            self._failing_browser(),
            self.assertLogs("odoo.addons.crm_print", logging.WARNING) as logs,
        ):
            self.assertEqual(self.print_report(self.partners[0]), ONE_PAGE)
        self.assertEqual(len(core.calls), 1)
        self.assertIn("did not answer", logs.output[0])

    def test_failure_without_a_fallback_is_an_error(self):
        CoreEngine(self, state="install")
        with (
            self._failing_browser(),
            self.assertRaisesRegex(UserError, "Test partner cannot be printed: did not answer"),
        ):
            self.print_report(self.partners[0])

    def test_state_is_shown_on_the_report(self):
        CoreEngine(self)
        self.assertRegex(self.report.print_engine_state, r"Chromium \d+")
        with patch(FINDER, return_value=None):
            self.report.invalidate_recordset()
            self.assertIn("not found", self.report.print_engine_state)
        self.report.print_engine = "wkhtmltopdf"
        self.assertEqual(self.report.print_engine_state, "wkhtmltopdf (ok)")

    def test_paper(self):
        paperformat = self.env["report.paperformat"].create(
            {
                "name": "Letter",
                "format": "Letter",
                "orientation": "Portrait",
                "margin_top": 30,
                "header_spacing": 20,
                "margin_bottom": 15,
                "disable_shrinking": True,
            }
        )
        prepare = self.env["ir.actions.report"]._prepare_print_paper
        paper = prepare(paperformat, False, {})
        self.assertEqual((paper.width, paper.height), (215.9, 279.4))
        self.assertEqual((paper.top, paper.header_top, paper.scale), (30, 10, 1.0))
        paper = prepare(
            paperformat,
            None,
            {
                "data-report-landscape": "True",
                "data-report-margin-top": "50",
                "data-report-header-spacing": "45",
                "data-report-margin-bottom": "12",
            },
        )
        self.assertEqual((paper.width, paper.height), (279.4, 215.9))
        self.assertEqual((paper.top, paper.header_top, paper.bottom), (50, 5, 12))
        paperformat.orientation = "Landscape"
        paperformat.invalidate_recordset()
        self.assertEqual(prepare(paperformat, True, {}).width, 279.4)
