import json

import pytest

from tools.errors import SuiteError
from tools.manifests import Addons
from tools.results import Result
from tools.runner import hoot_result, select


@pytest.fixture
def repository(workspace, add_addon):
    add_addon("crm_a", {"tests/test_a.py": "", "static/tests/a.test.js": ""})
    add_addon("crm_b", {"tests/test_b.py": ""}, depends=["crm_a"])
    add_addon("crm_demo", {"tests/test_demo.py": ""}, depends=["crm_b"])
    for name in ("tools", "stories", "demo", "benchmarks"):
        folder = workspace.root / "tests" / name
        folder.mkdir(parents=True)
        (folder / f"test_{name}.py").write_text("")
    return workspace


def chosen(repository, *paths):
    return select(repository.root, Addons(repository.addons), paths)


def below(repository, paths):
    return sorted(path.replace(f"{repository.root}/", "") for path in paths)


def test_nothing_named_means_everything(repository):
    selection = chosen(repository)
    assert selection.everything
    assert below(repository, selection.odoo) == ["addons/crm_a", "addons/crm_b", "tests/stories"]
    assert below(repository, selection.demo) == ["addons/crm_demo", "tests/demo"]
    assert below(repository, selection.plain) == ["tests/tools"]
    assert selection.hoot == {"crm_a"}
    assert selection.addons == {"crm_a", "crm_b"}


def test_an_addon_needs_only_itself(repository):
    selection = chosen(repository, "addons/crm_b")
    assert selection.addons == {"crm_b"}
    assert not (selection.demo or selection.plain or selection.hoot or selection.everything)


def test_one_method_of_one_file(repository):
    selection = chosen(repository, "addons/crm_b/tests/test_b.py::TestB::test_c")
    assert below(repository, selection.odoo) == ["addons/crm_b/tests/test_b.py::TestB::test_c"]


def test_a_story_needs_all_addons(repository):
    assert chosen(repository, "tests/stories/test_stories.py").addons == {"crm_a", "crm_b"}


def test_a_javascript_file_runs_in_the_browser(repository):
    selection = chosen(repository, "addons/crm_a/static/tests/a.test.js")
    assert selection.hoot == {"crm_a"} and not selection.odoo


def test_a_whole_folder(repository):
    assert below(repository, chosen(repository, "addons").demo) == ["addons/crm_demo"]


@pytest.mark.parametrize("path", ["addons/crm_none", "nowhere", "tests/benchmarks", "/etc"])
def test_a_path_without_tests_is_refused(repository, path):
    with pytest.raises(SuiteError):
        chosen(repository, path)


def write_report(path, **values):
    report = {
        "passed": 0, "failed": 0, "skipped": 0, "loose": [], "failures": [], "skips": [], **values
    }  # fmt: skip
    path.write_text(json.dumps(report))


def test_counts_of_pytest(tmp_path):
    path = tmp_path / "report.json"
    write_report(path, passed=3, skipped=1)
    result = Result.from_pytest(path, 0, "addons")
    assert result.closing_line() == "3 passed, 0 failed, 1 skipped"


def test_a_log_line_outside_of_any_test_fails_the_run(tmp_path):
    path = tmp_path / "report.json"
    write_report(path, passed=3, loose=["WARNING x: y"])
    assert Result.from_pytest(path, 1, "addons").failed == 1


@pytest.mark.parametrize("code", [2, 3, 4, 139])
def test_a_pytest_that_broke_off_is_a_failure(tmp_path, code):
    assert Result.from_pytest(tmp_path / "none.json", code, "addons").failed == 1
    path = tmp_path / "report.json"
    write_report(path, passed=3)
    assert Result.from_pytest(path, code, "addons").failed == 1


def test_javascript_that_never_started_is_a_failure():
    assert hoot_result("crm_a", "").failed == 1
    assert hoot_result("crm_a", "0 failed, 0 error(s) of 1 tests").failed == 1
    assert (
        hoot_result("crm_a", "[HOOT] Passed 3 tests\n1 failed, 0 error(s) of 1 tests").failed == 1
    )
