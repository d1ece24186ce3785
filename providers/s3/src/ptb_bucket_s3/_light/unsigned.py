"""A request before it is signed, and the encoding of keys and queries."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from ptb_bucket.stores import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Unsigned", "encoded", "query"]


@dataclass(frozen=True)
class Unsigned:
    """A request before it is signed.

    Args:
        method: Such as ``PUT``.
        origin: Scheme and host, with the port unless it is the scheme's own: ``https://bucket.s3.eu-west-1.amazonaws.com``.
        target: The path with its query, percent-encoded. It is sent exactly like this.
        headers: Headers of the caller, all of which are signed.
        body: The bytes, which are signed too.
    """

    method: str
    origin: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def encoded(key: str) -> str:
    """Return a key in the path of a URL. Slashes stay, also two in a row; nothing is normalised."""
    return quote(key, safe="/~")


def query(arguments: Mapping[str, str]) -> str:
    """Return a query in the order and encoding in which it is signed."""
    return urlencode(sorted(arguments.items()), quote_via=quote, safe="~")
