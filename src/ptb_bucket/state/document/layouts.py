"""Layouts: which records share a document."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Protocol
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state.records import BOT_DATA, HANDLED, Kind
import re
from typing import Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.state.records import Record

__all__ = ["EXTENSIONS", "LAYOUTS", "Layout", "escaped", "is_name", "open_layout", "recognise"]

EXTENSIONS = {".json": "json", ".pkl": "pickle"}
"""How a document's key ends → the codec of its records."""


class Layout(Protocol):
    """Where records lie. Keys are relative to the prefix and carry no extension."""

    name: str

    lazy: bool
    """Whether each record is a document of its own, read when it is needed. Only a listing shows all of them."""

    root: str
    """Where those documents lie whose keys only a listing shows; nothing if all keys are known."""

    def key(self, record: Record) -> str:
        """The document that holds ``record``."""

    def keys(self, kinds: Iterable[Kind]) -> list[str]:
        """The documents to load at start for these kinds of data."""

    def folders(self, kinds: Iterable[Kind]) -> list[str]:
        """Where below the root documents with these kinds of data lie."""

    def kinds(self, key: str) -> tuple[Kind, ...]:
        """What a document with this key holds; nothing if no document of this layout has such a key."""


class Single:
    """Everything in one document: one read, one write, one consistent state."""

    name = "single"
    lazy = False
    root = ""

    def key(self, record: Record) -> str:  # noqa: ARG002  the same for each
        """Always ``state``."""
        return "state"

    def keys(self, kinds: Iterable[Kind]) -> list[str]:
        """Always ``state``."""
        return ["state"] if any(True for _ in kinds) else []

    def folders(self, kinds: Iterable[Kind]) -> list[str]:  # noqa: ARG002  the same for each
        """None: all keys are known."""
        return []

    def kinds(self, key: str) -> tuple[Kind, ...]:
        """All of them."""
        return tuple(Kind) if key == "state" else ()


class PerType:
    """One document for each kind of data: smaller writes, and kinds can differ by a moment."""

    name = "per-type"
    lazy = False
    root = ""

    def key(self, record: Record) -> str:
        """Named like PTB's data."""
        return record.kind.value

    def keys(self, kinds: Iterable[Kind]) -> list[str]:
        """One for each kind."""
        return [kind.value for kind in kinds]

    def folders(self, kinds: Iterable[Kind]) -> list[str]:  # noqa: ARG002  the same for each
        """None: all keys are known."""
        return []

    def kinds(self, key: str) -> tuple[Kind, ...]:
        """The one that it is named like."""
        return tuple(kind for kind in Kind if kind.value == key)


class PerRecord:
    """A document for each chat, user, conversation and keyboard: the cost of an update does not depend on their number.

    ``records/user_data/1f/42``: the two digits of a digest spread a kind's keys over 256 prefixes.
    """

    name = "per-record"
    lazy = True
    root = "records/"

    def key(self, record: Record) -> str:
        """Its kind, a digest's first digits, its id."""
        name = escaped(record.id)
        return f"{self.root}{record.kind.value}/{_spread(name)}/{name}"

    def keys(self, kinds: Iterable[Kind]) -> list[str]:
        """What every update needs."""
        wanted = set(kinds)
        return [self.key(record) for record in (BOT_DATA, HANDLED) if record.kind in wanted]

    def folders(self, kinds: Iterable[Kind]) -> list[str]:
        """One for each kind."""
        return [f"{self.root}{kind.value}/" for kind in kinds]

    def kinds(self, key: str) -> tuple[Kind, ...]:
        """The one in whose folder it lies."""
        kind, _, rest = key.removeprefix(self.root).partition("/")
        spread, _, name = rest.partition("/")
        if not key.startswith(self.root) or not is_name(name) or spread != _spread(name):
            return ()
        return tuple(one for one in Kind if one.value == kind)


def _spread(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:2]


LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (Single(), PerType(), PerRecord())}


def open_layout(name: str) -> Layout:
    """The layout of that name.

    Raises:
        ConfigurationError: There is none; the message lists them.
    """
    if name not in LAYOUTS:
        raise ConfigurationError(f"There is no layout {name!r}. There are: {', '.join(LAYOUTS)}.")
    return LAYOUTS[name]


def recognise(key: str) -> tuple[str, str] | None:
    """The layout and the codec of a document with this key, or None if it is none of ours."""
    for ending, codec in EXTENSIONS.items():
        stem = key.removesuffix(ending)
        if stem != key:
            for layout in LAYOUTS.values():
                if layout.kinds(stem):
                    return layout.name, codec
    return None


# Lower case only: some file systems do not tell "A" from "a". No dot: the codec's extension follows.
_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_,-")
_EMPTY: Final = "="
_LONG: Final = "=="
_LONGEST: Final = 200
"""Characters of one name; file systems allow 255 bytes, extension included."""


def escaped(text: str) -> str:
    """Return the name for an id. One that would be too long is named by its digest: then only the document tells it."""
    name = "".join(chr(byte) if byte in _PLAIN else f"={byte:02x}" for byte in text.encode()) or _EMPTY
    return name if len(name) <= _LONGEST else _LONG + sha256(text.encode()).hexdigest()


def is_name(name: str) -> bool:
    """Return whether :func:`escaped` makes such names."""
    if name.startswith(_LONG):
        return re.fullmatch("[0-9a-f]{64}", name[len(_LONG) :]) is not None
    try:
        return escaped(_text(name)) == name
    except UnicodeDecodeError:
        return False


def _text(name: str) -> str:
    """The id that a name stands for, if it is one of ours; the caller compares."""
    if name == _EMPTY:
        return ""
    found = re.sub(rb"=([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), name.encode())
    return found.decode()
