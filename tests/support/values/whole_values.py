"""Classes whose values merge as a whole although they hold objects, and a merge of them."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import attrs
import pydantic

from ptb_bucket.state import keep_ours
from ptb_bucket.state.merge.values import ValueMerge


class Point(NamedTuple):
    x: Any
    y: Any = 0


@dataclass(frozen=True)
class Frozen:
    held: Any
    more: Any = None


@dataclass(frozen=True, eq=False)
class FrozenObject:
    held: Any
    more: Any = None


@dataclass(frozen=True, slots=True)
class Slotted:
    held: Any
    more: Any = None


@attrs.frozen
class Medal:
    held: Any
    more: Any = None


class Model(pydantic.BaseModel):
    held: Any = None
    more: Any = None
    _secret: Any = pydantic.PrivateAttr(default=None)


class FrozenModel(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)
    held: Any = None
    more: Any = None


class Guarded:
    """A class that validates assigned values and has its own ``__getstate__``."""

    def __init__(self, held: Any = None, more: Any = None) -> None:
        self.held, self.more = held, more

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("held", "more"):
            raise AttributeError(name)
        super().__setattr__(name, value)

    def __getstate__(self) -> Any:
        return (self.held, self.more)

    def __setstate__(self, state: Any) -> None:
        self.held, self.more = state


class Tags(set):
    """Its instances may have attributes."""


class Labelled(tuple):  # noqa: SLOT001  attributes are what it is for
    """Its instances may have attributes."""


class Name(str):  # noqa: SLOT000  attributes are what it is for
    """Its instances may have attributes."""


@dataclass
class Cart:
    owner: Any = None
    items: list[Any] = field(default_factory=list)


@dataclass(eq=False)
class Room:
    held: Any = None


CLASSES = [Point, Frozen, FrozenObject, Slotted, Medal, Model, FrozenModel, Guarded, Tags, Labelled, Name, Cart, Room]


def merged(base, ours, theirs, resolver=keep_ours):
    """Return the result and the number of decisions."""
    merge = ValueMerge("user_data[1]", resolver)
    return merge.run((), *copy.deepcopy((base, ours, theirs))), len(merge.decided)


def tagged(members, cls, **attributes):
    made = cls(members)
    vars(made).update(attributes)
    return made
