import base64
import json
import zipfile
from io import BytesIO

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from odoo.addons.crm_approval.engine import chain

from ..tools import unlocked
from .common_contract import SIGNATURE, ContractCase, signature_image


@tagged("post_install", "-at_install")
class TestContractText(ContractCase):
    """The library: versions that never change, placeholders that exist, mandatory clauses."""

    def test_unknown_placeholder_is_refused_by_name(self):
        with self.assertRaisesRegex(ValidationError, r"\{\{ partner\.nme \}\}"):
            self._create_clause("Bad", "<p>{{ partner.nme }}</p>")
        with self.assertRaisesRegex(ValidationError, r"object\.env"):
            self._create_clause("Worse", "<p>{{ object.env['res.users'] }}</p>")
        contract = self._create_contract(1000)
        with self.assertRaisesRegex(ValidationError, r"\{\{ wrong \}\}"):
            contract.text_ids[0].body = "<p>{{ wrong }}</p>"

    def test_every_documented_placeholder_has_a_value(self):
        contract = self._create_contract(1000)
        self.assertEqual(set(contract._placeholder_labels()), set(contract._placeholder_values()))

    def test_values_are_escaped_and_not_expanded_again(self):
        contract = self._create_contract(1000, title="<b>{{ company.vat }}</b>")
        text = contract._render_text("<p>{{ contract.title }}</p>")
        self.assertEqual(text, "<p>&lt;b&gt;{{ company.vat }}&lt;/b&gt;</p>")

    def test_published_version_never_changes(self):
        version = self.clause_payment.current_version_id
        for vals in ({"body": "<p>x</p>"}, {"number": 7}):
            with self.assertRaisesRegex(UserError, "never changes"):
                version.write(vals)
        with self.assertRaisesRegex(UserError, "button Publish"):
            version.state = "draft"
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            version.unlink()
        action = self.clause_payment.action_new_version()
        draft = version.browse(action["res_id"])
        self.assertEqual((draft.number, draft.body), (2, version.body))
        draft.body = "<p>Pay within 14 days.</p>"
        contract = self._create_contract(1000)
        self.assertIn("30 days", contract.text_ids[1].body, "a draft is not in use")
        draft.action_publish()
        self.assertEqual(self.clause_payment.current_version_id, draft)
        self.assertEqual(version.state, "replaced")
        self.assertIn("30 days", contract.text_ids[1].body, "a contract keeps what it took over")

    def test_mandatory_clause_stays(self):
        contract = self._create_contract(1000)
        with self.assertRaisesRegex(UserError, "mandatory"):
            contract.text_ids[0].unlink()
        contract.text_ids[1].unlink()
        contract.text_ids[0].body = "<p>Something else</p>"
        self.assertTrue(contract.text_ids.deviates)
        self.assertEqual(contract.deviation_count, 1)
        contract.text_ids.action_restore()
        self.assertFalse(contract.deviation_count)

    def test_unpublished_clause_in_a_template(self):
        self._create_clause("Draft", "<p>x</p>", publish=False)
        clause = self.env["crm.contract.clause"].search([("name", "=", "Draft")])
        self.template.clause_ids = [Command.create({"clause_id": clause.id})]
        with self.assertRaisesRegex(UserError, "no published version"):
            self._create_contract(1000)

    def test_ends_before_it_starts(self):
        with self.assertRaisesRegex(ValidationError, "before it starts"):
            self._create_contract(1000, date_end="2025-12-31")
        contract = self._create_contract(1000)
        with self.assertRaisesRegex(ValidationError, "before it starts"):
            contract.date_end = "2025-12-31"

    def test_template_percentages(self):
        with self.assertRaisesRegex(ValidationError, "110"):
            self.template.instalment_ids[0].percent = 40


