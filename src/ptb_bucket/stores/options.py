"""URI options that several providers have: read and checked; what is wrong is named and not repeated."""

from __future__ import annotations

import difflib
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit
from ptb_bucket.errors import ConfigurationError
import traceback
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    import re

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
        given: The options; their names are known to be right.
        more: Further fields, as they are.

    Raises:
        ConfigurationError: A value is no good.
    """
    kinds = {field.name: str(field.type) for field in fields(cls)}  # type: ignore[arg-type]  # a dataclass, as asked
    readers = {"float": _number, "bool": _switch}
    read = {name: readers[kinds[name]](name, text) if kinds[name] in readers else text for name, text in given.items()}
    return cls(**read, **more)


def agreed(name: str, argument: _T | None, option: _T | None) -> _T | None:
    """What was said as an argument, or else in the URI; None if nothing was.

    Raises:
        ConfigurationError: Both were, and differ.
    """
    if argument is not None and option is not None and argument != option:
        raise ConfigurationError(f"{name}={argument!r} was passed, but the URI says {name}={option}. Say it once.")
    return option if argument is None else argument


def closest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known name that a misspelt one resembles most, or None.

    Args:
        name: As somebody wrote it. Case, and dashes or spaces instead of underscores, make no difference.
        known: The right names.
        likeness: From 0 (anything will do) to 1 (the same).
    """
    plain = name.strip().casefold().replace("-", "_").replace(" ", "_")
    return next(iter(difflib.get_close_matches(plain, sorted(known), 1, likeness)), None)


def did_you_mean(names: Iterable[str], known: Iterable[str]) -> str:
    """Return the sentence that suggests known names for unknown ones, after a space; empty if there is nothing like."""
    known = list(known)
    meant = dict.fromkeys(filter(None, (closest(name, known) for name in names)))
    return f" Did you mean {' and '.join(map(repr, meant))}?" if meant else ""


def check_seconds(name: str, seconds: float) -> None:
    """Check a limit of time.

    Raises:
        ConfigurationError: It is none.
    """
    if not 0 < seconds < float("inf"):
        raise ConfigurationError(f"{name} is a number of seconds greater than 0.")


def check_endpoint(name: str, url: str) -> None:
    """Check the URL of a server.

    Raises:
        ConfigurationError: It is none, or carries what does not belong there.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(f"{name} looks like https://storage.example:9000.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(f"{name} carries no credentials, query or fragment; remove them.")


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"{name} is a number of seconds greater than 0.") from None


def _switch(name: str, text: str) -> bool:
    if text.lower() not in _SWITCH:
        raise ConfigurationError(f"{name} is one of {', '.join(_SWITCH)}.")
    return _SWITCH[text.lower()]


_FILES: Final = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)
_CONTENTS: Final = (ValueError, TypeError, AttributeError, LookupError)


def credentials_unreadable(error: Exception, modules: re.Pattern[str]) -> bool:
    """Return whether a built-in error means that a file or program of credentials is missing or damaged.

    Nothing has been sent then, and asking again does not help: a provider makes it an ``AccessError`` about
    ``credentials``. Other errors, such as those of the network, are for the provider's own rules, which come first.

    Args:
        error: As the SDK raised it, with its traceback.
        modules: Matches the names of the SDK's modules that look for credentials, and none that sends requests.
    """
    kind = isinstance(error, _FILES) or (isinstance(error, _CONTENTS) and not isinstance(error, OSError))
    frames = traceback.walk_tb(error.__traceback__) if kind else ()
    return any(modules.match(frame.f_globals.get("__name__", "")) for frame, _ in frames)
