import pytest

from tools.errors import SuiteError
from tools.manifests import Addons


def test_closure_puts_what_is_needed_first(workspace, add_addon):
    add_addon("crm_sales", depends=["crm_subledger", "sale_crm"])
    add_addon("crm_subledger", depends=["sale"])
    addons = Addons(workspace.addons)
    assert addons.closure(["crm_sales"]) == ["crm_subledger", "crm_sales"]
    assert addons.core_dependencies() == ["sale", "sale_crm"]
    assert addons.core_dependencies(["crm_subledger"]) == ["sale"]


def test_closure_refuses_a_circle(workspace, add_addon):
    add_addon("crm_a", depends=["crm_b"])
    add_addon("crm_b", depends=["crm_a"])
    with pytest.raises(SuiteError, match="crm_a -> crm_b -> crm_a"):
        Addons(workspace.addons).closure(["crm_a"])


def test_glue_comes_with_both_sides(workspace, add_addon):
    add_addon("crm_a", depends=["sale"])
    add_addon("crm_b", depends=["stock"])
    add_addon("crm_a_b", depends=["crm_a", "crm_b"], auto_install=True)
    add_addon("crm_a_stock", depends=["crm_a", "sale_stock"], auto_install=["crm_a", "sale_stock"])
    addons = Addons(workspace.addons)
    assert set(addons.with_glue(["crm_a"])) == {"crm_a", "crm_a_stock"}
    assert set(addons.with_glue(["crm_a", "crm_b"])) == {"crm_a", "crm_a_stock", "crm_b", "crm_a_b"}


def test_the_demonstration_company_is_left_out_unless_asked_for(workspace, add_addon):
    add_addon("crm_a")
    add_addon("crm_demo", depends=["crm_a"])
    add_addon("crm_after_demo", depends=["crm_demo"])
    addons = Addons(workspace.addons)
    assert addons.names() == ["crm_a"]
    assert addons.names(demo=True) == ["crm_a", "crm_after_demo", "crm_demo"]


def test_an_addon_that_is_not_installable_is_not_there(workspace, add_addon):
    add_addon("crm_old", installable=False)
    assert not Addons(workspace.addons).by_name


def test_digest_sees_what_is_installed_and_nothing_else(workspace, add_addon):
    folder = add_addon("crm_a", {"models/a.py": "x = 1", "tests/test_a.py": "1"})
    before = Addons(workspace.addons).digest(["crm_a"])

    for ignored in ("tests/test_b.py", "static/tests/a.test.js", "__pycache__/a.pyc", ".cache/x"):
        (folder / ignored).parent.mkdir(parents=True, exist_ok=True)
        (folder / ignored).write_text("2")
    assert Addons(workspace.addons).digest(["crm_a"]) == before

    (folder / "models/a.py").write_text("x = 2")
    assert Addons(workspace.addons).digest(["crm_a"]) != before


def test_a_broken_manifest_is_named(workspace, add_addon):
    folder = add_addon("crm_a")
    (folder / "__manifest__.py").write_text("{'name': ")
    with pytest.raises(SuiteError, match="manifest of crm_a"):
        Addons(workspace.addons)
