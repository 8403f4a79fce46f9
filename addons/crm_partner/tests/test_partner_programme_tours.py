from odoo.tests import HttpCase, tagged

from .common_programme import ProgrammeCase


@tagged("-at_install", "post_install")
class TestProgrammeTours(HttpCase, ProgrammeCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._create_portal_users()
        cls._create_people()

    def test_partner_signs_in_the_portal(self):
        agreement = self._send(self._create_agreement(self.alpha))
        self.start_tour("/my/partner", "crm_partner_sign", login=self.alpha_admin.login)
        self.assertEqual(agreement.state, "signed")
        self.assertFalse(agreement._evidence_faults())

    def test_administrator_reviews_the_levels(self):
        self._certify(self.gamma, 2)
        self._buy(self.gamma, 230000)
        self.start_tour("/odoo/partner-reviews", "crm_partner_review", login=self.programme.login)
        self.assertEqual(self.gamma.grade_id, self.gold)
        self.assertEqual(self.beta.level_grace_until > self.today, True)
