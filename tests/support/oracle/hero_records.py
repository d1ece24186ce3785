"""Records of heroes: in lists and indexes, some of them at several places, some that refer to each other."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support.oracle.classes import Basket, Cart, Plain, SlotCart, Slotted, Stack, Wish
from support.oracle.snapshots import attributes

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from support.oracle.graphs import Style


def _wish() -> Wish:
    return Wish(what=None)


_HEROES: tuple[Callable[[], Any], ...] = (dict, dict, dict, Basket, OrderedDict, Plain, Cart, SlotCart, Slotted, _wish)
_FIELDS = {Plain: ("value", "more"), Cart: ("owner", "items"), SlotCart: ("owner", "items")}
_FIELDS |= {Slotted: ("left", "right"), Wish: ("what", "why")}


def put(node: Any, key: Any, value: Any) -> None:
    """Set an item or an attribute."""
    if isinstance(node, dict):
        node[key] = value
    else:
        setattr(node, key, value)


def places(node: Any) -> dict[Any, Any]:
    """Return the items of a dict or the attributes of an object, and nothing for other containers."""
    if isinstance(node, dict):
        return dict(node)
    return {} if isinstance(node, (list, set)) else attributes(node)


@dataclass
class HeroRecord:
    """Builds one record: heroes in lists and indexes, some of them at several places, some that refer to each other."""

    rng: random.Random
    style: Style
    made: int = 0

    def token(self) -> str:
        """Return a text that exists once."""
        self.made += 1
        return f"t{self.made}"

    def fill(self, record: dict[Any, Any]) -> None:
        """Build it into an existing record."""
        rng = self.rng
        heroes = [self.hero(number) for number in range(rng.randrange(2, 5))]
        record["party"] = rng.choice([list, list, Stack])(heroes)
        record["log"] = [self.token() for _ in range(rng.randrange(4))]
        record["tags"] = {self.token() for _ in range(rng.randrange(3))}
        record["camp"] = rng.choice([dict, OrderedDict, lambda: defaultdict(list)])()
        record["camp"]["fire"] = {self.token(): self.token(), "logs": [self.token()]}
        record["boards"] = [
            [self.token(), self.token()],
            [{"cell": self.token(), "n": 1}, {"cell": self.token(), "n": 2}],
        ]
        record["title"] = self.token()
        if self.style.shares:
            record["current"] = rng.choice(heroes)
            record["camp"]["index"] = {
                f"hero {number}": hero for number, hero in enumerate(heroes) if rng.random() < 0.5
            }
            record["camp"]["bag"] = self.bag_of(rng.choice(heroes))
        if self.style.cycles:
            record["camp"]["home"] = rng.choice([record, record["camp"], record["party"]])
            first, second = rng.choice(heroes), rng.choice(heroes)
            put(first, _free(first, "friend"), second)
            put(second, _free(second, "friend of"), first)

    def hero(self, number: int) -> Any:
        """Make an element of the list of heroes, with a field or two and a bag."""
        made = self.rng.choice(_HEROES)()
        if isinstance(made, dict):
            if self.rng.random() < 0.3:
                made["id"] = f"id {number}"
            made.update(
                name=self.token(), hp=self.token(), level=self.token(), bag=[self.token()], more={"x": self.token()}
            )
            return made
        first, second = _FIELDS[type(made)]
        put(made, first, self.token())
        put(made, second, {"x": self.token(), "bag": [self.token()]})
        return made

    def bag_of(self, hero: Any) -> Any:
        """Make a part of a hero."""
        return next(value for value in places(hero).values() if isinstance(value, (list, dict)))


def _free(node: Any, key: str) -> str:
    """Return a place for a reference: ``key`` in a dict, the first field in an object with fixed fields."""
    return key if isinstance(node, dict) or hasattr(node, "__dict__") else _FIELDS[type(node)][0]
