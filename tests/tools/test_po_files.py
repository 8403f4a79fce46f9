import polib
import pytest

from tools.po_files import AddonFiles, placeholders


@pytest.fixture
def files(tmp_path):
    """An addon with two exported terms and the translations a test gives it."""

    def make(translations, fuzzy=()):
        exported, addons = tmp_path / "exported", tmp_path / "addons"
        exported.mkdir(exist_ok=True)
        (addons / "crm_a").mkdir(parents=True, exist_ok=True)
        pot = polib.POFile()
        pot.append(polib.POEntry(msgid="Order", comment="module: crm_a"))
        pot.append(polib.POEntry(msgid="%(name)s owes <b>%s</b>", comment="module: crm_a"))
        pot.save(str(exported / "crm_a.pot"))
        result = AddonFiles(addons, exported, "crm_a")
        result.update({})
        po = polib.pofile(str(result.po))
        for entry in po:
            entry.msgstr = translations.get(entry.msgid, "")
            entry.flags = ["fuzzy"] if entry.msgid in fuzzy else []
        po.save()
        return result

    return make


COMPLETE = {"Order": "订单", "%(name)s owes <b>%s</b>": "%(name)s 欠 <b>%s</b>"}


def test_complete(files):
    assert files(COMPLETE).problems() == []


def test_missing_and_fuzzy(files):
    problems = files({"Order": "订单"}, fuzzy=["Order"]).problems()
    assert len(problems) == 2
    assert "fuzzy" in problems[0] and "lacks" in problems[1]


def test_placeholders_and_tags_must_survive(files):
    problems = files({**COMPLETE, "%(name)s owes <b>%s</b>": "欠 <b>%s</b>"}).problems()
    assert len(problems) == 1 and "placeholders" in problems[0]


def test_update_keeps_translations_and_drops_what_is_gone(files):
    addon = files(COMPLETE)
    po = polib.pofile(str(addon.po))
    po.append(polib.POEntry(msgid="Gone", msgstr="没了"))
    po.save()
    assert "no longer there" in addon.problems()[0]
    addon.update({})
    assert addon.problems() == []
    assert "订单" in addon.po.read_text(encoding="utf-8")


def test_update_fills_in_what_another_addon_says(files):
    addon = files({})
    addon.update({"Order": "订单"})
    assert [problem for problem in addon.problems() if "'Order'" in problem] == []


def test_a_pot_that_is_out_of_date_is_told(files):
    addon = files(COMPLETE)
    pot = polib.pofile(str(addon.pot))
    pot.append(polib.POEntry(msgid="Old"))
    pot.save()
    assert "not current" in addon.problems()[0]


def test_placeholders_of_all_kinds():
    assert set(placeholders("{0} {name} %d %(x)s <a href='#'>y</a>")) == {
        "{0}", "{name}", "%d", "%(x)s", "<a", "</a",
    }  # fmt: skip
