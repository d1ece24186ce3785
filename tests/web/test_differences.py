"""The differences of two values: the places, and that no change is hidden by an equality of Python or by a label."""

from __future__ import annotations

import pytest

from ptb_bucket.web.tree import differences


def places(before, after):
    return [(one.place, one.word) for one in differences(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ('{"a":1,"b":2}', '{"b":2,"a":1}', []),
        ('{"vip":1}', '{"vip":true}', [("vip", "changed")]),
        ('{"price":[1,2]}', '{"price":[1.0,2]}', [("price[0]", "changed")]),
        ('{"$set":[0,2]}', '{"$set":[false,2]}', [("", "removed"), ("", "added")]),
        ('{"$null":1,"None":2}', '{"$null":3,"None":2}', [("[null]", "changed")]),
        ('{"$null":1,"None":2}', '{"None":2}', [("[null]", "removed")]),
        ('{"a":{"$tuple":[1,2]}}', '{"a":[1,2]}', [("a", "changed")]),
        ("[1,2,3]", "[1,3]", [("[1]", "removed")]),
        (None, "1", [("", "added")]),
        ("1", None, [("", "removed")]),
        (None, None, []),
    ],
)
def test_each_place_that_differs_is_found(before, after, found):
    assert places(before, after) == found
