import base64

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..engine import import_table
from ..engine.china_ids import uscc_check_digit
from ..models import crm_customer_import
from .common_import import ImportCase

CODE = "91350100M000100Y43"


@tagged("post_install", "-at_install")
class TestCustomerImport(ImportCase):
    """Upsert by business key, the report, and the way back."""

    def test_columns_are_guessed(self):
        document = self.create_import(
            "名称,Phone,手机,Colour\n宏泰,１３８,2,red\n", encoding="gb18030"
        )
        self.assertEqual(document.column_ids.mapped("target"), ["name", "phone", False, False])
        self.assertEqual(document.column_ids[0].sample, "宏泰")
        self.assertEqual(document.encoding, "gb18030")
        document.column_ids[3].target = "comment"
        with self.assertRaises(ValidationError):
            document.column_ids[2].target = "phone"

    def test_check_writes_no_customer(self):
        before = self.env["res.partner"].search_count([])
        document = self.create_import("Name,USCC\nA,\nB,913501\n,\nA2,\n")
        document.action_check()
        self.assertEqual(self.env["res.partner"].search_count([]), before)
        self.assertEqual((document.created_count, document.refused_count), (2, 1))
        self.assertEqual(document.state, "checked")

    def test_every_key(self):
        partners = self.env["res.partner"].create(
            [
                {"name": "By code", "company_registry": CODE},
                {"name": "By tax", "vat": "TAX771"},
                {"name": "By mail", "email": "Info@Hongtai.example"},
                {"name": "By phone", "phone": "138 0013 8000", "country_id": self.china.id},
                {"name": "By id"},
            ]
        )
        self.env["ir.model.data"]._update_xmlids(
            [{"xml_id": "__import__.kh5", "record": partners[4]}]
        )
        document = self.run_import(
            "name,uscc,vat,email,phone,external id,city\n"
            ",９１３５０１００m000100y43,,,,,Fuzhou\n"
            ",,tax-77 1,,,,Ningbo\n"
            ",,,INFO@hongtai.example,,,Wuxi\n"
            ",,,,+86 138-0013-8000,,Suzhou\n"
            ",,,,,kh5,Jinan\n"
        )
        self.assertEqual(self.results(document), ["updated"] * 5, document.row_ids.mapped("reason"))
        self.assertEqual(partners.mapped("city"), ["Fuzhou", "Ningbo", "Wuxi", "Suzhou", "Jinan"])
        self.assertEqual(partners[2].email, "Info@Hongtai.example", "spelt otherwise is the same")

    def test_order_of_keys(self):
        by_code, by_mail = self.env["res.partner"].create(
            [{"name": "Code", "company_registry": CODE}, {"name": "Mail", "email": "a@b.example"}]
        )
        text = f"name,uscc,email,city\n,{CODE},a@b.example,Wuxi\n"
        self.run_import(text)
        self.assertEqual((by_code.city, by_mail.city), ("Wuxi", False))

    def test_conflict_and_ambiguity_are_refused(self):
        self.env["res.partner"].create(
            [
                {"name": "Owner", "email": "o@b.example", "company_registry": CODE},
                {"name": "Twin 1", "email": "t@b.example"},
                {"name": "Twin 2", "email": "t@b.example"},
            ]
        )
        other = "91310000MA1K3YJ12"
        other += uscc_check_digit(other)
        document = self.run_import(
            f"name,uscc,email,city\nX,{other},o@b.example,Wuxi\n"
            "Y,,t@b.example,Wuxi\nTwin 2,,t@b.example,Wuxi\n"
        )
        self.assertEqual(self.results(document), ["refused", "refused", "updated"])
        self.assertIn(CODE, document.row_ids[0].reason)
        self.assertIn("Twin 1", document.row_ids[1].reason)
        self.assertEqual(self.find("Twin 2").city, "Wuxi")

    def test_same_row_twice(self):
        document = self.run_import(
            "name,email,city,phone\n"
            "Hongtai,h@b.example,Wuxi,\n"
            "Hongtai,H@B.example,,13800138001\n"
            "Hongtai,,Suzhou,+8613800138001\n"
            "Hongtai,h@b.example,Suzhou,\n"
        )
        self.assertEqual(self.results(document), ["created", "updated", "updated", "matched"])
        self.assertEqual(len(self.find("Hongtai")), 1)
        self.assertEqual(self.find("Hongtai").city, "Suzhou")

    def test_policies(self):
        partner = self.env["res.partner"].create(
            {"name": "Old", "email": "h@b.example", "city": "Wuxi"}
        )
        text = "name,email,city,zip\nNew,h@b.example,Suzhou,215000\n"
        self.assertEqual(self.results(self.run_import(text, on_match="keep")), ["matched"])
        self.assertEqual(self.results(self.run_import(text, on_match="fill")), ["updated"])
        self.assertEqual((partner.name, partner.city, partner.zip), ("Old", "Wuxi", "215000"))
        self.run_import(text)
        self.assertEqual((partner.name, partner.city), ("New", "Suzhou"))

    def test_refused_rows_come_back(self):
        text = "Name,USCC,Country,Own Column\nA,123,,１ x\nB,,Utopia,y\nC,,China,z\n,,,lonely\n"
        document = self.run_import(text)
        self.assertEqual(self.results(document), ["refused", "refused", "created", "refused"])
        self.assertTrue(all(row.reason for row in document.row_ids if row.result == "refused"))
        table = import_table.read_table(base64.b64decode(document.refused_file))
        self.assertEqual(table.header, ["Name", "USCC", "Country", "Own Column", "Reason"])
        self.assertEqual(
            [row[:4] for row in table.rows],
            [["A", "123", "", "１ x"], ["B", "", "Utopia", "y"], ["", "", "", "lonely"]],
        )
        self.assertIn("download", document.action_download_refused()["url"])
        mended = base64.b64decode(document.refused_file).decode("utf-8-sig")
        mended = mended.replace("123", CODE).replace("Utopia", "中国").replace("lonely", "")
        again = self.run_import(mended)
        self.assertEqual(self.results(again), ["created", "created", "refused"])

    def test_a_constraint_refuses_its_row_alone(self):
        rows = "".join(f"P{n},p{n}@b.example\n" for n in range(30))
        original = type(self.env["res.partner"]).create

        message = "P17 is not wanted"

        def create(partners, vals_list):
            if any(vals.get("name") == "P17" for vals in vals_list):
                raise ValidationError(message)
            return original(partners, vals_list)

        self.patch(type(self.env["res.partner"]), "create", create)
        document = self.run_import("name,email\n" + rows)
        refused = document.row_ids.filtered(lambda row: row.result == "refused")
        self.assertEqual(refused.label, "P17")
        self.assertEqual(refused.reason, message)
        self.assertEqual(document.created_count, 29)

    def test_validation_rules_hold(self):
        self.env["crm.validation.rule"].create(
            {
                "name": "City",
                "model_id": self.env["ir.model"]._get("res.partner").id,
                "condition": "[('name', '=like', 'Fair %')]",
                "required_field_names": "city",
                "message": "Ask for the city.",
            }
        )
        document = self.run_import("name,city\nFair 1,\nFair 2,Wuxi\n")
        self.assertEqual(self.results(document), ["refused", "created"])
        self.assertIn("Ask for the city.", document.row_ids[0].reason)

    def _run_cron(self, document):
        with self.enter_registry_test_mode():
            self.env.ref("crm_customer.crm_customer_import_cron").method_direct_trigger()
        document.invalidate_recordset()

    def test_messy_file(self):
        lines = ["名称,统一社会信用代码,电子邮箱,手机,城市"]
        for n in range(1000):
            phone = f"138{n:08d}".translate(str.maketrans("0123456789", "０１２３４５６７８９"))
            code = "123" if n % 50 == 7 else ""
            if n % 10 == 3:  # the row before once more
                n -= 1
                phone = f"+86 138{n:08d}"
            lines.append(f"　客户 {n} （上海）,{code}, C{n}@Messy.example ,{phone},")
        text = "\n".join(lines)
        for encoding, expected in (("gb18030", "created"), ("utf-8-sig", "matched")):
            document = self.create_import(text, encoding=encoding)
            document.action_check()
            self.assertEqual(document.state, "checking", "a large file is in the background")
            self._run_cron(document)
            self.assertEqual(document.state, "checked", document.problem)
            plan = document.row_ids.mapped("plan")
            document.action_import()
            self.assertEqual(document.state, "running", "a large file runs in the background")
            self._run_cron(document)
            self.assertEqual(document.row_ids.mapped("result"), plan)
            self.assertEqual(document.state, "done", document.problem)
            self.assertEqual(document.row_count, 1000)
            self.assertEqual(document.refused_count, 20)
            self.assertEqual(document[f"{expected}_count"], 880 if expected == "created" else 980)
            self.assertEqual(document.progress, 100)
        found = self.env["res.partner"].search([("email_normalized", "=like", "%@messy.example")])
        self.assertEqual(len(found), 880)
        self.assertEqual(len(set(found.mapped("phone_sanitized"))), 880)

    def test_queries_do_not_grow_with_rows(self):
        def queries(rows, mark):
            text = "name,email,city\n" + "".join(
                f"Q{mark}{n},q{mark}{n}@b.example,Wuxi\n" for n in range(rows)
            )
            document = self.create_import(text)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            document.action_check()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        # The first check takes back what it did, and with it caches that setUp invalidated.
        queries(5, "a")
        queries(5, "d")
        self.assertLessEqual(queries(100, "b") - queries(20, "c"), 5)

    def test_stopped_import(self):
        """A batch that fails as a whole stops the import with the reason; what was done is kept."""
        self.patch(crm_customer_import, "BATCH", 2)
        document = self.create_import(
            "name,email\n" + "".join(f"S{n},s{n}@stop.example\n" for n in range(4))
        )
        document.action_check()
        document.sudo().state = "running"
        model = type(document)
        original = model._import

        def fail_later(this, rows):
            if "S2" in rows.mapped("label"):
                raise ValueError("the disk is full")
            return original(this, rows)

        self.patch(model, "_import", fail_later)
        with self.enter_registry_test_mode():
            self.env.ref("crm_customer.crm_customer_import_cron").method_direct_trigger()
        document.invalidate_recordset()
        self.assertEqual((document.state, document.done_count), ("checked", 2))
        self.assertIn("the disk is full", document.problem)
        self.assertTrue(document.activity_ids)
        for forbidden in (document.action_check, document.unlink):
            with self.assertRaises(UserError):
                forbidden()
        self.patch(model, "_import", original)
        document.action_import()
        self.assertEqual((document.state, document.created_count), ("done", 4))
        self.assertFalse(document.problem)

    def test_bad_input(self):
        with self.assertRaises(UserError):
            self.create_import("\0\0")
        with self.assertRaises(UserError):
            mine = self.env["crm.customer.import"].with_user(self.seller)
            mine.create({"name": "No file"}).action_check()
        document = self.create_import("Colour\nred\n")
        with self.assertRaises(ValidationError):
            document.action_check()
        document = self.create_import("name\nA\n")
        document.key_ids.unlink()
        with self.assertRaises(ValidationError):
            document.action_check()
        with self.assertRaises(UserError):
            document.action_import()


