"""Why a stored value cannot be loaded here, and what to do about it. Nothing of the value is quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfoNotFoundError

from ptb_bucket.codecs.types.declared import qualified
from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from ptb_bucket.codecs.types.shape import Shape

__all__ = ["failure", "lacking"]

_LONGEST_NAME: Final = 80

_PACKAGES: Final = {
    "dateutil": "python-dateutil",
    "numpy": "numpy",
    "pydantic": "pydantic",
    "pydantic_core": "pydantic",
    "pytz": "pytz",
}
"""The libraries whose values are stored without registration, and what installs them."""


def lacking(exc: Exception) -> CannotLoadError | None:
    """Return the error for a value that is whole, but needs something that is not installed; None if that is not it.

    Args:
        exc: What was raised when the value was made.
    """
    if isinstance(exc, ZoneInfoNotFoundError):
        return CannotLoadError(
            "a stored zone cannot be loaded: there is no time zone of that name on this machine. Install or upgrade "
            "tzdata (pip install -U tzdata), or correct the stored value with 'ptb-bucket set'"
        )
    package = _PACKAGES.get((exc.name or "").partition(".")[0]) if isinstance(exc, ImportError) else None
    if package is None:
        return None
    return CannotLoadError(f"a stored value of {package} cannot be loaded: install {package} (pip install {package})")


def failure(name: str, shape: Shape | None, exc: Exception) -> CannotLoadError:
    """Return the error for a value that could not be made.

    Args:
        name: What documents call its type.
        shape: The shape of its class, if it was registered.
        exc: What was raised.
    """
    if (missing := lacking(exc)) is not None:
        return missing
    if shape is not None and shape.is_risky:
        return CannotLoadError(
            f"a stored {qualified(shape.cls)} cannot be loaded: its own code raised {type(exc).__name__}. Correct "
            "the class, or the stored value with 'ptb-bucket set'"
        )
    return CannotLoadError(f"a stored {name[:_LONGEST_NAME]} is damaged ({type(exc).__name__})")
