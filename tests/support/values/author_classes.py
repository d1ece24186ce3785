"""Classes of a bot author that several groups of tests use."""

from __future__ import annotations

import enum
from typing import Any, NamedTuple


class Colour(enum.Enum):
    RED = 1
    BLUE = (2, 3)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: Any
    y: Any = 0


class Name(str):
    __slots__ = ()


class Amount(int):
    pass


class Stack(list):
    pass


class Tags(set):
    pass
