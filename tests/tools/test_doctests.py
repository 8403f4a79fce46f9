"""Examples in the docstrings of tools/."""

import doctest
import importlib
from pathlib import Path

import pytest

import tools

#: needs Odoo
NOT_HERE = {"bench_child"}
MODULES = sorted(path.stem for path in Path(tools.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("name", [name for name in MODULES if name not in NOT_HERE])
def test_examples(name):
    module = importlib.import_module("tools" if name == "__init__" else f"tools.{name}")
    assert doctest.testmod(module).failed == 0