@tagged("post_install", "-at_install")
class TestContractSign(ContractCase):
    """Freezing, signing by both sides, evidence, and what makes signatures void."""

    def test_both_sides_sign(self):
        contract = self._create_contract(1000)
        contract.action_send_to_sign()
        self.assertEqual(contract.state, "signing")
        frozen = contract.pdf_attachment_id
        self.assertTrue(frozen)
        self._sign(contract, send=False)
        self.assertEqual(contract.state, "active")
        self.assertEqual(contract.customer_signed_by, "Buyer")
        self.assertEqual(contract.company_signed_by_id, self.director)
        self.assertEqual(contract.pdf_attachment_id, frozen, "what was signed stays")
        self.assertTrue(contract.signed_attachment_id)
        self.assertEqual(
            contract.evidence_ids.sorted("seq").mapped("kind"),
            ["frozen", "signed_customer", "shown", "signed_company", "completed"],
        )
        self.assertFalse(contract._evidence_faults())

    def test_evidence_file_proves_itself(self):
        contract = self._active_contract()
        archive = zipfile.ZipFile(BytesIO(contract._evidence_zip()))
        self.assertEqual(
            set(archive.namelist()),
            {
                "contract.pdf",
                "signed-copy.pdf",
                "evidence.json",
                "signature-customer.png",
                "signature-company.png",
            },
        )
        document = json.loads(archive.read("evidence.json"))
        rows = [(row["payload"], row["previous_hash"], row["hash"]) for row in document["log"]]
        self.assertIsNone(chain.first_broken(rows))
        first, signed = rows[0][0], rows[1][0]
        self.assertEqual((first["contract"], first["kind"]), (contract.id, "frozen"))
        self.assertEqual((signed["name"], signed["user"]), ("Buyer", self.buyer.id))
        self.assertEqual(document["pdf_sha256"], contract.pdf_sha256)

    def test_tampering_shows(self):
        contract = self._active_contract()
        row = contract.evidence_ids.sorted("seq")[1]
        self.env.cr.execute(
            "UPDATE crm_contract_evidence SET name = 'Mallory' WHERE id = %s", (row.id,)
        )
        self.env.invalidate_all()
        self.assertIn("row 2", contract._evidence_faults()[0])
        self.assertEqual(contract.action_verify()["params"]["type"], "danger")

    def test_changed_pdf_shows(self):
        contract = self._create_contract(1000)
        contract.action_send_to_sign()
        contract.pdf_attachment_id.sudo().raw = b"another text"
        with self.assertRaisesRegex(UserError, "not the one that was frozen"):
            self._sign(contract, send=False)
        self.assertTrue(contract._evidence_faults())

    def test_changed_signature_shows(self):
        contract = self._active_contract()
        unlocked(contract).customer_signature = signature_image("red")
        self.assertIn("signature", contract._evidence_faults()[0])

    def test_evidence_is_written_by_nobody(self):
        contract = self._active_contract()
        row = contract.evidence_ids[0]
        with self.assertRaises(UserError):
            row.sudo().name = "x"
        with self.assertRaises(UserError):
            row.sudo().unlink()
        with self.assertRaises(AccessError):
            row.sudo().create({"contract_id": contract.id, "seq": 99, "kind": "frozen"})
        with self.assertRaises(AccessError):
            row.with_context(crm_sales_key="crm_sales").sudo().copy()

    def test_change_after_a_signature_makes_it_void(self):
        contract = self._create_contract(1000)
        for change in (
            lambda: contract.write({"notice_days": 10}),
            lambda: contract.text_ids[1].write({"body": "<p>Other</p>"}),
            lambda: contract.instalment_ids[0].write({"name": "Now"}),
            lambda: contract.line_ids.write({"price_unit": 900}),
        ):
            contract.action_send_to_sign()
            contract.with_user(self.buyer).sudo()._sign("customer", "Buyer", SIGNATURE)
            change()
            self.assertEqual(contract.state, "draft")
            self.assertFalse(contract.customer_signed_on or contract.pdf_attachment_id)
            self.assertEqual(contract.evidence_ids.sorted("seq")[-1].kind, "invalidated")
        self.assertFalse(contract._evidence_faults())

    def test_unchanged_values_void_nothing(self):
        contract = self._create_contract(1000)
        contract.action_send_to_sign()
        contract.write({"notice_days": contract.notice_days, "note": "Call him"})
        self.assertEqual(contract.state, "signing")

    def test_signed_contract_is_never_edited(self):
        contract = self._active_contract()
        for records, vals in (
            (contract, {"date_end": "2027-01-31"}),
            (contract.text_ids[0], {"body": "<p>x</p>"}),
            (contract.line_ids, {"price_unit": 1}),
        ):
            with self.assertRaisesRegex(UserError, "Use Amend"):
                records.write(vals)
        with self.assertRaisesRegex(UserError, "Use Amend"):
            contract.text_ids[1].unlink()
        with self.assertRaisesRegex(UserError, "stays in the files"):
            contract.unlink()

    def test_states_are_not_written_by_hand(self):
        contract = self._create_contract(1000)
        for vals in (
            {"state": "active"},
            {"customer_signed_on": "2026-01-01 00:00:00"},
            {"pdf_sha256": "0" * 64},
        ):
            with self.assertRaisesRegex(UserError, "not by hand"):
                contract.sudo().write(vals)
        with self.assertRaisesRegex(UserError, "not by hand"):
            self._create_contract(1000, state="active")
        with self.assertRaises(UserError):
            contract.with_context(crm_sales_key="crm_sales").write({"state": "active"})

    def test_one_signature_per_side(self):
        contract = self._create_contract(1000)
        contract.action_send_to_sign()
        contract.with_user(self.buyer).sudo()._sign("customer", "Buyer", SIGNATURE)
        with self.assertRaisesRegex(UserError, "already"):
            contract.with_user(self.buyer).sudo()._sign("customer", "Buyer", SIGNATURE)
        with self.assertRaisesRegex(UserError, "no image"):
            contract._sign("company", "Director", base64.b64encode(b"text").decode())
        with self.assertRaisesRegex(UserError, "name"):
            contract._sign("company", "  ", SIGNATURE)

    def test_only_our_signatory_signs_for_us(self):
        contract = self._create_contract(1000)
        contract.action_send_to_sign()
        with self.assertRaisesRegex(AccessError, "Director"):
            contract.with_user(self.li).action_sign()
        wizard = (
            self.env["crm.contract.sign"]
            .with_user(self.li)
            .create({"contract_id": contract.id, "name": "Li", "signature": SIGNATURE})
        )
        with self.assertRaises(AccessError):
            wizard.action_sign()
        self.assertEqual(contract.with_user(self.director).can_sign, True)

    def test_reset_and_cancel(self):
        contract = self._create_contract(1000)
        contract.action_send_to_sign()
        contract.action_draft()
        self.assertEqual(contract.state, "draft")
        contract.action_send_to_sign()
        contract.action_cancel()
        self.assertEqual(contract.state, "cancelled")
        contract.action_draft()
        self.assertEqual(contract.state, "draft")
        self._sign(contract)
        with self.assertRaisesRegex(UserError, "only possible while"):
            contract.action_cancel()
        with self.assertRaisesRegex(UserError, "only possible while"):
            contract.action_draft()

    def test_incomplete_contract_names_everything(self):
        contract = self._create_contract(
            template_id=False,
            company_signatory_id=False,
            recurring=True,
            term_months=14,
            recurrence="3",
        )
        with self.assertRaises(UserError) as caught:
            contract.action_send_to_sign()
        for text in ("has no text", "signs for us", "14 months is no whole number"):
            self.assertIn(text, str(caught.exception))

    def test_legal_approval(self):
        self.env["crm.approval.rule"].create(
            {
                "name": "Deviating contracts",
                "model_id": self.env["ir.model"]._get_id("crm.contract"),
                "operation": "send",
                "threshold_ids": [
                    Command.create({"figure": "deviations", "comparison": ">", "value": 0})
                ],
                "step_ids": [
                    Command.create(
                        {
                            "name": "Legal",
                            "approver_kind": "user",
                            "user_ids": [Command.set(self.lawyer.ids)],
                        }
                    )
                ],
            }
        )
        self.company.crm_contract_legal_ids = self.lawyer
        contract = self._create_contract(1000)
        self.assertEqual(contract.approval_state, "none")
        contract.text_ids[1].body = "<p>Pay within 90 days.</p>"
        contract.invalidate_recordset(["approval_state"])
        self.assertEqual(contract.approval_state, "required")
        with self.assertRaisesRegex(UserError, "needs an approval"):
            contract.action_send_to_sign()
        request = contract.with_user(self.li)._approval_request("send")
        seen = contract.with_user(self.lawyer)
        self.assertEqual(seen.search([("id", "=", contract.id)]), contract)
        self.assertIn("90 days", seen.text_ids[1].body)
        self.assertFalse(seen.has_access("write"))
        request.with_user(self.lawyer).action_approve("Fine")
        contract.with_user(self.li).action_send_to_sign()
        self.assertEqual(contract.state, "signing")
        contract.text_ids[1].body = "<p>Pay within 120 days.</p>"
        contract.invalidate_recordset(["approval_state"])
        self.assertEqual(contract.approval_state, "required", "a change needs a new approval")
