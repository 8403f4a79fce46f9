from datetime import timedelta
from unittest.mock import patch

from dateutil.relativedelta import relativedelta
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common_programme import ProgrammeCase


@tagged("-at_install", "post_install")
class TestPartnerCertificate(ProgrammeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_people()

    def test_validity(self):
        certificate = self._certify(self.alpha, confirm=False)
        issued = certificate.date_from
        self.assertEqual(certificate.date_to, issued + relativedelta(months=24, days=-1))
        self.assertFalse(certificate.is_valid)
        certificate.with_user(self.channel).action_confirm()
        self.assertTrue(certificate.is_valid)
        self.assertEqual(certificate.confirmed_by_id, self.channel)
        self.assertIn(certificate, certificate.search([("is_valid", "=", True)]))
        certificate.date_to = self.today - timedelta(days=1)
        self.assertTrue(certificate.is_expired)
        self.assertFalse(certificate.is_valid)
        self.assertNotIn(certificate, certificate.search([("is_valid", "=", True)]))
        self.assertIn(certificate, certificate.search([("is_valid", "=", False)]))
        self.engineer.validity_months = 0
        self.assertFalse(self._certify(self.beta).date_to)

    def test_refusing_and_revoking_need_a_reason(self):
        certificate = self._certify(self.alpha, confirm=False)
        with self.assertRaises(UserError):
            certificate.action_refuse()
        certificate.reason = "Picture cannot be read"
        certificate.action_refuse()
        certificate.action_confirm()
        self.assertFalse(certificate.reason)
        with self.assertRaises(UserError):
            certificate.action_revoke()
        with self.assertRaises(UserError):
            certificate.unlink()
        certificate.reason = "Left the company"
        certificate.action_revoke()
        self.assertFalse(certificate.is_valid)

    def test_state_is_changed_by_buttons_only(self):
        certificate = self._certify(self.alpha, confirm=False)
        with self.assertRaises(UserError):
            certificate.state = "confirmed"
        forged = certificate.create(
            {
                "partner_id": self.alpha.id,
                "person_id": certificate.person_id.id,
                "certification_id": self.engineer.id,
                "state": "confirmed",
            }
        )
        self.assertEqual(forged.state, "proposed")

    def test_person_belongs_to_the_partner(self):
        with self.assertRaises(ValidationError):
            self._certify(self.alpha, confirm=False, person_id=self._create_person(self.beta).id)

    def test_same_number_twice(self):
        self._certify(self.alpha, number="A-1")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            self._certify(self.beta, number="A-1")

    def test_rights(self):
        certificate = self._certify(self.alpha, confirm=False)
        with self.assertRaises(AccessError):
            certificate.with_user(self.seller).action_confirm()
        found = self.env["crm.partner.certificate"].with_user(self.stranger).search([])
        self.assertNotIn(certificate, found)

    def _remind(self):
        with self.enter_registry_test_mode():
            self.env.ref("crm_partner.ir_cron_partner_certificate").method_direct_trigger()
        self.env.invalidate_all()

    def test_reminder_once(self):
        soon, later = self._certify(self.alpha, 2)
        soon.date_to = self.today + timedelta(days=30)
        later.date_to = self.today + timedelta(days=31)
        mails = self.env["mail.mail"].search([])
        self._remind()
        self.assertEqual(soon.reminded_on, self.today)
        self.assertFalse(later.reminded_on)
        sent = self.env["mail.mail"].search([]) - mails
        self.assertEqual(len(sent), 1)
        self.assertIn(soon.person_id, sent.recipient_ids)
        self._remind()
        self.assertEqual(self.env["mail.mail"].search([]) - mails, sent)
        # a new end is reminded of again
        soon.date_to = self.today + timedelta(days=20)
        self.assertFalse(soon.reminded_on)

    def test_poisoned_reminder_stops_nobody(self):
        poisoned, other = self._certify(self.alpha, 2)
        (poisoned | other).write({"date_to": self.today + timedelta(days=5)})
        model = self.env.registry["crm.partner.certificate"]
        original = model._remind

        def remind(certificate, template):
            if certificate == poisoned:
                raise ZeroDivisionError("poisoned")
            return original(certificate, template)

        with patch.object(model, "_remind", remind):
            self._remind()
        self.assertEqual(poisoned.remind_error, "poisoned")
        self.assertFalse(other.remind_error)
        self.assertEqual(other.reminded_on, self.today)
