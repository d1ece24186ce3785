"""Credentials that cannot be read: an SDK looks for them in files and programs, and raises what those raise."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import re

__all__ = ["credentials_unreadable"]

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
