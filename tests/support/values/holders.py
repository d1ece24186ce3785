"""Classes of every family whose instances hold a part, and a round trip that keeps who holds whom."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import attrs
import pydantic


class Plain:
    pass


@dataclass
class Data:
    part: object = None
    other: object = None


@dataclass(slots=True)
class Slotted:
    part: object = None


@dataclass(frozen=True)
class Frozen:
    part: object = None


@attrs.define
class Attrs:
    part: object = None


class Model(pydantic.BaseModel):
    part: object = None


class Pair(NamedTuple):
    part: object
    other: object = None


class Bag(dict):
    pass


class Row(list):
    pass


class Line(deque):
    pass


class Stateful:
    def __init__(self, part=None):
        self.part = part

    def __getstate__(self):
        return [self.part]

    def __setstate__(self, state):
        (self.part,) = state


class Ring:
    def __init__(self, part=None):
        self.part = part


TYPES = [Plain, Data, Slotted, Frozen, Attrs, Model, Pair, Bag, Row, Line, Stateful]
WITH_A_PART = [Plain, Data, Slotted, Attrs, Model, Stateful]


def again(codec, value):
    data = codec.encode(value)
    made = codec.decode(data)
    assert codec.equality.identical(made, value)
    if codec.name == "json":
        assert codec.encode(made) == data
    return made


def with_part(cls, part):
    made = cls()
    made.part = part
    return made
