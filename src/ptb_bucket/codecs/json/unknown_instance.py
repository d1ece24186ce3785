"""Instances of classes that are not known here, kept as they are stored, so that an edit beside them loses nothing."""

from __future__ import annotations

from typing import Any

from ptb_bucket.codecs.types import Identified, fingerprint, same

__all__ = ["UnknownInstance"]


class UnknownInstance(Identified):
    """One value whose class is not known: it is encoded as it was, and merges as a whole.

    Args:
        name: How documents call its class.
        payload: What is stored of it.
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
