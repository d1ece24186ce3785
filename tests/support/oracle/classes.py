"""Classes of a bot author: one for each family that the oracle knows, hostile ones too."""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict, deque
from typing import Any, Generic, TypeVar

import attrs
import pydantic
from telegram import Chat, InlineKeyboardMarkup, Message, User
from typing_extensions import Self

from ptb_bucket import StoredAs
from support.values.author_classes import Amount, Colour, Level, Name, Point, Rights, Stack, Tags

T = TypeVar("T")


@dataclasses.dataclass
class Cart:
    owner: Any = None
    items: list[Any] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(slots=True)
class SlotCart:
    owner: Any = None
    items: list[Any] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Receipt:
    number: Any
    lines: Any = ()


@dataclasses.dataclass(frozen=True, slots=True)
class SlotReceipt:
    number: Any
    lines: Any = ()


@dataclasses.dataclass(kw_only=True)
class Wish:
    what: Any
    why: Any = None


@attrs.define
class Horse:
    name: Any = None
    shoes: list[Any] = attrs.field(factory=list)


@attrs.frozen
class Medal:
    name: Any
    year: Any = None


@attrs.define(slots=False)
class Boat:
    name: Any = None
    crew: list[Any] = attrs.field(factory=list)


class Profile(pydantic.BaseModel):
    number: int = 0
    anything: Any = None


class FrozenProfile(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)
    number: int = 0
    anything: Any = None


class Box(pydantic.BaseModel, Generic[T]):
    content: T
    label: Any = None


class IntBox(Box[int]):
    pass


class Plain:
    def __init__(self, value: Any = None, more: Any = None) -> None:
        self.value, self.more = value, more


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left: Any = None) -> None:
        self.left = left


class Basket(dict):
    """A container whose instances also have attributes."""


class Queue(deque):
    pass


class Sealed:
    """A class whose ``__getstate__`` returns a tuple."""

    def __init__(self, left: Any = None, right: Any = None) -> None:
        self.left, self.right = left, right

    def __getstate__(self) -> Any:
        return (self.left, self.right)

    def __setstate__(self, state: Any) -> None:
        self.left, self.right = state


class Version:
    """A class whose ``__new__`` makes it from one text."""

    __slots__ = ("major", "minor")

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls)
        made.major, made.minor = text.split(".")
        return made

    def __getnewargs__(self) -> tuple[str]:
        return (f"{self.major}.{self.minor}",)

    def __getstate__(self) -> None:
        return None


class Reduced:
    """A class that defines how it is reduced."""

    def __init__(self, value: Any = None) -> None:
        self.value = value

    def __reduce__(self) -> Any:
        return Reduced, (self.value,)


class Money:
    """A class that is stored by two functions."""

    def __init__(self, amount: Any, currency: str) -> None:
        self.amount, self.currency = amount, currency

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and (self.amount, self.currency) == (other.amount, other.currency)

    def __hash__(self) -> int:
        return hash(self.currency)


class Tariff(dict):
    """A price list that refuses every change."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("read only")

    __setitem__ = __delitem__ = clear = update = pop = popitem = setdefault = _refuse

    def __reduce__(self) -> Any:
        return Tariff, (dict(self),)

    def __deepcopy__(self, memo: Any) -> Tariff:
        return self


class Touchy:
    """A class whose methods all raise, except those for pickling."""

    def __init__(self, value: Any = None) -> None:
        self.value = value

    def _refuse(self, *_: Any) -> Any:
        raise RuntimeError("do not ask me")

    __eq__ = __bool__ = __len__ = __repr__ = __str__ = __lt__ = __contains__ = _refuse

    def __hash__(self) -> int:
        raise RuntimeError("do not hash me")


TYPES: list[Any] = [
    *(Colour, Level, Rights, Cart, SlotCart, Receipt, SlotReceipt, Wish, Horse, Medal, Boat),
    *(Profile, FrozenProfile, IntBox, Point, Plain, Slotted, Basket, Stack, Tags, Queue, Name, Amount),
    *(Sealed, Version, Reduced, Tariff, Touchy),
    StoredAs(Money, encode=lambda money: [money.amount, money.currency], decode=lambda parts: Money(*parts)),
]
"""What the bots of the oracle register."""


BY_FUNCTIONS = (Money,)
"""Cycles do not lead through these: their functions would be given what is not filled yet.

See docs/reference/differences.md.
"""


class Unregistered:
    """A class that is not registered, so it cannot be stored."""

    def __init__(self, value: Any = None) -> None:
        self.value = value


class Uncopyable(Unregistered):
    """A class that also raises when it is copied or taken apart."""

    def __deepcopy__(self, memo: Any) -> Any:
        raise RuntimeError("do not copy me")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise RuntimeError("do not pickle me")


class Locked(Unregistered):
    """A class that holds an object that can be neither copied nor stored."""

    def __init__(self, value: Any = None) -> None:
        super().__init__(value)
        self.lock = threading.Lock()


UNSTORABLE: tuple[type, ...] = (Unregistered, Uncopyable, Locked)

FAMILIES: dict[str, type] = {
    "enum": Colour,
    "int enum": Level,
    "flag": Rights,
    "dataclass": Cart,
    "dataclass slots": SlotCart,
    "dataclass frozen": Receipt,
    "dataclass frozen slots": SlotReceipt,
    "dataclass kw_only": Wish,
    "attrs define": Horse,
    "attrs frozen": Medal,
    "attrs without slots": Boat,
    "pydantic": Profile,
    "pydantic frozen": FrozenProfile,
    "pydantic generic": IntBox,
    "named tuple": Point,
    "plain": Plain,
    "slots": Slotted,
    "dict subclass": Basket,
    "list subclass": Stack,
    "set subclass": Tags,
    "deque subclass": Queue,
    "str subclass": Name,
    "int subclass": Amount,
    "own state": Sealed,
    "own new": Version,
    "own reduce": Reduced,
    "stored as": Money,
    "read-only dict": Tariff,
    "raising": Touchy,
    "ordered dict": OrderedDict,
    "telegram user": User,
    "telegram chat": Chat,
    "telegram message": Message,
    "telegram keyboard": InlineKeyboardMarkup,
}
"""Which class stands for which family, to count that each occurs often enough."""
