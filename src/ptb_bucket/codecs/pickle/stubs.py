"""Stubs in place of the objects that a pickle would make, so that its structure can be read without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typing_extensions import Self

__all__ = ["InspectionStub", "stub_for"]


class InspectionStub:
    """An object that keeps what an instance of the named class would be given. ``made``, if set, collects the stubs."""

    named: tuple[str, str]
    made: list[InspectionStub] | None = None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    state: Any
    members: list[Any]
    pairs: list[tuple[Any, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Keep the arguments of the constructor."""
        made = super().__new__(cls)
        made.args, made.kwargs, made.state, made.members, made.pairs = args, kwargs, None, [], []
        if cls.made is not None:
            cls.made.append(made)
        return made

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def extend(self, members: Iterable[Any]) -> None:
        """Keep members of a list."""
        self.members += members

    def append(self, member: Any) -> None:
        """Keep a member of a list or a set."""
        self.members.append(member)

    add = append

    def __setitem__(self, key: Any, value: Any) -> None:
        self.pairs.append((key, value))


def stub_for(module: str, name: str, made: list[InspectionStub] | None = None) -> type[InspectionStub]:
    """Return a class of stubs for one name in a pickle. Nothing is imported.

    Args:
        module: The module that the pickle names.
        name: The name in the module.
        made: A list that collects the stubs.
    """
    return type("InspectionStub", (InspectionStub,), {"named": (module, name), "made": made})
