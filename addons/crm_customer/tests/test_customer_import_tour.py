from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common_import import ImportCase


@tagged("post_install", "-at_install")
class TestCustomerImportTour(ImportCase, HttpCase):
    """The main path in the browser: check, import, look at what was refused, undo."""

    @mute_logger("odoo.models.unlink")
    def test_tour(self):
        document = self.create_import(
            "Name,E-mail,City\nTour one,tour1@b.example,Wuxi\nTour two,tour2,Wuxi\n",
        )
        document.name = "Tour fair"
        self.start_tour("/odoo/customer-imports", "crm_customer_import", login=self.seller.login)
        self.assertEqual(document.state, "undone")
        self.assertEqual(document.row_ids.mapped("result"), ["created", "refused"])
        self.assertFalse(self.find("Tour one"))
