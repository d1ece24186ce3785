"""Values → trees of what :mod:`json` knows, in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram import Bot, TelegramObject

from ptb_bucket.codecs._equality import same
from ptb_bucket.codecs._json_native import BIG, NATIVE, in_utf8, written
from ptb_bucket.codecs._opaque import Opaque
from ptb_bucket.codecs._reduction import IrreducibleError
from ptb_bucket.codecs._refusals import attribute, cyclic, item, refusal, too_deep
from ptb_bucket.codecs._telegram import (
    CLASSES,
    Impure,
    arguments,
    bot_api_json,
    from_arguments,
    from_bot_api_json,
)
from ptb_bucket.errors import CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ptb_bucket.codecs._registered import Entry, Registry

__all__ = ["CarefulEncoder", "Encoder", "taken"]

# A level may cost four Python frames here and three JSON levels in a document; 1000 is Python's limit for both.
_DEEPEST = 100


class Encoder:
    """Encodes one record.

    Args:
        registry: The classes that were registered.
        bot: The live bot.
    """

    plain: frozenset[type] = frozenset({str, bool, type(None)})
    """What JSON says as it is."""

    def __init__(self, registry: Registry, bot: Bot | None) -> None:
        self.registry = registry
        self.bot = bot

    def value(self, value: Any, depth: int) -> Any:
        """The tree of one value.

        Raises:
            CannotStoreError: With the path from this value on.
        """
        if depth > _DEEPEST:
            raise too_deep()
        encode = NATIVE.get(type(value))
        return encode(self, value, depth + 1) if encode else self.other(value, depth + 1)

    def mapping(self, value: Mapping[Any, Any], depth: int, step: Callable[[object], str] = item) -> dict[str, Any]:
        """The tree of a dict, or of attributes by name."""
        tree: dict[str, Any] = {}
        plain, key = self.plain, None
        try:
            for key, inner in value.items():
                text = key if type(key) is str and key[:1] != "$" and str in plain else self.key(key, depth)
                cls = type(inner)
                tree[text] = inner if cls in plain or (cls is int and -BIG < inner < BIG) else self.value(inner, depth)
        except CannotStoreError as exc:
            exc.path = (step(key), *exc.path)
            raise
        if len(tree) != len(value):
            raise CannotStoreError("two of its keys would be stored as the same one", hint="Make them differ")
        return tree

    def sequence(self, value: Iterable[Any], depth: int) -> list[Any]:
        """The trees of members in order."""
        tree: list[Any] = []
        plain = self.plain
        try:
            for inner in value:
                tree.append(inner if type(inner) in plain else self.value(inner, depth))  # noqa: PERF401  the path
        except CannotStoreError as exc:
            exc.path = (item(len(tree)), *exc.path)
            raise
        return tree

    def key(self, key: Any, depth: int) -> str:
        """A key of a dict that is no plain string."""
        return f"${written(self.value(key, depth))}"

    def part(self, value: Any, depth: int, step: str) -> Any:
        """The tree of a part that has a step of its own."""
        try:
            return self.value(value, depth)
        except CannotStoreError as exc:
            exc.path = (step, *exc.path)
            raise

    def other(self, value: Any, depth: int) -> Any:
        """The tree of an instance of a class that is not Python's."""
        entry = self.registry.by_class.get(type(value))
        if entry is not None:
            return {f"${entry.name}": self.registered(entry, value, depth)}
        if isinstance(value, Bot):
            return {"$bot": value is self.bot}
        if isinstance(value, TelegramObject) and CLASSES.get(type(value).__name__) is type(value):
            return {"$telegram": [type(value).__name__, *self.telegram(value, depth)]}
        if type(value) is Opaque:
            return {f"${value.name}": self.value(value.payload, depth)}
        raise refusal(value)

    def registered(self, entry: Entry, value: Any, depth: int) -> Any:
        """The payload of an instance of a registered class."""
        payload = taken(entry, value)
        if entry.by_functions:
            return self.value(payload, depth)
        if type(payload) is dict:
            return self.mapping(payload, depth + 1, attribute)
        try:
            return self.value(payload, depth)
        except CannotStoreError as exc:
            # Which part of the pickle protocol it was would not help.
            exc.path = exc.path[1:]
            raise

    def telegram(self, value: TelegramObject, depth: int) -> list[Any]:
        """Bot API JSON if that gives the object back, else None and its arguments."""
        name = type(value).__name__
        if _gives_back(value, lambda: from_bot_api_json(name, bot_api_json(value), self.bot)):
            return [self.mapping(bot_api_json(value), depth + 1, attribute)]
        given = arguments(value)
        # Their own parts first: the path to what cannot be stored says more than that the whole cannot.
        tree = self.mapping(given, depth + 1, attribute)
        if _gives_back(value, lambda: from_arguments(name, dict(given), self.bot)):
            return [None, tree]
        raise refusal(value, why="neither its Bot API form nor its arguments give it back")


def taken(entry: Entry, value: Any) -> Any:
    """An instance of a registered class as a plainer value.

    Raises:
        CannotStoreError: Its class does not let itself be taken apart.
    """
    try:
        return entry.shape.take(value)
    except (CannotStoreError, RecursionError):
        raise
    except IrreducibleError:
        raise refusal(value, registered=True) from None
    except Exception as exc:  # noqa: BLE001  the code of the class ran
        raise refusal(value, why=f"taking it apart raised {type(exc).__name__}") from None


def _gives_back(value: TelegramObject, make: Callable[[], TelegramObject]) -> bool:
    try:
        return same(make(), value)
    except Impure:
        return False
    except RecursionError:
        raise
    except Exception:  # noqa: BLE001  PTB's constructors ran
        # Whatever PTB raises about arguments that Telegram would not have sent.
        return False


class CarefulEncoder(Encoder):
    """Takes the time to look for lone surrogates and cycles; the second try when the first one failed."""

    plain = frozenset({bool, type(None)})

    def __init__(self, registry: Registry, bot: Bot | None) -> None:
        super().__init__(registry, bot)
        self.way: list[object] = []

    def value(self, value: Any, depth: int) -> Any:
        if any(above is value for above in self.way):
            raise cyclic()
        # Small objects that Python shares are no containers, and cannot lead to themselves.
        self.way.append(value if type(value) not in _ATOMS else object())
        try:
            return super().value(value, depth)
        finally:
            self.way.pop()

    def key(self, key: Any, depth: int) -> str:
        if type(key) is str and key[:1] != "$" and in_utf8(key):
            return key
        return super().key(key, depth)


_ATOMS = frozenset({str, int, float, bool, type(None), bytes})
