"""Reading and checking of URI options that several providers have. Errors name a wrong option, not its value."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "agreed",
    "check_endpoint",
    "check_seconds",
    "closest",
    "credentials_unreadable",
    "did_you_mean",
    "read_options",
]

_T = TypeVar("_T")
_SWITCH: Final = {"1": True, "true": True, "0": False, "false": False}


def read_options(cls: Callable[..., _T], given: Mapping[str, str], **more: Any) -> _T:
    """Make a provider's dataclass of settings from the options of a URI, by the types of its fields.

    Args:
        cls: The dataclass; its fields are strings, numbers of seconds (``float``) and switches (``bool``).
        given: The options; their names have been checked.
        more: Further fields, with their values.

    Raises:
        ConfigurationError: A value is invalid.
    """
    kinds = {field.name: str(field.type) for field in fields(cls)}  # type: ignore[arg-type]  # a dataclass, as asked
    readers = {"float": _number, "bool": _switch}
    read = {name: readers[kinds[name]](name, text) if kinds[name] in readers else text for name, text in given.items()}
    return cls(**read, **more)


def agreed(name: str, argument: _T | None, option: _T | None) -> _T | None:
    """Return the argument, or else the URI's option; None if neither was given.

    Raises:
        ConfigurationError: Both were given, and they differ.
    """
    if argument is not None and option is not None and argument != option:
        raise ConfigurationError(
            f"{name}={argument!r} was passed, but the URI has {name}={option}. Remove one of the two."
        )
    return option if argument is None else argument


def closest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known name that a misspelt one resembles most, or None.

    Args:
        name: The misspelt name. Case does not matter; dashes and spaces count as underscores.
        known: The correct names.
        likeness: From 0 (anything will do) to 1 (the same).
    """
    plain = name.strip().casefold().replace("-", "_").replace(" ", "_")
    import difflib  # noqa: PLC0415  only for a wrong name

    return next(iter(difflib.get_close_matches(plain, sorted(known), 1, likeness)), None)


def did_you_mean(names: Iterable[str], known: Iterable[str]) -> str:
    """Return a space and a sentence that suggests known names for unknown ones; empty if none is similar."""
    known = list(known)
    meant = dict.fromkeys(filter(None, (closest(name, known) for name in names)))
    return f" Did you mean {' and '.join(map(repr, meant))}?" if meant else ""


def check_seconds(name: str, seconds: float) -> None:
    """Check a time limit.

    Raises:
        ConfigurationError: It is not a number of seconds greater than 0.
    """
    if not 0 < seconds < float("inf"):
        raise ConfigurationError(f"{name} must be a number of seconds greater than 0.")


def check_endpoint(name: str, url: str) -> None:
    """Check the URL of a server.

    Raises:
        ConfigurationError: It is not a URL, or it contains credentials, a query or a fragment.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(f"{name} must be a URL such as https://storage.example:9000.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(f"{name} must not contain credentials, a query or a fragment. Remove them.")


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"{name} must be a number of seconds greater than 0.") from None


def _switch(name: str, text: str) -> bool:
    if text.lower() not in _SWITCH:
        raise ConfigurationError(f"{name} must be one of {', '.join(_SWITCH)}.")
    return _SWITCH[text.lower()]


_FILES: Final = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
_CONTENTS: Final = (ValueError, TypeError, AttributeError, LookupError)


def credentials_unreadable(error: Exception, modules: re.Pattern[str]) -> bool:
    """Return True if a built-in error means that a credentials file or program is missing or damaged.

    Nothing was sent in this case, and trying again does not help. A provider turns the error into an ``AccessError``
    about ``credentials``. The provider's own rules for other errors, such as those of the network, come first.

    Args:
        error: The SDK's error with its traceback.
        modules: Matches the names of the SDK's modules that look for credentials, and no module that sends requests.
    """
    kind = isinstance(error, _FILES) or (isinstance(error, _CONTENTS) and not isinstance(error, OSError))
    import traceback  # noqa: PLC0415  only for an error

    frames = traceback.walk_tb(error.__traceback__) if kind else ()
    return any(modules.match(frame.f_globals.get("__name__", "")) for frame, _ in frames)
