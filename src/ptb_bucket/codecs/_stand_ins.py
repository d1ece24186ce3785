"""Instances of whatever a pickle names, without running anything of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self

__all__ = ["StandIn"]


class StandIn:
    """Keeps what an instance of the named class would have been given; ``made``, where it is set, collects them."""

    named: tuple[str, str]
    made: list[StandIn] | None = None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    state: Any
    members: list[Any]
    pairs: list[tuple[Any, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        made = super().__new__(cls)
        made.args, made.kwargs, made.state, made.members, made.pairs = args, kwargs, None, [], []
        if cls.made is not None:
            cls.made.append(made)
        return made

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def extend(self, members: Iterable[Any]) -> None:
        """Keep what is appended to lists."""
        self.members += members

    def append(self, member: Any) -> None:
        """Keep one more."""
        self.members.append(member)

    add = append

    def __setitem__(self, key: Any, value: Any) -> None:
        self.pairs.append((key, value))
