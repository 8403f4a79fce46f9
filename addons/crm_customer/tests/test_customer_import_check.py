from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_import import USCC, ImportCase

MODULE = "odoo.addons.crm_customer.models.crm_customer_import"
LOGGERS = (MODULE, "odoo.sql_db")
FILE = (
    "name,email,phone,uscc,parent,street\n"
    f"First,first@check.example,,{USCC[0]},,\n"
    "Second,second@check.example,,,,\n"
    "First again,FIRST@check.example,,,,Main street\n"
    "Forbidden,forbidden@check.example,,,,\n"
    "Person,person@check.example,,,Second,\n"
    "Bad,nonsense,,,,\n"
    "No parent,noparent@check.example,,,Nobody,\n"
    "Without mail,,13800138000,,,\n"
    "Known,known@check.example,,,,\n"
    "Changed,changed@check.example,,,,New street\n"
    "Second,second@check.example,,,,\n"
)


@tagged("post_install", "-at_install")
class TestCustomerImportCheck(ImportCase):
    """The check is an import that is taken back: its report is the one of the import."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.partner"].create(
            [
                {"name": "Known", "email": "known@check.example", "is_company": True},
                {"name": "Changed", "email": "changed@check.example", "is_company": True},
            ]
        )
        cls.env["crm.validation.rule"].search([]).active = False
        cls.env["crm.validation.rule"].create(
            {
                "name": "Companies need an e-mail",
                "model_id": cls.env["ir.model"]._get_id("res.partner"),
                "condition": "[('is_company', '=', True), ('phone', '!=', False)]",
                "required_field_names": "email",
                "message": "Ask for the e-mail.",
            }
        )

    def setUp(self):
        super().setUp()
        original = self.env.registry["res.partner"].create
        message = "This name is forbidden."

        def create(partners, vals_list):
            """Stand for any constraint of any addon."""
            if "Forbidden" in [vals.get("name") for vals in vals_list]:
                raise ValidationError(message)
            return original(partners, vals_list)

        self.patch(self.env.registry["res.partner"], "create", create)
        self.patch(self.env.registry["ir.cron"], "_commit_progress", lambda *_a, **_k: 1)

    def _report(self, document, name):
        self.env.invalidate_all()
        rows = document.row_ids.sorted("line")
        return [(row.line, row[name], row.reason or "") for row in rows]

    def _counts(self):
        self.env.flush_all()
        counts = {}
        tables = ("res_partner", "crm_identity", "crm_match_key", "ir_model_data")
        for table in tables:
            self.env.cr.execute(f"SELECT count(*) FROM {table}")
            counts[table] = self.env.cr.fetchone()[0]
        return counts

    def _plan(self, document):
        """Return the report of the check; nothing else than it may be left."""
        before = self._counts()
        document.action_check()
        self.env["crm.customer.import"]._cron_run()
        after = self._counts()
        self.assertEqual(document.state, "checked")
        self.assertEqual(after, before)
        self.assertFalse([row for row in document.row_ids if row.result or row.after])
        return self._report(document, "plan")

    def _assert_as_checked(self, document):
        plan = self._plan(document)
        counts = (document.created_count, document.updated_count, document.refused_count)
        document.action_import()
        self.env["crm.customer.import"]._cron_run()
        self.assertEqual(document.state, "done")
        self.assertEqual(
            [(line, result) for line, result, _reason in self._report(document, "result")],
            [(line, result) for line, result, _reason in plan],
        )
        self.assertEqual(
            [row for row in self._report(document, "result") if row[1] == "refused"],
            [row for row in plan if row[1] == "refused"],
        )
        self.assertEqual(
            (document.created_count, document.updated_count, document.refused_count), counts
        )
        return plan

    @mute_logger(*LOGGERS)
    def test_report_of_the_import(self):
        plan = self._assert_as_checked(self.create_import(FILE))
        self.assertEqual(
            [result for _line, result, _reason in plan],
            [
                "created",
                "created",
                "updated",
                "refused",
                "created",
                "refused",
                "refused",
                "refused",
                "matched",
                "updated",
                "matched",
            ],
        )
        reasons = {line: reason for line, _result, reason in plan}
        self.assertIn("forbidden", reasons[5])
        self.assertIn("Ask for the e-mail", reasons[9])
        self.assertEqual(reasons[4], "Same as row 2")

    @mute_logger(*LOGGERS)
    def test_report_of_a_large_file(self):
        """In the background, a few rows at a time; rows of earlier batches count."""
        for size in (1, 2, 4):
            with self.subTest(size), patch(f"{MODULE}.INLINE_ROWS", size):
                savepoint = self.env.cr.savepoint()
                self._assert_as_checked(self.create_import(FILE))
                savepoint.close(rollback=True)

    def test_large_file_is_checked_in_the_background(self):
        with patch(f"{MODULE}.INLINE_ROWS", 2):
            document = self.create_import(FILE)
            document.action_check()
            self.assertEqual(document.state, "checking")
            with self.assertRaisesRegex(Exception, "has begun"):
                document.on_match = "keep"
            document.sudo()._next_batch()
            self.env.invalidate_all()
            self.assertAlmostEqual(document.progress, 100 * 2 / 11)
            while document.sudo()._next_batch():
                pass
        self.assertEqual(document.state, "checked")

    @mute_logger(*LOGGERS)
    def test_check_that_cannot_go_on(self):
        """A fault of the check itself stops it with the reason, and it can be done again."""
        with patch(f"{MODULE}.INLINE_ROWS", 2):
            document = self.create_import(FILE)
            document.action_check()

            def broken(records, rows):
                raise ValueError("Disk full")

            with patch.object(self.env.registry["crm.customer.import"], "_import", broken):
                self.env["crm.customer.import"]._cron_run()
            self.assertEqual((document.state, document.problem), ("draft", "Disk full"))
        document.action_check()
        self.assertEqual((document.state, document.problem), ("checked", False))

    @mute_logger(*LOGGERS)
    def test_company_in_the_same_file(self):
        """Whether before or after its people; not when it cannot be saved itself."""
        document = self.create_import(
            "name,email,parent\nAnn,ann@check.example,Firm\nFirm,firm@check.example,\n"
            "Bob,bob@check.example,Forbidden\nForbidden,no@check.example,\n"
            "Cid,cid@check.example,Dan\nDan,dan@check.example,Cid\n"
        )
        plan = self._assert_as_checked(document)
        self.assertEqual(
            [result for _line, result, _reason in plan],
            ["created", "created", "refused", "refused", "refused", "refused"],
        )
        self.assertEqual(self.find("Ann").parent_id, self.find("Firm"))

    def test_rights_of_the_responsible_user(self):
        """What he may not write is refused in the check already."""
        document = self.create_import("name,email\nA,a@check.example\n", user=self.seller)
        self.seller.group_ids -= self.env.ref("base.group_partner_manager")
        with mute_logger(*LOGGERS, "odoo.addons.base.models.ir_model"):
            document.action_check()
        self.assertEqual(document.refused_count, 1)
