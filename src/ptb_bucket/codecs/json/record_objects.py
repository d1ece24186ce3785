"""The objects of one record while it is encoded: which were visited, and which occur again."""

from __future__ import annotations

from typing import Any

__all__ = ["RecordObjects"]


class RecordObjects:
    """The objects with an identity that one record holds.

    Args:
        repeated: The ids of objects that occur again, which get labels; None while they are unknown.

    Attributes:
        visited: Id → object. This also keeps the objects alive, because the id of a dead one is used again.
        repeated: The ids of objects that occur again.
        references: The number of references that were written.
    """

    def __init__(self, repeated: set[int] | None = None) -> None:
        self.visited: dict[int, Any] = {}
        self.repeated: set[int] = set() if repeated is None else repeated
        self.references = 0
        self._labels: dict[int, int] | None = None if repeated is None else {}
        self._numbers: dict[int, int] = {}
        self._ancestors: list[Any] = []

    @property
    def innermost(self) -> Any:
        """The object that is being encoded; None outside of all."""
        return self._ancestors[-1] if self._ancestors else None

    def enter(self, value: Any) -> None:
        """Begin with the parts of an object."""
        self._ancestors.append(value)

    def leave(self) -> None:
        """Return to the object around it."""
        self._ancestors.pop()

    def is_open(self, value: Any) -> bool:
        """Tell whether the place is inside this object, so that the object contains itself if it occurs here.

        Args:
            value: The object.
        """
        return any(above is value for above in self._ancestors)

    def add(self, value: Any) -> int | None:
        """Note an object that was not visited before.

        Args:
            value: The object.

        Returns:
            Its label, if it gets one.
        """
        self.visited[id(value)] = value
        self._numbers[id(value)] = len(self.visited)
        if self._labels is None or id(value) not in self.repeated:
            return None
        return self._labels.setdefault(id(value), len(self._labels) + 1)

    def reference(self, value: Any) -> dict[str, int]:
        """Return the tree of an object that was visited before.

        Args:
            value: The object.
        """
        self.repeated.add(id(value))
        self.references += 1
        # Until all objects are known, any distinct number: different keys of a dict must have different trees.
        return {"$ref": self._numbers[id(value)] if self._labels is None else self._labels[id(value)]}
