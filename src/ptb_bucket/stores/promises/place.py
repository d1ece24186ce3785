"""An empty place on which a promise is tried, and the error that says how a store broke it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ptb_bucket.errors import StoreError
    from ptb_bucket.stores.base import BlobStore

__all__ = ["BrokenPromiseError", "Place", "expect", "expect_equal", "expect_error", "items"]

_T = TypeVar("_T")
_SHOWN = 200
"""The most characters of a value in a message: a listing may be long."""


class BrokenPromiseError(AssertionError):
    """A store broke a promise. pytest reports it as a failure; ``ptb-bucket verify`` as a line of its report."""


class Place(ABC):
    """An empty place for objects, with stores and with a side door.

    Results are verified through the side door, because a store cannot vouch for itself. The kit's side doors use other
    code than the store. That of ``ptb-bucket verify`` is another store of the same kind.
    """

    deletes_if: bool | None = True
    """True if objects can be deleted on the condition of their ETag, False if that must be refused, None if either."""

    @abstractmethod
    def open(self) -> BlobStore:
        """Return another store on this place, independent of earlier ones."""

    @abstractmethod
    async def read_raw(self, key: str) -> bytes | None:
        """Return an object's bytes, None if there is none."""

    @abstractmethod
    async def write_raw(self, key: str, data: bytes) -> None:
        """Write an object unconditionally."""

    @abstractmethod
    async def keys_raw(self) -> list[str]:
        """Return the keys of all objects, in any order."""


def expect(kept: object, broken: str) -> None:
    """Check a condition.

    Args:
        kept: True if the promise is kept.
        broken: What happened otherwise, as a sentence without a full stop.

    Raises:
        BrokenPromiseError: It is not kept.
    """
    if not kept:
        raise BrokenPromiseError(broken)


def expect_equal(found: object, expected: object, what: str) -> None:
    """Check that two values are equal.

    Args:
        found: The value that the store returned.
        expected: The value that it promised.
        what: The value's name.

    Raises:
        BrokenPromiseError: They differ.
    """
    if found != expected:
        raise BrokenPromiseError(f"{what} should be {_shown(expected)} but is {_shown(found)}")


@contextmanager
def expect_error(error: type[StoreError], broken: str, *, key: str | None = None) -> Iterator[None]:
    """Check that a block raises an error.

    Args:
        error: The error.
        broken: What happened if it does not raise, as a sentence without a full stop.
        key: The key that the error must name; None for any.

    Raises:
        BrokenPromiseError: The block ended without this error.
    """
    try:
        yield
    except error as raised:
        expect(key is None or raised.key == key, f"the error names the key {raised.key!r} instead of {key!r}")
    else:
        raise BrokenPromiseError(broken)


async def items(iterator: AsyncIterator[_T]) -> list[_T]:
    """Return all items of a listing."""
    return [item async for item in iterator]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text):,} characters)"
