"""Instances of unknown classes, kept in their stored form, so that an edit of other values loses nothing."""

from __future__ import annotations

from typing import Any

from ptb_bucket.codecs.types import Identified, fingerprint, same

__all__ = ["UnknownInstance"]


class UnknownInstance(Identified):
    """A value whose class is unknown. It is encoded in its stored form, and merges as a whole.

    Args:
        name: The name of its class in documents.
        payload: Its stored payload.
    """

    __slots__ = ("name", "payload")

    def __init__(self, name: str, payload: Any) -> None:
        self.name = name
        self.payload = payload

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnknownInstance) and self.name == other.name and same(self.payload, other.payload)

    def __hash__(self) -> int:
        return hash((self.name, fingerprint(self.payload)))

    def __repr__(self) -> str:
        return f"<{self.name}>"
