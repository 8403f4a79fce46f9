import ast
from collections import defaultdict
from pathlib import Path

from odoo.tests import BaseCase, tagged

SHARED = {"_prepare_partner_home_values", "_prepare_home_portal_values"}


@tagged("-at_install", "post_install")
class TestPortalNames(BaseCase):
    def test_no_controller_hides_a_method_of_another(self):
        """Odoo makes one class of all controllers of the portal: a name may stand only once."""
        places = defaultdict(list)
        folder = Path(__file__).resolve().parent.parent / "controllers"
        for file in sorted(folder.glob("*.py")):
            for item in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(item, ast.ClassDef):
                    for method in item.body:
                        if isinstance(method, ast.FunctionDef) and method.name not in SHARED:
                            places[method.name].append(file.name)
        self.assertGreater(len(places), 50)
        twice = {name: files for name, files in places.items() if len(files) > 1}
        self.assertFalse(twice)
