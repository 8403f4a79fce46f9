from odoo.tests import HttpCase, tagged

from .common import DemoCase


@tagged("post_install", "-at_install")
class TestTourD1(DemoCase, HttpCase):
    """An accountant follows the deal of the story in the browser, to the cent."""

    def test_english(self):
        self.follow("en_US")

    def test_chinese(self):
        self.follow("zh_CN")

    def follow(self, lang):
        """Open the opportunity as the accountant and follow the deal in a language."""
        self.users["wu"].lang = lang
        lead = self.story_order().opportunity_id
        self.start_tour(f"/odoo/crm.lead/{lead.id}", "crm_demo_story_d1_tour", login="wu")
