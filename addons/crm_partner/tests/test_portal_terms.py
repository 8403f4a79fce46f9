import re
from pathlib import Path

from odoo.tests import BaseCase, tagged

ADDON = Path(__file__).resolve().parent.parent
ALIAS = re.compile(r"^\s*(?!_ )\w+ = [\w.]*\benv\._$", re.MULTILINE)


@tagged("post_install", "-at_install")
class TestPortalTerms(BaseCase):
    def test_terms_are_found_by_the_export(self):
        """The export of terms reads calls of ``_`` only: under another name nothing is found."""
        for path in sorted(ADDON.glob("[cmw]*/*.py")):
            with self.subTest(path.name):
                self.assertIsNone(ALIAS.search(path.read_text()))
