"""Guards against code of a bot's author that raises, and against stored data that is damaged."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import CannotLoadError, CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ForeignCodeError", "check_collisions", "checked", "guarded"]


class ForeignCodeError(Exception):
    """Code of a bot's author raised. Only the kind of failure is kept: its message may contain data."""


def guarded(work: Callable[..., Any], *args: Any) -> Any:
    """Run code of a bot's author, which may raise anything.

    Args:
        work: The function to call.
        args: Its arguments.

    Returns:
        Its result.

    Raises:
        ForeignCodeError: It raised; the text is the name of the exception's class.
        CannotStoreError, CannotLoadError: As raised inside; they name their value already.
    """
    try:
        return work(*args)
    except (CannotStoreError, CannotLoadError, ForeignCodeError):
        raise
    except Exception as exc:  # noqa: BLE001  an author's code may raise anything
        raise ForeignCodeError(type(exc).__name__) from None


def checked(value: Any, *classes: type) -> Any:
    """Return part of a stored payload, if it is exactly of one of these classes.

    Args:
        value: The part.
        classes: The classes that it may have.

    Raises:
        TypeError: The document is damaged.
    """
    if type(value) not in classes:
        raise TypeError("payload")
    return value


_HARMLESS: Final = 64
"""So many keys cost little, even if all of them collide."""


def check_collisions(keys: list[Any]) -> None:
    """Refuse keys that were made to collide in a hash table: with a few thousand of them, every look-up takes long.

    Args:
        keys: The keys of one dict, or the members of one set.

    Raises:
        ValueError: More than 64 of them have one hash.
    """
    if len(keys) > _HARMLESS and max(Counter(map(hash, keys)).values()) > _HARMLESS:
        raise ValueError("colliding keys")
