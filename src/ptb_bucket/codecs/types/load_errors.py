"""Errors about stored values that cannot be loaded here. They quote at most names of members and fields."""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfoNotFoundError

from ptb_bucket._wording import RESTORE
from ptb_bucket.errors import CannotLoadError

__all__ = [
    "NewerTelegramError",
    "UnknownClassError",
    "class_changed",
    "load_error",
    "missing_dependency",
    "newer_telegram",
    "qualified",
    "record_changed",
    "unregistered",
]

_LONGEST_NAME: Final = 80


class UnknownClassError(CannotLoadError):
    """The stored value is intact, but its class is not registered here."""


class NewerTelegramError(CannotLoadError):
    """The stored object is intact, but this python-telegram-bot lacks its class."""


def unregistered(name: str) -> UnknownClassError:
    """Return the error for a stored value whose class is not registered here.

    Args:
        name: The name that the document has for the class.
    """
    name = name[:_LONGEST_NAME]
    return UnknownClassError(
        f"the class {name} is not registered. Register it with BucketPersistence(..., types=[{name}]). If the "
        f"class was renamed, keep the old name for its stored data: types=[StoredAs(NewName, name={name!r})]"
    )


def newer_telegram() -> NewerTelegramError:
    """Return the error for an object whose class came with a later python-telegram-bot."""
    return NewerTelegramError(
        "a stored Telegram object requires a newer version of python-telegram-bot. Upgrade python-telegram-bot"
    )


def qualified(cls: type) -> str:
    """Return a class's name for messages: with its module, so that two classes of one name can be told apart.

    Args:
        cls: The class.
    """
    return f"{cls.__qualname__.rpartition('<locals>.')[2]} (module {cls.__module__})"


def class_changed(cls: type, reason: str) -> CannotLoadError:
    """Return the error for stored data that no longer fits its class.

    Args:
        cls: The class as it is now.
        reason: What does not fit.
    """
    return CannotLoadError(f"a stored {qualified(cls)} {reason}. Deploy a version of the class that can {_OR_SET}")


def record_changed(exc: Exception) -> CannotLoadError:
    """Return the error for a record that no longer fits its classes, if it is unknown which of them has changed.

    Args:
        exc: The exception that was raised.
    """
    return CannotLoadError(
        f"the classes of the stored data have changed ({type(exc).__name__}). Deploy versions that can {_OR_SET}"
    )


_OR_SET: Final = (
    "read the data, or change the stored value with 'ptb-bucket set'. The stored data is left unchanged until then"
)

_PACKAGES: Final = {
    "dateutil": "python-dateutil",
    "numpy": "numpy",
    "pydantic": "pydantic",
    "pydantic_core": "pydantic",
    "pytz": "pytz",
}
"""The libraries whose values are stored without registration, and the packages that install them."""


def missing_dependency(exc: Exception) -> CannotLoadError | None:
    """Return the error for an intact value that needs something that is not installed; None for any other failure.

    Args:
        exc: The exception that was raised while the value was made.
    """
    if isinstance(exc, ZoneInfoNotFoundError):
        return CannotLoadError(
            "a stored time zone was not found on this machine. Install or upgrade tzdata (pip install -U tzdata), "
            "or fix the stored value with 'ptb-bucket set'"
        )
    package = _PACKAGES.get((exc.name or "").partition(".")[0]) if isinstance(exc, ImportError) else None
    if package is None:
        return None
    return CannotLoadError(f"the package {package} is not installed. Run: pip install {package}")


def load_error(name: str, author_class: type | None, exc: Exception) -> CannotLoadError:
    """Return the error for a value that could not be made.

    Args:
        name: The name that documents have for its type.
        author_class: Its class, if code of the class's author runs when an instance is made.
        exc: The exception that was raised.
    """
    if (missing := missing_dependency(exc)) is not None:
        return missing
    if author_class is not None:
        return CannotLoadError(
            f"the code of {qualified(author_class)} raised {type(exc).__name__}. Fix the class, or change the "
            "stored value with 'ptb-bucket set'"
        )
    return CannotLoadError(f"a stored {name[:_LONGEST_NAME]} is damaged ({type(exc).__name__}). {RESTORE}")
