from odoo.tests import HttpCase, tagged

from .common_merge import MergeCase


@tagged("post_install", "-at_install")
class TestMergeTour(MergeCase, HttpCase):
    """What a data administrator clicks through, in English and in Chinese."""

    def _follow(self, lang):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.manager.lang = lang
        partners = self.env["res.partner"].create(
            [
                {"name": "Tour Hongtai A", "phone": "+86 21 5555 0001", "city": "Shanghai"},
                {"name": "Tour Hongtai B", "email": "b@tour.example.com"},
            ]
        )
        self.start_tour("/odoo/contacts", "crm_merge_tour", login=self.manager.login)
        self.env.invalidate_all()
        merge = self.env["crm.merge"].search([("partner_ids", "in", partners.ids)])
        self.assertEqual(merge.state, "undone")
        self.assertEqual(partners.mapped("active"), [True, True])
        self.assertEqual(partners.mapped("email"), [False, "b@tour.example.com"])

    def test_merge_and_undo(self):
        self._follow("en_US")

    def test_merge_and_undo_in_chinese(self):
        self._follow("zh_CN")
