"""Arguments of ours, each checked where it is passed: what is wrong is told before the bot starts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.sealing import Sealing

if TYPE_CHECKING:
    from ptb_bucket.state import Resolver

__all__ = [
    "checked_count",
    "checked_interval",
    "checked_resolver",
    "checked_sealing",
    "checked_seconds",
    "checked_spool_dir",
]


def checked_seconds(name: str, seconds: float | None, *, above_zero: bool = False) -> float:
    """A number of seconds.

    Raises:
        ConfigurationError: It is negative, zero where that will not do, or no number.
    """
    number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not number or not (seconds > 0 if above_zero else seconds >= 0):  # type: ignore[operator]
        bound = "more than 0" if above_zero else "0 or more"
        raise ConfigurationError(f"{name}={seconds!r}: expected a number of seconds, {bound}.")
    return float(seconds)  # type: ignore[arg-type]


def checked_count(name: str, number: int) -> int:
    """A number of things, 1 or more.

    Raises:
        ConfigurationError: It is none.
    """
    if type(number) is not int or number < 1:
        raise ConfigurationError(f"{name}={number!r}: expected a whole number, 1 or more.")
    return number


def checked_interval(seconds: float) -> float:
    """The update interval, refused where PTB would never rest.

    Raises:
        ConfigurationError: It is not a positive number.
    """
    try:
        return checked_seconds("update_interval", seconds, above_zero=True)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{error} PTB would save in an endless loop without a pause. Pass 60, or 1 to save almost at once."
        ) from None


def checked_sealing(sealing: Sealing | None) -> Sealing:
    """How documents are sealed; what is not said comes from the environment.

    Raises:
        ConfigurationError: It is something else, or the environment holds no good keys.
    """
    if sealing is None:
        return Sealing()
    if not isinstance(sealing, Sealing):
        raise ConfigurationError("sealing: expected ptb_bucket.Sealing(...).")
    return sealing


def checked_resolver(resolver: Resolver) -> Resolver:
    """A resolver.

    Raises:
        ConfigurationError: It cannot be called.
    """
    if not callable(resolver):
        raise ConfigurationError("resolver: expected a function that takes a Conflict, such as ptb_bucket.keep_ours.")
    return resolver


def checked_spool_dir(where: str | os.PathLike[str] | None) -> Path | None:
    """The spool's directory; absolute from the start, so that a later change of directory does not move it.

    Raises:
        ConfigurationError: It is no path.
    """
    if where is None:
        return None
    if not isinstance(where, (str, os.PathLike)) or not os.fspath(where):
        raise ConfigurationError(f"spool_dir: expected the path of a local directory, not {type(where).__name__}.")
    return Path(where).absolute()
