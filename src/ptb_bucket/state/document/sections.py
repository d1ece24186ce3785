"""Sections that a newer ptb-bucket wrote: they pass through every commit untouched, and are never taken for a typo."""

from __future__ import annotations

from typing import Final, NamedTuple

from ptb_bucket.errors import CorruptDocumentError
from ptb_bucket.state.records import Kind
from ptb_bucket.stores import closest

__all__ = ["HEADER", "KNOWN", "UnknownSections", "Untouched", "check_name", "named"]

HEADER: Final = "ptb_bucket"
"""Where a document's header stands."""

KNOWN: Final = frozenset(kind.value for kind in Kind)
"""The names of the sections whose records this library reads."""

_LIKE: Final = 0.8
"""How similar to one of ours a name has to be to count as misspelt. One wrong letter in ``bot_data`` gives 0.88."""

_SHOWN: Final = 80


class Untouched(NamedTuple):
    """An unknown section as it lies in the document, to be written back byte for byte."""

    data: bytes
    frames: int = 0
    """How many frames it has; a JSON document does not count them."""


UnknownSections = dict[str, Untouched]


def check_name(name: object) -> None:
    """Refuse a section whose name looks like a misspelt one of ours: a bot must not start with nothing because of it.

    Raises:
        CorruptDocumentError: It does, and the message says which one was meant; or it is a second header.
    """
    if type(name) is not str:
        raise CorruptDocumentError("it has a section whose name is not text")
    if name == HEADER:
        raise CorruptDocumentError(f"it has {name!r} twice")
    if meant := closest(name, KNOWN, _LIKE):
        raise CorruptDocumentError(f"it has the section {name[:_SHOWN]!r}. Did you mean {meant!r}?")


def named(sections: UnknownSections) -> str:
    """The names of unknown sections, as messages list them."""
    return ", ".join(repr(name[:_SHOWN]) for name in sections)
