"""Tests that only errors of the search for credentials count as unreadable credentials."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ptb_bucket.stores import credentials_unreadable

HERE, ELSEWHERE = re.compile(re.escape(__name__)), re.compile("elsewhere")


def raised(work):
    """Return the error that a function raises, with its traceback."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  any: the tests say which
        work()
    return caught.value


def refuse():
    raise ConnectionRefusedError


def wait():
    raise TimeoutError


@pytest.mark.parametrize(
    ("work", "unreadable"),
    [
        (Path("/nowhere/token").read_bytes, True),
        (Path(__file__).parent.read_bytes, True),
        (b"\xff".decode, True),
        (lambda: json.loads("junk"), True),
        (lambda: [].get("token"), True),
        (lambda: {}["token"], True),
        (refuse, False),
        (wait, False),
        (lambda: 1 / 0, False),
    ],
)
def test_files_and_their_contents_are_told_from_the_network(work, unreadable):
    assert credentials_unreadable(raised(work), HERE) is unreadable
    assert not credentials_unreadable(raised(work), ELSEWHERE)


def test_an_error_that_was_not_raised_has_no_origin():
    assert not credentials_unreadable(FileNotFoundError(2, "x"), HERE)
