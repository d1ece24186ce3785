"""The kinds of values that a graph may contain: native ones, and each family of class."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from typing import TYPE_CHECKING, Any

from support.oracle.classes import (
    Amount,
    Basket,
    Boat,
    Cart,
    Colour,
    FrozenProfile,
    Horse,
    IntBox,
    Level,
    Medal,
    Money,
    Name,
    Plain,
    Point,
    Profile,
    Queue,
    Receipt,
    Reduced,
    Rights,
    Sealed,
    SlotCart,
    SlotReceipt,
    Slotted,
    Stack,
    Tags,
    Tariff,
    Touchy,
    Version,
    Wish,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.oracle.graphs import Maker


TEXTS = ["", "a", "name", "$id", "$ref", "$list", "$tuple", '$"a"', "\u2028\n", "\U0001f600", "\ud800", "1", "None"]
_FACTORIES = [None, list, int, dict, set, Counter]


OWN_STATE: list[Callable[[Maker], Any]] = [
    lambda make: make.assign(Sealed(), "left", "right"),
    lambda make: make.known(Reduced(make.leaf())),
    lambda make: Money(make.value_outside(), "EUR"),
    lambda make: make.known(Tariff({make.key(): make.leaf()})),
]
OWN: list[Callable[[Maker], Any]] = [
    *OWN_STATE,
    lambda make: Receipt(make.value(), tuple(make.values())),
    lambda make: SlotReceipt(make.value(), tuple(make.values())),
    lambda make: Medal(make.value(), make.leaf()),
    lambda make: make.assign(Profile(number=make.rng.randrange(9)), "anything"),
    lambda make: FrozenProfile(number=make.rng.randrange(9), anything=make.leaf()),
    lambda make: make.assign(IntBox(content=make.rng.randrange(9)), "label"),
    lambda make: Point(make.value(), make.value()),
    lambda make: Touchy(make.value()),
    lambda make: make.rng.choice(list(Colour)),
    lambda make: make.rng.choice(list(Level)),
    lambda make: make.rng.choice([Rights.READ, Rights.READ | Rights.WRITE, Rights(0)]),
    lambda make: make.assign(Cart(make.leaf()), "owner", "items"),
    lambda make: make.assign(SlotCart(make.leaf()), "owner", "items"),
    lambda make: make.assign(Wish(what=make.leaf()), "what", "why"),
    lambda make: make.assign(Horse(make.leaf()), "name", "shoes"),
    lambda make: make.assign(Boat(make.leaf()), "name", "crew"),
    lambda make: make.assign(Plain(), "value", "more"),
    lambda make: make.assign(Slotted(), "left", *["right"][make.rng.randrange(2) :]),
    lambda make: make.with_attribute(make.fill(Basket())),
    lambda make: make.with_attribute(make.extend(Stack())),
    lambda make: make.known(Tags(make.keys())),
    lambda make: make.extend(Queue()),
    lambda make: Name(make.rng.choice(TEXTS)),
    lambda make: Amount(make.rng.randrange(99)),
    lambda make: make.known(Version(f"{make.rng.randrange(9)}.{make.rng.randrange(9)}")),
    lambda make: make.telegram(),
    lambda make: make.telegram(),
]
BUILT_IN: list[Callable[[Maker], Any]] = [
    lambda make: make.fill({}),
    lambda make: make.fill({}),
    lambda make: make.extend([]),
    lambda make: make.extend([]),
    lambda make: tuple(make.values()),
    lambda make: make.fill(OrderedDict()),
    lambda make: make.fill(defaultdict(make.rng.choice(_FACTORIES))),
    lambda make: make.known(Counter({make.key(): make.rng.randrange(9) for _ in range(2)})),
    lambda make: make.extend(deque(maxlen=make.rng.choice([None, 2, 5]))),
    lambda make: make.known(set(make.keys())),
    lambda make: frozenset(make.keys()),
    lambda make: make.known(bytearray(b"ab")),
]
