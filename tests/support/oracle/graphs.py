"""Random object graphs: nested, shared, cyclic, of every family of class.

All choices come from a :class:`random.Random`. With a seeded one, a run can be replayed. hypothesis passes its own and
shrinks the graphs that it draws.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import math
import uuid
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from telegram import Chat, InlineKeyboardButton, InlineKeyboardMarkup, Location, Message, MessageEntity, User

from support.oracle.classes import Colour, Money, Name, Point, Receipt, Rights
from support.oracle.kinds import BUILT_IN, OWN, OWN_STATE, TEXTS
from support.oracle.snapshots import Snapshot

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator


_ZONES = [dt.timezone.utc, dt.timezone(dt.timedelta(hours=-3, minutes=-30)), ZoneInfo("Europe/Berlin"), None]


@dataclasses.dataclass(frozen=True)
class Style:
    """The style of the graphs of one run.

    Args:
        shares: The probability that a value is an existing object.
        cycles: Allow existing objects that contain the new reference.
        own_states: Include objects whose state their author makes: it is stored whole, or not at all.
        spoils_deeply: Put values that cannot be stored anywhere, instead of only at the top of a record.
    """

    shares: float = 0.15
    cycles: bool = True
    own_states: bool = True
    spoils_deeply: bool = True

    @classmethod
    def drawn(cls, rng: random.Random) -> Style:
        """Choose one of several."""
        return rng.choice([cls(0, cycles=False), cls(0.1, cycles=False), cls(0.2, cycles=False), cls()])


class Maker:
    """Makes the values of one record.

    Args:
        rng: The source of all random choices.
        style: The kind of values to make.
        pool: Objects that a new value may refer to, so that they are shared.
    """

    def __init__(self, rng: random.Random, style: Style, pool: Iterable[Any] = ()) -> None:
        self.rng = rng
        self.style = style
        self.pool = list(pool)
        self.around: list[Any] = []
        self.depth = 0
        self.room = 40

    # ------------------------------------------------------------------ what has no identity

    def leaf(self) -> Any:
        """A native value that contains nothing."""
        rng = self.rng
        kinds: list[Callable[[], Any]] = [
            lambda: rng.choice(TEXTS),
            lambda: rng.randrange(-3, 1000),
            lambda: rng.choice([1 << 70, -(1 << 2100), 0, 1, True, False, None]),
            lambda: rng.choice([0.0, -0.0, 1.5, 1.0, math.inf, -math.inf, math.nan, 1e300]),
            lambda: bytes([rng.randrange(256), 0]),
            lambda: dt.datetime(
                2025, 10, 26, 2, 30, rng.randrange(60), fold=rng.randrange(2), tzinfo=rng.choice(_ZONES)
            ),
            lambda: dt.date(2024, 2, rng.randrange(1, 29)),
            lambda: dt.time(1, rng.randrange(60), tzinfo=rng.choice(_ZONES[:2])),
            lambda: dt.timedelta(days=rng.randrange(9), microseconds=1),
            lambda: Decimal(rng.choice(["1.10", "-0", "NaN", "Infinity", "1E+9"])),
            lambda: Fraction(rng.randrange(9), 7),
            lambda: complex(rng.randrange(3), -0.0),
            lambda: uuid.UUID(int=rng.randrange(1 << 100)),
            lambda: range(rng.randrange(4), 9, 2),
            lambda: rng.choice([ZoneInfo("UTC"), ZoneInfo("Asia/Tokyo"), dt.timezone.utc]),
        ]
        return rng.choice(kinds)()

    def key(self) -> Any:
        """Make a key that equals itself, and that no key of another type equals."""
        rng = self.rng
        kinds: list[Callable[[], Any]] = [
            lambda: rng.choice(TEXTS),
            lambda: f"k{rng.randrange(30)}",
            lambda: rng.randrange(2, 60),
            lambda: rng.choice([True, False, None]),
            lambda: (rng.randrange(5), f"t{rng.randrange(5)}"),
            lambda: dt.date(2024, 2, rng.randrange(1, 29)),
            lambda: frozenset({rng.randrange(9)}),
            lambda: rng.choice([Colour.RED, Colour.BLUE, Rights.READ | Rights.WRITE]),
            lambda: Point(rng.randrange(5), "y"),
            lambda: Receipt(rng.randrange(5), (1,)),
            lambda: Name(f"n{rng.randrange(9)}"),
            lambda: Money(rng.randrange(5), "EUR"),
            lambda: uuid.UUID(int=rng.randrange(100)),
            lambda: b"b%d" % rng.randrange(9),
        ]
        return rng.choice(kinds[:3] if rng.random() < 0.6 else kinds)()

    def telegram(self) -> Any:
        """Make a Telegram object without a bot, as handlers make them."""
        rng = self.rng
        user = User(rng.randrange(1, 1 << 50), f"U{rng.randrange(9)}", is_bot=False, username=rng.choice([None, "bo"]))
        chat = Chat(
            rng.randrange(1, 1 << 50), rng.choice(["private", "group", "new kind"]), title=rng.choice([None, "T"])
        )
        row = [
            InlineKeyboardButton("b", callback_data=rng.choice(["x", "y"])),
            InlineKeyboardButton("c", url="https://a.b"),
        ]
        keyboard = InlineKeyboardMarkup([row[: rng.randrange(1, 3)]])
        message = Message(
            rng.randrange(1, 99),
            dt.datetime(2025, 1, 1, 12, 0, rng.randrange(60), tzinfo=dt.timezone.utc),
            chat,
            from_user=user,
            text="hi",
            entities=[MessageEntity("bold", 0, 2)],
            reply_markup=rng.choice([None, keyboard]),
            location=rng.choice([None, Location(1.5, 2.5)]),
        )
        return rng.choice([user, chat, keyboard, message])

    # ------------------------------------------------------------------ what contains values

    def value(self) -> Any:
        """Make any value, or return an existing one."""
        rng = self.rng
        self.room -= 1
        if self.pool and rng.random() < self.style.shares:
            return rng.choice(self.pool)
        if self.depth > 4 or self.room < 0 or rng.random() < 0.4:
            return self.leaf()
        self.depth += 1
        made = rng.choice(self._kinds(OWN if rng.random() < 0.55 else BUILT_IN))(self)
        self.depth -= 1
        return made

    def _kinds(self, kinds: list[Callable[[Maker], Any]]) -> list[Callable[[Maker], Any]]:
        return kinds if self.style.own_states else [kind for kind in kinds if kind not in OWN_STATE]

    def value_outside(self) -> Any:
        """Make any value that does not refer to an object around it."""
        pool, around, style = self.pool, self.around, self.style
        self.style = dataclasses.replace(style, cycles=False)
        self.pool = [made for made in pool if not any(_contains(made, outer) for outer in around)]
        known = len(self.pool)
        try:
            return self.value()
        finally:
            self.style, self.pool = style, [*pool, *self.pool[known:]]

    def values(self, most: int = 3) -> list[Any]:
        """Make some values."""
        return [self.value() for _ in range(self.rng.randrange(most + 1))]

    def known(self, made: Any) -> Any:
        """Let later values refer to this finished object."""
        self.pool.append(made)
        return made

    @contextlib.contextmanager
    def inside(self, made: Any) -> Iterator[None]:
        """Let later values refer to this object. Values inside it may do so only if the style allows cycles."""
        if self.style.cycles:
            self.pool.append(made)
        self.around.append(made)
        yield
        self.around.pop()
        if not self.style.cycles:
            self.pool.append(made)

    def fill(self, made: Any, most: int = 3) -> Any:
        """Put items into a dict."""
        with self.inside(made):
            for _ in range(self.rng.randrange(most + 1)):
                made[self.key()] = self.value()
        return made

    def extend(self, made: Any) -> Any:
        """Put items into a list or deque."""
        with self.inside(made):
            for _ in range(self.rng.randrange(4)):
                made.append(self.value())
        return made

    def assign(self, made: Any, *names: str) -> Any:
        """Set attributes of an object."""
        with self.inside(made):
            for name in names:
                setattr(made, name, self.value())
        return made

    def keys(self) -> list[Any]:
        """Make some keys, for members of sets."""
        return [self.key() for _ in range(self.rng.randrange(4))]

    def with_attribute(self, made: Any) -> Any:
        """Set an attribute on an instance of a container's subclass, now and then."""
        if self.rng.random() < 0.5:
            self.around.append(made)
            made.note = self.value()
            self.around.pop()
        return made

    def record(self, made: dict[Any, Any], size: int = 4) -> dict[Any, Any]:
        """Fill a record's data; its own values may refer to it."""
        with self.inside(made):
            for number in range(size):
                made[f"r{number}"] = self.value()
        return made


def _contains(made: Any, inner: Any) -> bool:
    return any(node is inner for node in Snapshot.of(made).nodes)
