import io
from unicodedata import normalize
from zipfile import ZipFile

from freezegun import freeze_time
from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools.pdf import PdfFileReader

from odoo.addons.crm_subledger.tests.common import day

from .common import CommissionCase

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class Workbook:
    """Just enough of a reader: cells of a sheet as text, formulas as they are written."""

    def __init__(self, content):
        self.files = ZipFile(io.BytesIO(content))
        strings = etree.fromstring(self.files.read("xl/sharedStrings.xml"))
        self.strings = ["".join(item.itertext()) for item in strings]
        book = etree.fromstring(self.files.read("xl/workbook.xml"))
        self.names = [sheet.get("name") for sheet in book.iter(f"{SHEET}sheet")]

    def xml(self, number):
        return etree.fromstring(self.files.read(f"xl/worksheets/sheet{number}.xml"))

    def cells(self, number):
        found = {}
        for cell in self.xml(number).iter(f"{SHEET}c"):
            formula, value = cell.find(f"{SHEET}f"), cell.find(f"{SHEET}v")
            if formula is not None:
                found[cell.get("r")] = f"={formula.text}"
            elif value is not None:
                text = value.text
                found[cell.get("r")] = self.strings[int(text)] if cell.get("t") == "s" else text
        return found


@tagged("post_install", "-at_install")
@freeze_time("2026-04-02 08:00:00")
class TestStatementDocument(CommissionCase):
    """What a statement says on paper and in a spreadsheet, and to whom."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first = cls._create_order(80000)
        cls._pay(cls._invoice(cls.first))
        cls.deal = cls._create_order(57000)
        cls._pay(cls._invoice(cls.deal, date="2026-02-10"), date="2026-02-20")
        cls.env.flush_all()
        cls.env.cr.precommit.run()
        cls.statement = cls.env["crm.commission.statement"].search(
            [("partner_id", "=", cls.li.partner_id.id), ("date_from", "=", "2026-01-01")]
        )

    def document(self, user):
        return self.env["crm.commission.document"].with_user(user)

    def print_pages(self, user, lang="en_US"):
        self.li.partner_id.lang = lang
        report = (
            self.env["ir.actions.report"].with_user(user).with_context(force_report_rendering=True)
        )
        content = report._render_qweb_pdf(
            "crm_sales.report_commission_statement", self.statement.ids
        )[0]
        reader = PdfFileReader(io.BytesIO(content), strict=False)
        # fonts share a glyph between a character and its radical: compare what they look like
        texts = (normalize("NFKC", page.extract_text()) for page in reader.pages)
        return [" ".join(text.split()) for text in texts]

    def test_contents(self):
        content = self.document(self.li)._collect(self.statement)[self.statement.id]
        self.assertEqual(
            [(line["deal"], line["basis"], line["commission"]) for line in content["lines"]],
            [(self.first.name, 80000.0, 2400.0), (self.deal.name, 57000.0, 2450.0)],
        )
        self.assertEqual(
            [step[1:] for step in content["steps"]],
            [("100,000.00", "3 %", "3,000.00"), ("37,000.00", "5 %", "1,850.00")],
        )

    def test_payments_are_listed(self):
        self.statement.with_user(self.boss).action_confirm()
        self.statement.with_user(self.accountant).action_pay()
        content = self.document(self.li)._collect(self.statement)[self.statement.id]
        self.assertEqual([payment["amount"] for payment in content["payments"]], [4850.0])

    def test_guarantee_is_a_step_of_its_own(self):
        plan = self._create_plan(name="Guaranteed", members=False)
        self._add_member(plan, self.chen, role="owner")
        self._create_version(plan, floor=1000)
        self.run_subledger()
        self.env["crm.commission.statement"]._ensure_guaranteed(day("2026-04-02"))
        statement = self._statement(self.chen, plan=plan)
        statement._subledger_run()
        self.assertEqual(statement.earned, 1000.0)
        content = self.document(self.chen)._collect(statement)[statement.id]
        self.assertEqual(content["steps"], [("Guaranteed minimum", "", "", "1,000.00")])

    # ------------------------------------------------------------------
    # PDF
    # ------------------------------------------------------------------

    def test_pdf(self):
        pages = self.print_pages(self.li)
        self.assertEqual(len(pages), 1)
        for text in (
            "Commission Statement",
            "Li",
            "4,850.00",
            "37,000.00",
            self.deal.name,
            "上海宏泰机械有限公司",
            "1 / 1",
        ):
            self.assertIn(text, pages[0])

    def test_pdf_in_the_language_of_the_payee(self):
        page = self.print_pages(self.accountant, lang="zh_CN")[0]
        for text in ("提成对账单", "应付", "收款人"):
            self.assertIn(text, page)

    def test_pdf_of_others_is_refused(self):
        with self.assertRaises(AccessError):
            self.print_pages(self.chen)

    # ------------------------------------------------------------------
    # Workbook
    # ------------------------------------------------------------------

    def test_workbook(self):
        book = Workbook(self.document(self.accountant)._xlsx(self.statement))
        self.assertEqual(book.names, ["Statements", "Lines", "Payments"])
        summary = book.cells(1)
        self.assertEqual(summary["A2"], "Li")
        self.assertEqual((summary["F2"], summary["H2"]), ("137000", "4850"))
        self.assertEqual(summary["J2"], "=H2-I2")
        self.assertEqual(summary["J3"], "=SUBTOTAL(109,J2:J2)")
        lines = book.cells(2)
        self.assertEqual((lines["F3"], lines["G3"]), ("57000", "2450"))
        self.assertEqual(lines["G4"], "=SUBTOTAL(109,G2:G3)")

    def test_workbook_is_ready_to_read(self):
        sheet = Workbook(self.document(self.accountant)._xlsx(self.statement)).xml(1)
        pane = sheet.find(f".//{SHEET}pane")
        self.assertEqual((pane.get("state"), pane.get("topLeftCell")), ("frozen", "B2"))
        self.assertIsNotNone(sheet.find(f"{SHEET}autoFilter"))

    def test_workbook_has_no_formula_from_a_name(self):
        self.customer.name = '=HYPERLINK("http://evil.example")'
        book = Workbook(self.document(self.accountant)._xlsx(self.statement))
        self.assertEqual(book.cells(2)["C2"], '=HYPERLINK("http://evil.example")')
        formulas = [f.text for f in book.xml(2).iter(f"{SHEET}f")]
        self.assertFalse([formula for formula in formulas if "HYPERLINK" in formula])

    def test_workbook_of_others_is_refused(self):
        for user in (self.chen, self.wang):
            with self.assertRaises(AccessError):
                self.document(user)._xlsx(self.statement.with_user(user))

    def test_smart_buttons(self):
        statement = self.statement.with_user(self.li)
        self.assertEqual(statement.order_count, 2)
        self.assertEqual(statement.action_open_orders()["res_model"], "sale.order")
        items = self.statement.with_user(self.accountant).action_open_journal_items()
        lines = self.env["account.move.line"].search(items["domain"])
        self.assertEqual(-sum(lines.mapped("balance")), 4850.0)
        self.assertIn("1,850.00", statement.explanation_html)
