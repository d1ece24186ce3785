"""Unknown sections, which a newer ptb-bucket wrote. Every commit keeps them unchanged. Misspelt names are refused."""

from __future__ import annotations

from typing import Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import CorruptDocumentError
from ptb_bucket.state.records import Kind
from ptb_bucket.stores import closest

__all__ = ["HEADER", "KNOWN", "UnknownSections", "Untouched", "check_name", "named"]

HEADER: Final = "ptb_bucket"
"""The name of the member with the header of a document."""

KNOWN: Final = frozenset(kind.value for kind in Kind)
"""The names of the sections whose records this library reads."""

_LIKE: Final = 0.8
"""The similarity from which on a name counts as a misspelt known one. One wrong letter in ``bot_data`` gives 0.88."""

_SHOWN: Final = 80


@dataclass(frozen=True)
class Untouched:
    """An unknown section as it is stored in the document. It is written back byte for byte."""

    data: bytes
    frames: int = 0
    """The number of its frames; 0 in a JSON document."""


UnknownSections = dict[str, Untouched]


def check_name(name: object) -> None:
    """Refuse a section whose name looks like a typo of a known one: a bot must not start empty because of a typo.

    Raises:
        CorruptDocumentError: The name looks misspelt, and the message suggests the right one; or it is a second header.
    """
    if type(name) is not str:
        raise CorruptDocumentError("the document contains a section name that is not a string")
    if name == HEADER:
        raise CorruptDocumentError(f"the document contains {name!r} twice")
    if meant := closest(name, KNOWN, _LIKE):
        raise CorruptDocumentError(
            f"the document contains the unknown section {name[:_SHOWN]!r}. Did you mean {meant!r}?"
        )


def named(sections: UnknownSections) -> str:
    """Return the names of unknown sections for a message."""
    return ", ".join(repr(name[:_SHOWN]) for name in sections)
