"""Resolvers, which decide about values that two instances changed."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import field
from typing import Any, Final

from ptb_bucket._dataclass import dataclass

__all__ = ["MISSING", "Conflict", "Missing", "Resolver", "add_differences", "keep_ours", "keep_theirs"]


class Missing(enum.Enum):
    """The type of :data:`MISSING`."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING
"""Stands in a conflict for a value that one side does not have."""


@dataclass(frozen=True)
class Conflict:
    """A value that both sides changed since they last agreed, and that cannot be merged by its structure.

    Args:
        record: The record that contains it, such as ``user_data[42]``.
        path: The dict keys, attribute names and list positions that lead to it. For a list element with an element key,
            that key stands for the position.
        base: The value that both sides started from; ``MISSING`` if there was none.
        ours: This instance's value; ``MISSING`` if it deleted it.
        theirs: The bucket's value; ``MISSING`` if it was deleted there.
    """

    record: str
    path: tuple[Any, ...]
    base: Any = field(repr=False)
    ours: Any = field(repr=False)
    theirs: Any = field(repr=False)


Resolver = Callable[[Conflict], Any]
"""Decides a conflict: returns the value that stays, or ``MISSING`` to delete it. It is called synchronously, and maybe
more than once for one conflict, so it must be pure. It decides every value without parts that both sides changed, also
if both changed it to the same value, or created it with the same value (two equal counts are two changes)."""


def keep_ours(conflict: Conflict) -> Any:
    """Let the later commit win, and an edit win over a deletion. This is the default.

    >>> keep_ours(Conflict("user_data[42]", ("city",), base="Rome", ours="Oslo", theirs="Bern"))
    'Oslo'
    >>> keep_ours(Conflict("user_data[42]", ("city",), base="Rome", ours=MISSING, theirs="Bern"))
    'Bern'
    """
    return conflict.theirs if conflict.ours is MISSING else conflict.ours


def keep_theirs(conflict: Conflict) -> Any:
    """Let the earlier commit win, and an edit win over a deletion.

    >>> keep_theirs(Conflict("user_data[42]", ("city",), base="Rome", ours="Oslo", theirs="Bern"))
    'Bern'
    """
    return conflict.ours if conflict.theirs is MISSING else conflict.theirs


def add_differences(conflict: Conflict) -> Any:
    """Add up the differences of a counter (5 → 6 here and 5 → 7 there make 8); for other values, :func:`keep_ours`.

    Passed as ``resolver=add_differences``, it adds up every number that both sides changed, ages and
    timestamps included. To count only counters::

        def resolver(conflict):
            return add_differences(conflict) if conflict.path[-1:] == ("hits",) else keep_ours(conflict)

    A number that both sides created counts from 0: two handlers that do ``data["n"] = data.get("n", 0) + 1`` at once
    make 2.

    >>> add_differences(Conflict("user_data[42]", ("hits",), base=5, ours=6, theirs=7))
    8
    >>> add_differences(Conflict("user_data[42]", ("hits",), base=MISSING, ours=1, theirs=1))
    2
    """
    ours, theirs = conflict.ours, conflict.theirs
    base = 0 if conflict.base is MISSING else conflict.base
    if all(_is_number(value) for value in (base, ours, theirs)):
        return theirs + (ours - base)
    return keep_ours(conflict)


def _is_number(value: Any) -> bool:
    """Tell whether a value is a number. A bool is a switch, not a count."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
