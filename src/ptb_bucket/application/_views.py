"""Chat and user data as PTB sees them: the live objects, except while PTB would copy them to save them.

PTB copies each object deeply before it hands it over, and one value that cannot be copied ends its save loop. While
BucketApplication saves, it finds here that the object has been staged already, and has nothing to copy. Encoding is
one synchronous step, which is all that the copy was for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from ptb_bucket._backstage import STAGING_ONLY
from ptb_bucket.state.resolvers import MISSING, Missing

__all__ = ["View"]

Value = TypeVar("Value")


class View(Mapping[int, Value]):
    """A read-only mapping, like the one of PTB that it stands for.

    Args:
        live: PTB's own.
    """

    def __init__(self, live: Mapping[int, Value]) -> None:
        self._live = live
        self.stage: Callable[[int, Value], Any] | None = None
        self.use: Callable[[int], None] | None = None

    def __getitem__(self, key: int) -> Value:
        value = self._live[key]
        if self.use is not None:
            self.use(key)
        # Only to whoever saves: a handler that is ready to run may run before the saving task has let go.
        return value if self.stage is None or not STAGING_ONLY.get() else self.stage(key, value)

    def peek(self, key: int) -> Value | Missing:
        """The live object, without making or using one; MISSING if there is none."""
        return self._live.get(key, MISSING)

    def __contains__(self, key: object) -> bool:
        return key in self._live

    def __iter__(self) -> Iterator[int]:
        return iter(self._live)

    def __len__(self) -> int:
        return len(self._live)

    def __repr__(self) -> str:
        return f"{type(self).__name__} of {len(self)}"
