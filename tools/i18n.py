"""``./suite i18n``: exports the addons' terms, updates zh_CN and says what is missing."""

import json
import os
import shutil
import subprocess

from .errors import SuiteError
from .progress import Step, say
from .python_env import environment

EXPORT = """
from odoo.tools.translate import trans_export

for module in json.loads({names!r}):
    with open({folder!r} + "/" + module + ".pot", "wb") as target:
        if not trans_export(None, [module], target, "po", env):
            target.write(b'msgid ""\\nmsgstr ""\\n')
"""


class Translations:
    """Translation files of our addons, compared with what a database says they should hold."""

    def __init__(self, platform, databases):
        self.workspace = platform.workspace
        self.databases = databases

    def check(self, database, names):
        """Problems in words: missing, fuzzy or left-over terms, a .pot that is not current."""
        return self._work("check", database, names)

    def update(self, database, names):
        """Write .pot and zh_CN.po; the problems that a person has to solve remain."""
        return self._work("update", database, names)

    def _work(self, action, database, names):
        folder = self.workspace.folder("tmp", f"i18n-{os.getpid()}")
        try:
            with Step("Exporting terms") as step:
                code = "import json\n" + EXPORT.format(names=json.dumps(names), folder=str(folder))
                self.databases.script(database, code, what="Exporting terms", step=step)
            result = subprocess.run(
                [
                    self.workspace.python, "-m", "tools.po_files",
                    action, folder, self.workspace.addons, *names,
                ],
                cwd=self.workspace.root, env=environment(self.workspace),
                capture_output=True, text=True,
            )  # fmt: skip
        finally:
            shutil.rmtree(folder)
        if result.returncode:
            raise SuiteError("Reading the translation files failed.", result.stderr[-800:])
        return result.stdout.splitlines()


def command(platform, names, check):
    """``./suite i18n``.

    :return: exit code: 0 when zh_CN is complete and the .pot files are current
    """
    addons = platform.addons
    unknown = [name for name in names if name not in addons.by_name]
    if unknown:
        raise SuiteError(f"No such addon: {', '.join(unknown)}.", "", "name a folder of addons/")
    chosen = names or addons.names(demo=True)
    with platform.databases("test") as databases:
        base, _warnings = databases.base(addons, chosen)
        with databases.throw_away(base, "i18n") as database:
            translations = Translations(platform, databases)
            problems = (translations.check if check else translations.update)(database, chosen)
    for text in problems:
        say(text)
    say(f"{len(chosen)} addons, {len(problems)} problems")
    return 1 if problems else 0
