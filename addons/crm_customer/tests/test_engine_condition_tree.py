import doctest
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.crm_customer.engine import condition_tree


def outlines(depth=3):
    leaf = st.booleans()
    return st.recursive(
        leaf,
        lambda sub: st.tuples(
            st.sampled_from(condition_tree.GROUPS), st.lists(sub, min_size=1, max_size=4)
        ),
        max_leaves=12,
    )


def flatten(tree, level=0):
    if isinstance(tree, bool):
        return [(tree, level, "")]
    operator, children = tree
    return [(None, level, operator)] + [row for one in children for row in flatten(one, level + 1)]


def truth(tree):
    if isinstance(tree, bool):
        return tree
    operator, children = tree
    found = [truth(one) for one in children]
    return {"all": all(found), "any": any(found), "none": not any(found)}[operator]


@given(outlines())
def test_outline_keeps_the_meaning_of_a_tree(tree):
    assert condition_tree.evaluate(condition_tree.build(flatten(tree)), bool) == truth(tree)


def test_no_condition_is_refused():
    with pytest.raises(condition_tree.OutlineError) as caught:
        condition_tree.build([])
    assert (caught.value.reason, caught.value.row) == ("empty", None)


def test_order_puts_the_referred_first():
    assert condition_tree.order({1: [2, 3], 2: [3], 3: [9]}) == [3, 2, 1]


def test_doctests():
    module = sys.modules[condition_tree.__name__]
    assert doctest.testmod(module, optionflags=doctest.IGNORE_EXCEPTION_DETAIL).failed == 0