@tagged("post_install", "-at_install")
class TestCustomerImportUndo(ImportCase):
    """Undo takes back what nothing has touched since, and says what it kept."""

    def setUp(self):
        super().setUp()
        self.known = self.env["res.partner"].create(
            [
                {"name": "Known 1", "email": "k1@b.example", "city": "Wuxi"},
                {"name": "Known 2", "email": "k2@b.example", "city": "Wuxi"},
            ]
        )
        self.document = self.run_import(
            "name,email,city\nKnown 1,k1@b.example,Suzhou\nKnown 2,k2@b.example,Suzhou\n"
            "New 1,n1@b.example,A\nNew 2,n2@b.example,A\nNew 3,n3@b.example,A\n"
        )

    @mute_logger("odoo.models.unlink")
    def test_undo(self):
        self.known[1].city = "Nantong"
        used, changed = self.find("New 2"), self.find("New 3")
        self.env["crm.lead"].create({"name": "Deal", "partner_id": used.id})
        changed.city = "B"
        self.document.action_undo()
        self.assertEqual(self.document.state, "undone")
        self.assertEqual(self.known.mapped("city"), ["Wuxi", "Nantong"])
        self.assertFalse(self.find("New 1"))
        self.assertTrue(used.exists() and changed.exists())
        rows = self.document.row_ids.sorted("line")
        self.assertEqual(
            rows.mapped("undo_result"), ["restored", "kept", "removed", "kept", "kept"]
        )
        self.assertEqual(self.document.kept_count, 3)
        self.assertTrue(all(row.undo_reason for row in rows if row.undo_result == "kept"))
        with self.assertRaises(UserError):
            self.document.action_undo()

    def test_undo_of_two_rows_for_one_customer(self):
        document = self.run_import(
            "name,email,city\nKnown 1,k1@b.example,A\n\nKnown 1,k1@b.example,B\n"
        )
        self.assertEqual(self.known[0].city, "B")
        document.action_undo()
        self.assertEqual(self.known[0].city, "Suzhou")


