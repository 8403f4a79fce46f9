"""Work on .po files; runs with the virtual environment's Python, which has polib.

``python -m tools.po_files check|update FOLDER ADDON…`` where FOLDER holds the freshly exported
``ADDON.pot``. Prints one problem a line and never fails: the caller judges.
"""

import re
import sys
from pathlib import Path

import polib

LANGUAGE = "zh_CN"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sdifr]|%[sdifr]|\{(\w*)\}|</?(\w+)")
#: Metadata that changes with every export though nothing else does.
DATES = ("POT-Creation-Date", "PO-Revision-Date")


def placeholders(text):
    """Everything in a term that a translation must keep.

    >>> placeholders('%(name)s owes <b>%s</b>')
    ['%(name)s', '%s', '</b', '<b']
    """
    return sorted((match[0] for match in PLACEHOLDER.finditer(text)), key=_placeholder_key)


def _placeholder_key(text):
    return (not text.startswith("%"), text)


def entries(po):
    """Terms with what they are for, which must be the same in two current files."""
    return {
        entry.msgid: (entry.comment, sorted(set(entry.occurrences)))
        for entry in po
        if not entry.obsolete
    }


class AddonFiles:
    """The translation files of one addon."""

    def __init__(self, addons, exported, name):
        self.name = name
        self.fresh = polib.pofile(str(exported / f"{name}.pot"))
        self.folder = addons / name / "i18n"
        self.pot = self.folder / f"{name}.pot"
        self.po = self.folder / f"{LANGUAGE}.po"

    def problems(self):
        if not self.pot.exists():
            return [f"{self.name}: i18n/{self.name}.pot is missing"] if len(self.fresh) else []
        problems = []
        if entries(polib.pofile(str(self.pot))) != entries(self.fresh):
            problems.append(f"{self.name}: i18n/{self.name}.pot is not current")
        if not self.po.exists():
            return [*problems, f"{self.name}: i18n/{LANGUAGE}.po is missing"]
        return problems + list(self._problems_of_language())

    def _problems_of_language(self):
        known = {entry.msgid: entry for entry in polib.pofile(str(self.po)) if not entry.obsolete}
        for term in self.fresh:
            entry = known.get(term.msgid)
            short = term.msgid if len(term.msgid) < 60 else term.msgid[:57] + "…"
            if entry is None or not entry.msgstr:
                yield f"{self.name}: {LANGUAGE} lacks {short!r}"
            elif entry.fuzzy:
                yield f"{self.name}: {LANGUAGE} is fuzzy for {short!r}"
            elif placeholders(entry.msgstr) != placeholders(entry.msgid):
                yield f"{self.name}: {LANGUAGE} has other placeholders or tags for {short!r}"
        for msgid in known.keys() - {term.msgid for term in self.fresh}:
            yield f"{self.name}: {LANGUAGE} translates {msgid[:60]!r}, which is no longer there"

    def update(self, memory):
        """Write the .pot and bring the language's file up to it.

        :param memory: translations of the same terms in other addons of ours
        """
        self.folder.mkdir(exist_ok=True)
        if not self.pot.exists() or entries(polib.pofile(str(self.pot))) != entries(self.fresh):
            self.fresh.save(str(self.pot))
        old = polib.pofile(str(self.po)) if self.po.exists() else polib.POFile()
        known = {entry.msgid: entry for entry in old if not entry.obsolete}
        new = polib.POFile(wrapwidth=78)
        new.header = self.fresh.header
        new.metadata = {**self.fresh.metadata, **old.metadata, "Language": LANGUAGE}
        for term in self.fresh:
            entry = polib.POEntry(
                msgid=term.msgid, comment=term.comment, occurrences=term.occurrences
            )
            if term.msgid in known:
                entry.msgstr, entry.flags = known[term.msgid].msgstr, known[term.msgid].flags
            entry.msgstr = entry.msgstr or memory.get(term.msgid, "")
            new.append(entry)
        if not self.po.exists() or str(new) != self.po.read_text(encoding="utf-8"):
            new.save(str(self.po))


def translation_memory(addons):
    memory = {}
    for path in sorted(addons.glob(f"*/i18n/{LANGUAGE}.po")):
        for entry in polib.pofile(str(path)):
            if entry.translated() and not entry.obsolete:
                memory.setdefault(entry.msgid, entry.msgstr)
    return memory


def main(action, exported, addons, *names):
    exported, addons = Path(exported), Path(addons)
    files = [AddonFiles(addons, exported, name) for name in names]
    if action == "update":
        memory = translation_memory(addons)
        for each in files:
            each.update(memory)
    for each in files:
        for problem in each.problems():
            print(problem)


if __name__ == "__main__":
    main(*sys.argv[1:])
