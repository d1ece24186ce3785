"""Layouts, which decide which records share a document."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state.records import BOT_DATA, HANDLED, OWNERS, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["EXTENSIONS", "LAYOUTS", "Layout", "escaped", "is_name", "open_layout", "recognise", "unescaped"]

EXTENSIONS = {".json": "json", ".pkl": "pickle"}
"""The codec of a document by the extension of its key."""


class Layout(Protocol):
    """A rule that says which document holds a record. Keys are relative to the prefix and have no extension."""

    name: str

    lazy: bool
    """True if each record has its own document, read when it is needed. Only a listing shows all documents."""

    root: str
    """The folder of the documents that only a listing shows; empty if all keys are known."""

    def key(self, record: Record) -> str:
        """Return the key of the document that holds a record."""

    def keys(self, kinds: Iterable[Kind]) -> list[str]:
        """Return the keys of the documents to load at start for these kinds of data."""

    def folders(self, kinds: Iterable[Kind]) -> list[str]:
        """Return the folders below the root with documents of these kinds of data."""

    def homes(self, kind: Kind) -> tuple[Kind, ...]:
        """Return the first of :meth:`kinds` for each kind of document that may hold this kind of data."""

    def kinds(self, key: str) -> tuple[Kind, ...]:
        """Return the kinds of data in a document with this key; none if no document of this layout has such a key."""

    def record(self, key: str) -> Record | None:
        """Return the record after which a document with this key is named; None if the key does not tell it."""


class Single:
    """A layout with one document: one read, one write, one consistent state."""

    name = "single"
    lazy = False
    root = ""

    def key(self, record: Record) -> str:  # noqa: ARG002  the same for each
        """Return ``state``."""
        return "state"

    def keys(self, kinds: Iterable[Kind]) -> list[str]:
        """Return ``state``."""
        return ["state"] if any(True for _ in kinds) else []

    def folders(self, kinds: Iterable[Kind]) -> list[str]:  # noqa: ARG002  the same for each
        """Return no folders: all keys are known."""
        return []

    def homes(self, kind: Kind) -> tuple[Kind, ...]:
        """Return the kind."""
        return (kind,)

    def kinds(self, key: str) -> tuple[Kind, ...]:
        """Return all kinds for ``state``."""
        return tuple(Kind) if key == "state" else ()

    def record(self, key: str) -> Record | None:  # noqa: ARG002  the same for each
        """Return None: the document has all records."""
        return None


class PerType:
    """A layout with a document for each kind of data. Writes are smaller, but kinds can briefly be out of step."""

    name = "per-type"
    lazy = False
    root = ""

    def key(self, record: Record) -> str:
        """Return the name that PTB has for the kind of data."""
        return record.kind.value

    def keys(self, kinds: Iterable[Kind]) -> list[str]:
        """Return one key for each kind."""
        return [kind.value for kind in kinds]

    def folders(self, kinds: Iterable[Kind]) -> list[str]:  # noqa: ARG002  the same for each
        """Return no folders: all keys are known."""
        return []

    def homes(self, kind: Kind) -> tuple[Kind, ...]:
        """Return the kind."""
        return (kind,)

    def kinds(self, key: str) -> tuple[Kind, ...]:
        """Return the kind with this name."""
        return tuple(kind for kind in Kind if kind.value == key)

    def record(self, key: str) -> Record | None:  # noqa: ARG002  the same for each
        """Return None: the document has all records of a kind."""
        return None


class PerRecord:
    """A layout with a document for each record. The cost of an update does not depend on the number of records.

    Timers are stored in the document of their owner, so that one write ends an occurrence and saves what it did.

    A key is ``records/user_data/1f/42``. Two digits of a digest spread the keys of a kind over 256 prefixes.
    """

    name = "per-record"
    lazy = True
    root = "records/"

    def key(self, record: Record) -> str:
        """Return the kind, the first digits of a digest, and the escaped ID; for a timer, those of its owner."""
        if record.kind is Kind.TIMER:
            record = record.timer[0]
        name = escaped(record.id)
        return f"{self.root}{record.kind.value}/{_spread(name)}/{name}"

    def keys(self, kinds: Iterable[Kind]) -> list[str]:
        """Return the keys of the documents that every update needs."""
        wanted = {home for kind in kinds for home in self.homes(kind)}
        return [self.key(record) for record in (BOT_DATA, HANDLED) if record.kind in wanted]

    def folders(self, kinds: Iterable[Kind]) -> list[str]:
        """Return one folder for each kind. Timers are in the folders of their owners."""
        return list(dict.fromkeys(f"{self.root}{home.value}/" for kind in kinds for home in self.homes(kind)))

    def homes(self, kind: Kind) -> tuple[Kind, ...]:
        """Return the kinds of owners for timers, and else the kind itself."""
        return OWNERS if kind is Kind.TIMER else (kind,)

    def kinds(self, key: str) -> tuple[Kind, ...]:
        """Return the kind whose folder contains the key, and timers if its records can own some."""
        kind, _, rest = key.removeprefix(self.root).partition("/")
        spread, _, name = rest.partition("/")
        if not key.startswith(self.root) or not is_name(name) or spread != _spread(name):
            return ()
        return _IN_FOLDER.get(kind, ())

    def record(self, key: str) -> Record | None:
        """Return the record that a valid key names; None if its ID is long, so that only the document contains it."""
        kind, _, name = key.removeprefix(self.root).split("/")
        return None if name.startswith(_LONG) else Record(Kind(kind), unescaped(name))


_IN_FOLDER: Final = {
    kind.value: (kind, Kind.TIMER) if kind in OWNERS else (kind,) for kind in Kind if kind is not Kind.TIMER
}


def _spread(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:2]


LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (Single(), PerType(), PerRecord())}


def open_layout(name: str) -> Layout:
    """Return the layout with this name.

    Raises:
        ConfigurationError: It does not exist; the message lists all layouts.
    """
    if name not in LAYOUTS:
        raise ConfigurationError(f"Unknown layout {name!r}. Choose one of: {', '.join(LAYOUTS)}.")
    return LAYOUTS[name]


def recognise(key: str) -> tuple[str, str] | None:
    """Return the layout and the codec of a document with this key; None if no layout has such a key."""
    for ending, codec in EXTENSIONS.items():
        stem = key.removesuffix(ending)
        if stem != key:
            for layout in LAYOUTS.values():
                if layout.kinds(stem):
                    return layout.name, codec
    return None


# Lower case only: some file systems do not tell "A" from "a". No dot: the codec's extension follows.
_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_,-")
_PLAIN_NAME: Final = re.compile("[a-z0-9_,-]{1,200}")
_EMPTY: Final = "="
_LONG: Final = "=="
_LONGEST: Final = 200
"""The most characters of a name; file systems allow 255 bytes, including the extension."""


def escaped(text: str) -> str:
    """Return the name for an ID. A long ID is named by its digest; then only the document contains the ID itself."""
    if _PLAIN_NAME.fullmatch(text):
        return text
    name = "".join(chr(byte) if byte in _PLAIN else f"={byte:02x}" for byte in text.encode()) or _EMPTY
    return name if len(name) <= _LONGEST else _LONG + sha256(text.encode()).hexdigest()


def is_name(name: str) -> bool:
    """Tell whether :func:`escaped` makes such a name."""
    if name.startswith(_LONG):
        return re.fullmatch("[0-9a-f]{64}", name[len(_LONG) :]) is not None
    try:
        return escaped(unescaped(name)) == name
    except UnicodeDecodeError:
        return False


def unescaped(name: str) -> str:
    """Return the ID for a name. The caller checks that :func:`escaped` would make the name."""
    if name == _EMPTY:
        return ""
    if "=" not in name:
        return name
    found = re.sub(rb"=([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), name.encode())
    return found.decode()
