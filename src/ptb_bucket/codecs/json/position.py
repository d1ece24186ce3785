"""The place of an encoder in a record: the path to it, the value that was stored there before, and what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.types import TOO_DEEP, attribute, guarded

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.errors import CannotStoreError

__all__ = ["NOTHING", "Hole", "RecordPosition", "element_before", "member_before"]

_STEPS_SHOWN: Final = 8
_MOST_ERRORS: Final = 50

NOTHING: Final = object()
"""The absence of a value: where none is stored, and none was stored before."""

Hole = tuple[Any, ...]
"""The place of a member: for each level its step, and the number of the member. Ids of containers would not do, because
some containers are copies that are made anew each time."""


class RecordPosition:
    """The member that is being encoded.

    Args:
        holes: The values to store in place of members that cannot be stored; None to leave nothing out.
        before: The value that was stored before in place of the record.

    Attributes:
        before: The value that was stored before in place of the member.
        new_holes: The members that cannot be stored, and that :attr:`holes` does not have yet.
        errors: The refusals so far, each with its path.
    """

    def __init__(self, holes: dict[Hole, Any] | None = None, before: Any = NOTHING) -> None:
        self.holes = holes
        self.before = before
        self.new_holes: dict[Hole, Any] = {}
        self.errors: list[CannotStoreError] = []
        self._outer: list[Any] = []
        self._steps: list[str] = []
        self._place: list[Any] = []

    def enter(self, step: str, number: int, before: Any = NOTHING) -> None:
        """Go to a member.

        Args:
            step: Its step in the path; empty if the path does not name it.
            number: A number that distinguishes it from members with the same step.
            before: The value that was stored there before.
        """
        self._outer.append(self.before)
        self._steps.append(step)
        self._place.append((step or None, number))
        self.before = before

    def leave(self) -> None:
        """Return to the container."""
        self._steps.pop()
        self._place.pop()
        self.before = self._outer.pop()

    def refuse(self, exc: CannotStoreError) -> None:
        """Note that a part of the member cannot be stored.

        Args:
            exc: The refusal, with the path from the member on.
        """
        exc.path = (*filter(None, self._steps), *exc.path)
        if len(exc.path) > _STEPS_SHOWN and exc.reason == TOO_DEEP:
            exc.path = (*exc.path[:_STEPS_SHOWN], "...")
        if len(self.errors) < _MOST_ERRORS:
            self.errors.append(exc)

    def filled(self, member: Any) -> Any:
        """Return the member, or the value that is stored in its place; the places in that value are different ones.

        Args:
            member: The member at this place.
        """
        if not self.holes or (hole := tuple(self._place)) not in self.holes:
            return member
        self._place[-1] = (hole, NOTHING)
        return self.holes[hole]

    def leave_out(self) -> None:
        """Note that the member cannot be stored. The earlier value stays; if that cannot be stored either, nothing."""
        place, number = self._place[-1]
        is_filled = number is NOTHING
        self.new_holes[place if is_filled else tuple(self._place)] = NOTHING if is_filled else self.before


def member_before(before: Any, key: Any, step: Callable[[object], str]) -> Any:
    """Return the value that was stored before under a key or an attribute.

    Args:
        before: The container as it was stored before.
        key: The key, or the name of the attribute.
        step: The function that names the step; :func:`attribute` for attributes.
    """
    try:
        if step is attribute:
            return NOTHING if before is NOTHING else guarded(getattr, before, key, NOTHING)
        return dict.get(before, key, NOTHING) if issubclass(type(before), dict) else NOTHING
    except Exception:  # noqa: BLE001  the code of a key ran
        return NOTHING


def element_before(before: Any, number: int, value: Any) -> Any:
    """Return the element that was stored before in a list, if the list has as many elements as then.

    Args:
        before: The list as it was stored before.
        number: The index of the element.
        value: The list now.
    """
    same_kind = type(before) is type(value) and type(value) in (list, tuple)
    return before[number] if same_kind and len(before) == len(value) else NOTHING
