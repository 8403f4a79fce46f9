import base64
import io
import json
import zipfile
from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_approval.engine import chain

from ..tools import unlocked
from .common_programme import PDF, PIXEL, ProgrammeCase


@tagged("-at_install", "post_install")
class TestPartnerAgreement(ProgrammeCase):
    """Text, freezing, signature by the partner's administrator, evidence that proves itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()
        cls._create_portal_users()
        cls.alpha.vat = "91350100M000100Y43"

    def _signed(self):
        agreement = self._send(self._create_agreement(self.alpha))
        self._sign(agreement, self.alpha_admin)
        return agreement

    def test_text_is_filled_and_frozen(self):
        self.alpha.name = "Alpha <b>Reseller</b>"
        agreement = self._send(self._create_agreement(self.alpha))
        self.assertIn("Alpha &lt;b&gt;Reseller&lt;/b&gt;", agreement.body)
        self.assertIn("Gold", agreement.body)
        self.assertTrue(agreement.name.startswith("PA/"))
        body = agreement.body
        self.alpha.name = "Other"
        self.assertEqual(agreement.body, body)
        self.assertEqual(agreement.version, 1)

    def test_unknown_placeholder(self):
        with self.assertRaises(ValidationError):
            self._create_text(body="<p>{{partnr}}</p>")

    def test_sent_version_stays(self):
        text = self._create_text()
        agreement = self._create_agreement(self.alpha, text)
        text.body = "<p>Still a draft</p>"
        self._send(agreement)
        with self.assertRaises(UserError):
            text.body = "<p>Another text</p>"
        action = text.action_new_version()
        newer = text.browse(action["res_id"])
        self.assertEqual((newer.version, text.active), (2, False))
        newer.body = "<p>{{partner}}</p>"

    def test_signature_puts_it_into_force(self):
        agreement = self._signed()
        self.assertEqual(agreement.state, "signed")
        self.assertEqual(agreement.signed_by, "Wang Li")
        self.assertEqual(agreement.signed_user_id, self.alpha_admin)
        self.assertEqual(agreement._evidence().mapped("kind"), ["frozen", "signed", "completed"])
        self.assertFalse(agreement._evidence_faults())
        self.assertEqual(
            agreement.with_user(self.channel).action_verify()["params"]["type"], "success"
        )
        self.assertIn("Wang Li", agreement.with_user(self.channel).evidence_html)

    def test_onboarding_is_ticked_off(self):
        self.env["crm.partner.onboarding"].create(
            {"name": "Sign", "reached_by": "agreement", "company_id": self.company.id}
        )
        self.alpha._create_onboarding()
        self._signed()
        self.assertEqual(self.alpha.onboarding_progress, 100)

    def test_signed_once(self):
        agreement = self._signed()
        with self.assertRaises(UserError):
            self._sign(agreement, self.alpha_admin)
        self.assertEqual(len(agreement._evidence()), 3)

    def test_bad_signatures(self):
        agreement = self._send(self._create_agreement(self.alpha))
        svg = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()
        for name, image in (
            ("", PIXEL),
            ("   ", PIXEL),
            ("Wang Li", ""),
            ("Wang Li", "no base64!"),
            ("Wang Li", base64.b64encode(b"plain text").decode()),
            ("Wang Li", svg),
        ):
            with self.assertRaises(UserError), self.cr.savepoint():
                self._sign(agreement, self.alpha_admin, name, image)
        self.assertEqual(agreement.state, "sent")

    def test_replaced_pdf_is_not_signed(self):
        agreement = self._send(self._create_agreement(self.alpha))
        agreement.pdf_attachment_id.raw = PDF + b"more"
        with self.assertRaises(UserError):
            self._sign(agreement, self.alpha_admin)
        self.assertTrue(agreement._evidence_faults())

    def test_tampering_shows(self):
        agreement = self._signed()
        row = agreement._evidence()[1]
        self.env.cr.execute(
            "UPDATE crm_signature_evidence SET name = 'Mallory' WHERE id = %s", (row.id,)
        )
        self.env.invalidate_all()
        self.assertIn("row 2", agreement._evidence_faults()[0])
        self.assertEqual(agreement.action_verify()["params"]["type"], "danger")

    def test_missing_row_shows(self):
        agreement = self._signed()
        self.env.cr.execute(
            "DELETE FROM crm_signature_evidence WHERE id = %s", (agreement._evidence()[0].id,)
        )
        self.env.invalidate_all()
        self.assertTrue(agreement._evidence_faults())

    def test_other_signature_shows(self):
        agreement = self._signed()
        self.env.cr.execute(
            "UPDATE crm_signature_evidence SET signature = 'AAAA' WHERE id = %s",
            (agreement._evidence()[1].id,),
        )
        self.env.invalidate_all()
        self.assertIn("signature", " ".join(agreement._evidence_faults()))

    def test_evidence_is_written_by_nobody(self):
        agreement = self._signed()
        row = agreement._evidence()[0]
        with self.assertRaises(UserError):
            row.name = "Mallory"
        with self.assertRaises(UserError):
            row.unlink()
        with self.assertRaises(AccessError):
            row.create({"res_model": agreement._name, "res_id": agreement.id, "kind": "signed"})
        with self.assertRaises(AccessError):
            row.with_user(self.programme).read(["name"])
        with self.assertRaises(AccessError, msg="our logins and addresses are not for partners"):
            agreement.with_user(self.alpha_admin).read(["evidence_html"])

    def test_hash_covers_what_happened(self):
        rows = self._signed()._evidence()
        payload = rows[1]._payload()
        self.assertEqual(
            {name: payload[name] for name in ("document", "seq", "kind", "side", "name", "user")},
            {
                "document": f"crm.partner.agreement,{rows[1].res_id}",
                "seq": 2,
                "kind": "signed",
                "side": "partner",
                "name": "Wang Li",
                "user": self.alpha_admin.id,
            },
        )
        self.assertEqual(rows[1].hash, chain.digest(payload, rows[0].hash))
        self.assertFalse(rows._first_broken())
        self.assertEqual((rows - rows[1])._first_broken(), rows[2], "a row is missing")

    def test_evidence_file_proves_itself(self):
        agreement = self._signed()
        content = agreement.with_user(self.channel)._evidence_zip()
        archive = zipfile.ZipFile(io.BytesIO(content))
        self.assertEqual(
            set(archive.namelist()), {"document.pdf", "signature-partner.png", "evidence.json"}
        )
        self.assertEqual(archive.read("document.pdf"), PDF)
        log = json.loads(archive.read("evidence.json"))["log"]
        self.assertEqual([row["event"] for row in log], ["frozen", "signed", "completed"])
        self.assertEqual(log[1]["previous_hash"], log[0]["hash"])
        with self.assertRaises(AccessError):
            agreement.with_user(self.seller)._evidence_zip()

    def test_back_to_draft_makes_void(self):
        agreement = self._send(self._create_agreement(self.alpha))
        agreement.action_draft()
        self.assertFalse(agreement.pdf_sha256)
        self.assertEqual(agreement._evidence().mapped("kind"), ["frozen", "invalidated"])
        with self.assertRaises(UserError):
            self._sign(agreement, self.alpha_admin)
        self._send(agreement)
        self._sign(agreement, self.alpha_admin)
        self.assertFalse(agreement._evidence_faults())
        with self.assertRaises(UserError):
            agreement.unlink()

    def test_fields_are_locked(self):
        agreement = self._send(self._create_agreement(self.alpha))
        for values in (
            {"state": "signed"},
            {"body": "<p>x</p>"},
            {"pdf_sha256": "0"},
            {"partner_id": self.beta.id},
            {"date_to": self.today + timedelta(days=9999)},
        ):
            with self.assertRaises(UserError):
                agreement.with_user(self.programme).write(values)
        forged = self.env["crm.partner.agreement"].create(
            {
                "partner_id": self.beta.id,
                "template_id": agreement.template_id.id,
                "company_id": self.company.id,
                "state": "signed",
                "signed_by": "Nobody",
            }
        )
        self.assertEqual((forged.state, forged.signed_by), ("draft", False))

    def test_one_open_agreement_per_text(self):
        text = self._create_text()
        self._create_agreement(self.alpha, text)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            self._create_agreement(self.alpha, text)

    def test_declined(self):
        agreement = self._send(self._create_agreement(self.alpha, user_id=self.channel.id))
        agreement.with_user(self.alpha_admin).sudo()._decline("Wrong company name")
        self.assertEqual(agreement.state, "declined")
        self.assertEqual(agreement.activity_ids.user_id, self.channel)
        self.assertEqual(agreement._evidence()[-1].detail, "Wrong company name")

    def test_rights_on_records(self):
        agreement = self._create_agreement(self.alpha)
        portal = self.env["crm.partner.agreement"].with_user(self.alpha_admin)
        self.assertNotIn(agreement, portal.search([]))
        self._send(agreement)
        self.assertIn(agreement, portal.search([]))
        self.assertNotIn(agreement, portal.with_user(self.beta_admin).search([]))
        with self.assertRaises(AccessError):
            portal.with_user(self.alpha_sales).search([])
        with self.assertRaises(AccessError):
            portal.browse(agreement.id).write({"user_id": False})
        self.assertNotIn(agreement, portal.with_user(self.stranger).search([]))
        with self.assertRaises(AccessError):
            portal.with_user(self.seller).search([])

    def test_daily_job(self):
        over, ending, poisoned = self._signed(), self._signed_by("beta"), self._signed_by("gamma")
        unlocked(over).write(
            {"date_from": self.today - timedelta(days=9), "date_to": self.today - timedelta(days=1)}
        )
        unlocked(ending | poisoned).date_to = self.today + timedelta(days=10)
        model = self.env.registry["crm.partner.agreement"]
        original = model._remind

        def remind(document, today):
            if document == poisoned:
                raise ZeroDivisionError("poisoned")
            return original(document, today)

        logger = "odoo.addons.crm_partner.models.crm_partner_agreement"
        with patch.object(model, "_remind", remind), self.assertLogs(logger, "ERROR"):
            with self.enter_registry_test_mode():
                self.env.ref("crm_partner.ir_cron_partner_agreement").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(over.state, "expired")
        self.assertEqual(ending.reminded_on, self.today)
        self.assertFalse(poisoned.reminded_on)

    def _signed_by(self, key):
        text = self._create_text(name=f"Agreement {key}")
        agreement = self._send(self._create_agreement(getattr(self, key), text))
        self._sign(agreement, getattr(self, f"{key}_admin"))
        return agreement

    def test_renewal_takes_the_newest_text(self):
        agreement = self._signed()
        agreement.template_id.action_new_version()
        renewed = agreement.browse(agreement.action_renew()["res_id"])
        self.assertEqual(renewed.template_id.version, 2)
        self.assertEqual(renewed.date_from, agreement.date_to + timedelta(days=1))

    def test_printed_pdf(self):
        agreement = self._create_agreement(self.alpha)
        agreement._fill()
        html = self.env["ir.actions.report"]._render_qweb_html(
            "crm_partner.report_agreement", agreement.ids
        )[0]
        self.assertIn(b"Alpha Reseller", html)
        self.assertIn(agreement.name.encode(), html)
