import functools
import logging
import unittest
from urllib.parse import urlsplit

from odoo import api, fields, models, modules
from odoo.exceptions import UserError
from odoo.http import request
from odoo.tools import str2bool

from ..engine.assemble import assemble
from ..engine.browser import close_browsers, shared_browser
from ..engine.errors import BrowserError
from ..engine.finder import chromium_version, find_chromium
from ..engine.paper import Paper
from ..engine.printer import Job, document_title, print_job

_logger = logging.getLogger(__name__)
# A4 content as wide as the core's engine shows it after its "smart shrinking"
SHRUNK = 0.8


@functools.lru_cache(4)
def _version(executable):
    """Return the version of the browser, asked for once per process."""
    version = chromium_version(executable)
    _logger.info("Reports are printed by %s, version %s", executable, version or "unknown")
    return version


@functools.cache
def _log_missing():
    _logger.info(
        "Chromium was not found: its reports are printed by wkhtmltopdf. Install Chromium,"
        " or name its path in the environment variable CHROMIUM."
    )


class IrActionsReport(models.Model):
    """A report may be printed by Chromium instead of wkhtmltopdf."""

    _inherit = "ir.actions.report"

    print_engine = fields.Selection(
        [("wkhtmltopdf", "wkhtmltopdf"), ("chromium", "Chromium")],
        default="wkhtmltopdf",
        required=True,
        help="The program that makes the PDF. Chromium knows modern CSS and all installed fonts and"
        " prints header, footer and page numbers. Where it is not installed, wkhtmltopdf"
        " prints.",
    )
    print_engine_state = fields.Char(compute="_compute_print_engine_state", string="Printed By")

    @api.depends("print_engine")
    def _compute_print_engine_state(self):
        for report in self:
            report.print_engine_state = report._describe_print_engine()

    def _describe_print_engine(self):
        path = find_chromium()
        if self._prints_by_chromium():
            version = _version(path)
            if version:
                return self.env._("Chromium %(version)s (%(path)s)", version=version, path=path)
            return self.env._("%(path)s does not start; wkhtmltopdf prints instead", path=path)
        if self.print_engine == "chromium":
            return self.env._(
                "wkhtmltopdf, because Chromium was not found: install it, or set the"
                " environment variable CHROMIUM to its path"
            )
        return self.env._("wkhtmltopdf (%(state)s)", state=self._core_engine_state())

    @api.model
    def get_wkhtmltopdf_state(self):
        """Say 'ok' also where only Chromium can print: it then prints every report."""
        state = super().get_wkhtmltopdf_state()
        if self.env.context.get("crm_print_core_engine"):
            return state
        return "ok" if find_chromium() else state

    def _core_engine_state(self):
        """Return the state of the core's engine, whether or not Chromium could stand in for it."""
        return self.with_context(crm_print_core_engine=True).get_wkhtmltopdf_state()

    def _prints_by_chromium(self):
        """Whether Chromium prints this report (an empty recordset: a report without a record)."""
        if not find_chromium():
            if self.print_engine == "chromium":
                _log_missing()
            return False
        return self.print_engine == "chromium" or self._core_engine_state() != "ok"

    @api.model
    def _run_wkhtmltopdf(
        self,
        bodies,
        report_ref=False,
        header=None,
        footer=None,
        landscape=False,
        specific_paperformat_args=None,
        set_viewport_size=False,
    ):
        report = self._get_report(report_ref) if report_ref else self.browse()
        bodies = list(bodies)
        arguments = {
            "report_ref": report_ref,
            "header": header,
            "footer": footer,
            "landscape": landscape,
            "specific_paperformat_args": specific_paperformat_args,
            "set_viewport_size": set_viewport_size,
        }
        if not report._prints_by_chromium():
            if report.print_engine == "chromium":
                return self._print_one_by_one(bodies, arguments)
            return super()._run_wkhtmltopdf(bodies, **arguments)
        paper = self._prepare_print_paper(
            report.get_paperformat(), landscape, specific_paperformat_args or {}
        )
        try:
            return self._run_chromium(bodies, header, footer, paper)
        except BrowserError as error:
            self._handle_browser_error(report, error)
        return self._print_one_by_one(bodies, arguments)

    def _print_one_by_one(self, bodies, arguments):
        """Print by the core's engine, which may lack the patches to print several documents."""
        print_by_core = super()._run_wkhtmltopdf
        if len(bodies) == 1:
            return print_by_core(bodies, **arguments)
        documents = [print_by_core([body], **arguments) for body in bodies]
        return assemble(documents, titles=[document_title(str(body)) for body in bodies])

    def _handle_browser_error(self, report, error):
        if self._core_engine_state() != "ok":
            raise UserError(
                self.env._(
                    "%(report)s cannot be printed: %(error)s. Try again; if it happens again, "
                    "ask your administrator to look at the browser %(path)s.",
                    report=report.name or "",
                    error=error,
                    path=find_chromium(),
                )
            ) from error
        _logger.warning("Report %s: %s; wkhtmltopdf prints it", report.report_name, error)

    def _run_chromium(self, bodies, header, footer, paper):
        """Return the PDF bytes of these documents.

        :raises BrowserError: when the browser cannot print them
        """
        params = self.env["ir.config_parameter"].sudo()  # sudo: three settings of the server
        base_url = self._get_report_url()
        job = Job(
            bodies=[str(body) for body in bodies],
            header=str(header or ""),
            footer=str(footer or ""),
            paper=paper,
            base_url=base_url,
            timeout=float(params.get_param("crm_print.timeout", 60)),
        )
        self._close_browser_after_test()
        browser = shared_browser(
            find_chromium(), float(params.get_param("crm_print.idle_seconds", 300))
        )
        pdf, refused = print_job(browser, job, self._prepare_print_resolver(base_url))
        if refused:
            _logger.info("A printed page was refused: %s", ", ".join(sorted(set(refused))))
        return pdf

    @staticmethod
    def _close_browser_after_test():
        """A test class must leave no child process behind."""
        if isinstance(modules.module.current_test, unittest.TestCase):
            type(modules.module.current_test).addClassCleanup(close_browsers)

    def _prepare_print_resolver(self, base_url):
        """Return the function that answers the requests of a printed page.

        Pages are printed for whoever asked over HTTP, else for the user of the environment, and
        never with the superuser's rights: the HTML may hold addresses that other people wrote.
        """
        user_id = request.session.uid if request and request.db else self.env.uid
        if not user_id or self.env["res.users"].browse(user_id)._is_superuser():
            user_id = self.env.ref("base.public_user").id
        resources = self.env["crm.print.resource"].with_user(user_id)
        origin = urlsplit(base_url)[:2]

        def resolve(url):
            return resources._resolve(url) if urlsplit(url)[:2] == origin else None

        return resolve

    @api.model
    def _prepare_print_paper(self, paperformat, landscape, specific):
        """Return the :class:`Paper` for a paper format (millimetres) and the marks of a report.

        :param paperformat: report.paperformat
        :param landscape: True, False, or None to let the report say
        :param dict specific: data-report-… attributes of the report
        """
        if landscape is None:
            landscape = str2bool(specific.get("data-report-landscape") or "", False)
        width, height = paperformat.print_page_width or 210, paperformat.print_page_height or 297
        if landscape and paperformat.orientation != "Landscape":
            width, height = height, width
        top = float(specific.get("data-report-margin-top", paperformat.margin_top))
        spacing = float(specific.get("data-report-header-spacing", paperformat.header_spacing))
        return Paper(
            width=width,
            height=height,
            top=top,
            header_top=max(0, top - spacing),
            bottom=float(specific.get("data-report-margin-bottom", paperformat.margin_bottom)),
            left=paperformat.margin_left,
            right=paperformat.margin_right,
            header_line=paperformat.header_line,
            scale=1.0 if paperformat.disable_shrinking else SHRUNK,
        )
