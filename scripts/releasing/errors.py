"""The one error of a release."""

from __future__ import annotations

__all__ = ["ReleaseError"]


class ReleaseError(Exception):
    """A reason not to release. The message says what is wrong, in which file, and what to do."""