@tagged("post_install", "-at_install")
class TestCustomerImportAccess(ImportCase):
    """Nobody imports more than they may write, nor in somebody else's name."""

    def test_without_rights(self):
        document = self.create_import("name,email\nA,access@b.example\n", user=self.reader)
        document.action_check()
        document.action_import()
        self.assertEqual(document.row_ids.result, "refused")
        self.assertFalse(self.find("A"))

    def test_other_company(self):
        hidden = self.env["res.partner"].create(
            {"name": "Hidden", "email": "hidden@b.example", "company_id": self.other_company.id}
        )
        document = self.run_import("name,email,city\nMine,hidden@b.example,Wuxi\n")
        self.assertEqual(self.results(document), ["created"])
        self.assertNotIn("Hidden", str(document.row_ids.mapped("reason")))
        self.assertFalse(hidden.city)
        for row in (document, document.row_ids, document.column_ids, document.key_ids):
            with self.assertRaises(AccessError):
                row.with_user(self.other).read(["display_name"])

    def test_hostile(self):
        document = self.create_import("name\nA\n")
        mine = document.with_user(self.seller)
        for vals in (
            {"user_id": self.env.ref("base.user_admin").id},
            {"state": "checked"},
            {"row_ids": [(0, 0, {"line": 1})]},
            {"company_id": self.other_company.id},
            {"refused_file": b"eA=="},
        ):
            with self.assertRaises(AccessError):
                mine.write(vals)
            with self.assertRaises(AccessError):
                mine.with_context(install_mode=True).create({"name": "x", **vals})
            defaults = {f"default_{name}": value for name, value in vals.items()}
            with self.assertRaises(AccessError):
                mine.with_context(**defaults).create({"name": "x"})
        mine.action_check()
        for vals in ({"after": {"name": "x"}}, {"result": "created"}):
            with self.assertRaises(AccessError):
                mine.row_ids.write(vals)
        for user in (self.reader, self.other):
            with self.assertRaises(AccessError):
                document.with_user(user).action_import()
        mine.action_import()
        with self.assertRaises(UserError):
            mine.write({"on_match": "keep"})
        with self.assertRaises(UserError):
            mine.column_ids.write({"target": "ref"})
        with self.assertRaises(UserError):
            mine.unlink()

    def test_names_of_other_records(self):
        """An external ID cannot be turned away from the record that has it."""
        document = self.run_import(
            "name,external id\nA,base.user_admin\nB,base.nothing_there\nC,import_c\n"
        )
        self.assertEqual(self.results(document), ["refused", "refused", "created"])
        self.assertEqual(self.env.ref("base.user_admin")._name, "res.users")
        self.assertEqual(self.env.ref("__import__.import_c").name, "C")

    def test_batches(self):
        """Rows beyond one batch find what the batch before created."""
        self.patch(crm_customer_import, "BATCH", 3)
        text = "name,email\n" + "".join(f"P{n % 4},p{n % 4}@batch.example\n" for n in range(10))
        document = self.run_import(text)
        self.assertEqual((document.created_count, document.matched_count), (4, 6))
