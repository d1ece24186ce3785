"""Finding the way to a part, after pickle has said that it cannot be stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram import TelegramObject

from ptb_bucket.codecs._reduction import IrreducibleError, attributes, reduction
from ptb_bucket.codecs._refusals import attribute, item
from ptb_bucket.codecs._telegram import content

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["path_to"]

_ATOMS = frozenset({str, int, float, bool, type(None), bytes})


def path_to(whole: Any, part: object) -> tuple[str, ...]:
    """The steps to a part.

    Args:
        whole: Where to look.
        part: The very object to look for.

    Returns:
        The first path found, shortest first; empty if it is the whole, or made only while pickling.
    """
    level: list[tuple[tuple[str, ...], Any]] = [((), whole)]
    # The objects themselves are kept as well: some are made by taking others apart, and ids of the dead are reused.
    seen: dict[int, Any] = {}
    while level:
        below: list[tuple[tuple[str, ...], Any]] = []
        for path, value in level:
            if value is part:
                return path
            if type(value) not in _ATOMS and id(value) not in seen:
                seen[id(value)] = value
                below += [((*path, *steps), inner) for steps, inner in _parts(value)]
        level = below
    return ()


def _parts(value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (item(key),), inner
            yield (item(key),), key
    elif isinstance(value, list | tuple):
        yield from (((item(index),), inner) for index, inner in enumerate(value))
    elif isinstance(value, set | frozenset):
        yield from ((("{...}",), inner) for inner in value)
    if not isinstance(value, _PLAIN):
        yield from _parts_of_object(value)


_PLAIN = (str, int, float, bytes, bytearray, type)


def _parts_of_object(value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, TelegramObject):
        yield from (((attribute(name),), inner) for name, inner in content(value).items())
        return
    try:
        parts = reduction(value)
    except (IrreducibleError, RecursionError):
        return
    named = attributes(value, parts)
    if named is not None:
        yield from (((attribute(name),), inner) for name, inner in named.items())
        return
    yield from (((item(index),), inner) for index, inner in enumerate(parts.items))
    yield from (((), inner) for inner in parts.args)
    for state in parts.state if type(parts.state) is tuple else (parts.state,):
        if type(state) is dict:
            yield from (((attribute(name),), inner) for name, inner in state.items())
        else:
            yield (), state
