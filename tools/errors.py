"""Failures that a person can act on."""


class SuiteError(Exception):
    """A step failed for a reason that we can name.

    ``what`` says which step failed, ``why`` what was found, ``remedy`` what to do about it.
    The command line prints the three and no traceback.
    """

    def __init__(self, what, why="", remedy=""):
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy

    def __str__(self):
        lines = [self.what]
        if self.why:
            lines.append(f"  why:  {self.why}")
        if self.remedy:
            lines.append(f"  then: {self.remedy}")
        return "\n".join(lines)
