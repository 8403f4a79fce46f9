"""Counts of all runners, added up."""

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Result:
    """What a runner found: how many passed, failed, were skipped, and which."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)
    skips: list = field(default_factory=list)

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures
        self.skips += other.skips
        return self

    @property
    def ran(self):
        return self.passed + self.failed

    @classmethod
    def check(cls, name, problems):
        """One check that passes when there are no problems."""
        if problems:
            return cls(failed=1, failures=[name])
        return cls(passed=1)

    @classmethod
    def from_pytest(cls, path, exit_code, name):
        """Read the file that ``tools.pytest_suite`` wrote.

        A run that ended before it could write one is a failure of its own.
        """
        path = Path(path)
        if not path.exists():
            return cls(failed=1, failures=[f"{name}: pytest ended with exit code {exit_code}"])
        report = json.loads(path.read_text())
        result = cls(
            report["passed"],
            report["failed"],
            report["skipped"],
            report["failures"],
            report["skips"],
        )
        if report["loose"]:
            result += cls(failed=1, failures=[f"{name}: server log outside of any test"])
        if exit_code not in (0, 1, 5) or (exit_code == 1 and not result.failed):
            result += cls(failed=1, failures=[f"{name}: pytest ended with exit code {exit_code}"])
        return result

    def closing_line(self):
        """
        >>> Result(3, 0, 1).closing_line()
        '3 passed, 0 failed, 1 skipped'
        """
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"
