"""Decisions of a merge that are counted and logged, because the structure of the values did not decide them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ptb_bucket.state.merge.matching import Position

if TYPE_CHECKING:
    from ptb_bucket.state.merge.objects import Path

__all__ = [
    "GUARDED",
    "KEPT_BOTH",
    "MAY_HAVE_MOVED_AWAY",
    "REMOVED",
    "REPLACED",
    "REPLACED_AND_LOST",
    "RESOLVED",
    "Choice",
]

RESOLVED: Final = "both sides changed the same value, so the resolver decided"
REMOVED: Final = "an element was changed on one side and removed on the other, so it stays removed"
KEPT_BOTH: Final = (
    "an element was changed on one side and removed on the other, which added a similar one, so both are kept"
)
MAY_HAVE_MOVED_AWAY: Final = (
    "an element is gone from its place on both sides, and a similar one was added, so the added one is kept"
)
REPLACED: Final = "an object that one side changed was replaced by the other; the change is now in its replacement"
REPLACED_AND_LOST: Final = (
    "an object that one side changed was replaced with something else on the other, so the change is lost"
)
GUARDED: Final = "an object cannot be copied, so changes that the other side made inside it may be lost"

_LONGEST_STEP: Final = 40


class Choice(NamedTuple):
    """A decision at one place of a record.

    Attributes:
        path: The steps to the place.
        what: The outcome, for logs.
        other: A second place that the decision is about.
    """

    path: Path
    what: str = RESOLVED
    other: Path | None = None

    def places(self, record: str) -> list[str]:
        """Return the places for logs: keys that are names or numbers, others by their type alone."""
        paths = [self.path] if self.other is None else [self.path, self.other]
        return [record + "".join(map(_shown, path)) for path in paths]


def _shown(step: Any) -> str:
    if type(step) is str and step.isidentifier() and len(step) <= _LONGEST_STEP:
        return f'["{step}"]'
    return f"[{step:d}]" if type(step) in (int, Position) else f"[<{type(step).__qualname__}>]"
