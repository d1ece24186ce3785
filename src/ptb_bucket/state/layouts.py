"""Layouts: which records share a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state.records import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.state.records import Record

__all__ = ["LAYOUTS", "Layout", "open_layout", "recognise"]

EXTENSIONS = {".json": "json", ".pkl": "pickle"}


class Layout(Protocol):
    """Where records lie. Keys are relative to the prefix and carry no extension."""

    name: str

    def key(self, record: Record) -> str:
        """The document that holds ``record``."""

    def keys(self, kinds: Iterable[Kind]) -> list[str]:
        """The documents to load at start for these kinds of data."""


class Single:
    """Everything in one document: one read, one write, one consistent state."""

    name = "single"

    def key(self, record: Record) -> str:  # noqa: ARG002  the same for each
        """Always ``state``."""
        return "state"

    def keys(self, kinds: Iterable[Kind]) -> list[str]:
        """Always ``state``."""
        return ["state"] if any(True for _ in kinds) else []


class PerType:
    """One document for each kind of data: smaller writes, and kinds can differ by a moment."""

    name = "per-type"

    def key(self, record: Record) -> str:
        """Named like PTB's data."""
        return record.kind.value

    def keys(self, kinds: Iterable[Kind]) -> list[str]:
        """One for each kind."""
        return [kind.value for kind in kinds]


LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (Single(), PerType())}


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
                if stem in layout.keys(Kind):
                    return layout.name, codec
    return None
