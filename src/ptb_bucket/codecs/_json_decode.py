"""JSON text → values. Builds only Python's own types, Telegram objects and registered classes."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, OrderedDict, defaultdict, deque
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NoReturn

from telegram import TelegramObject

from ptb_bucket.codecs._json_tags import BIG_INTS, FACTORIES, LEAVES, OFFSETS, SPECIAL_FLOATS, TEXTS, ZONES, checked
from ptb_bucket.codecs._telegram import CLASSES, from_arguments, from_bot_api_json
from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import Bot

    from ptb_bucket.codecs._registered import Registry

__all__ = ["PLAIN", "RESERVED", "Decoder", "UnknownClassError", "is_tagged", "unregistered"]

_KEYWORDS = frozenset({"$true", "$false", "$null"})
_LONGEST_NAME = 80


class UnknownClassError(CannotLoadError):
    """Nothing is wrong with it, but its class is not known here."""


def unregistered(name: str) -> UnknownClassError:
    """A stored value whose class is not known here.

    Args:
        name: How the document calls it.
    """
    name = name[:_LONGEST_NAME]
    return UnknownClassError(
        f"a stored {name} cannot be loaded: its class is not registered. Register it: "
        f"BucketPersistence(..., types=[{name}])"
    )


def is_tagged(text: str) -> bool:
    """Whether anything in it may be more than JSON; most records of most bots are not, and are decoded much faster."""
    return '"$' in text or "\\u0024" in text


class Decoder:
    """Decodes one record.

    Args:
        registry: The classes that were registered.
        bot: The live bot, for Telegram objects.
    """

    def __init__(self, registry: Registry, bot: Bot | None) -> None:
        self.registry = registry
        self.bot = bot

    def loads(self, text: str) -> Any:
        """The value of a JSON text.

        Raises:
            CannotLoadError: A class is not registered, or its payload is damaged.
            Exception: Whatever :mod:`json` raises about other damage.
        """
        if is_tagged(text):
            return json.loads(text, object_hook=self._object, parse_constant=_not_json)
        return PLAIN.decode(text)

    def _object(self, tree: dict[str, Any]) -> Any:
        for key in tree:
            if key[:1] == "$":
                break
        else:
            return tree
        if len(tree) == 1 and key not in _KEYWORDS and (key[1:2].isalpha() or key[1:2] == "_"):
            return self._tagged(key[1:], tree[key])
        return {self._key(key): value for key, value in tree.items()}

    def _key(self, key: str) -> Any:
        return self.loads(key[1:]) if key[:1] == "$" else key

    def _tagged(self, name: str, payload: Any) -> Any:
        try:
            return self._made(name, payload)
        except CannotLoadError:
            raise
        except Exception as exc:  # noqa: BLE001  damage and authors' classes may raise anything
            # Python's own message would quote the payload.
            raise CannotLoadError(f"a stored {name[:_LONGEST_NAME]} is damaged ({type(exc).__name__})") from None

    def _made(self, name: str, payload: Any) -> Any:
        native = TAGS.get(name)
        if native is not None:
            return native(self, payload)
        entry = self.registry.by_name.get(name)
        if entry is None:
            raise unregistered(name)
        return self.owned(entry.shape.make(payload))

    def owned(self, value: Any) -> Any:
        """The value, with the live bot if it is a Telegram object."""
        if isinstance(value, TelegramObject):
            value.set_bot(self.bot)
        return value


def _not_json(_: str) -> NoReturn:
    raise CannotLoadError("damaged: NaN and Infinity are no JSON")


PLAIN = json.JSONDecoder(parse_constant=_not_json)
"""Decodes what has no tag; ``json.loads`` would make one for each record."""


def _moment(cls: type[dt.datetime | dt.time]) -> Callable[[Decoder, Any], Any]:
    def make(_: Decoder, payload: Any) -> Any:
        if type(payload) is str:
            return cls.fromisoformat(payload)
        naive, zone, fold = payload
        if not isinstance(zone, dt.tzinfo | None):
            raise TypeError("zone")
        return cls.fromisoformat(naive).replace(tzinfo=zone, fold=fold)

    return make


def _defaultdict(decoder: Decoder, payload: Any) -> Any:
    name, pairs = payload
    if name is None:
        factory: Any = None
    elif checked(name, str)[:1] == "$":
        entry = decoder.registry.by_name.get(name[1:])
        if entry is None:
            raise unregistered(name[1:])
        factory = entry.cls
    else:
        factory = FACTORIES[name]
    return defaultdict(factory, checked(pairs, dict))


def _telegram(decoder: Decoder, payload: Any) -> Any:
    name, data, *given = payload
    if name not in CLASSES:
        raise UnknownClassError("a stored Telegram object is of a class that this version of python-telegram-bot lacks")
    if given:
        made = from_arguments(name, checked(given[0], dict), decoder.bot)
    else:
        made = from_bot_api_json(name, checked(data, dict), decoder.bot)
    if not isinstance(made, TelegramObject):
        raise TypeError("telegram")
    return made


def _deque(_: Decoder, payload: Any) -> Any:
    members, longest = payload
    return deque(checked(members, list), longest)


def _of(cls: Callable[..., Any], payload_type: type, *, spread: bool = False) -> Callable[[Decoder, Any], Any]:
    if spread:
        return lambda _, payload: cls(*checked(payload, payload_type))
    return lambda _, payload: cls(checked(payload, payload_type))


def _leaf(make: Callable[[Any], Any]) -> Callable[[Decoder, Any], Any]:
    return lambda _, payload: make(payload)


TAGS: dict[str, Callable[[Decoder, Any], Any]] = {
    **{leaf.tag: _leaf(leaf.make) for leaf in (*LEAVES.values(), BIG_INTS, OFFSETS, SPECIAL_FLOATS, TEXTS, ZONES)},
    "tuple": _of(tuple, list),
    "set": _of(set, list),
    "frozenset": _of(frozenset, list),
    "datetime": _moment(dt.datetime),
    "time": _moment(dt.time),
    "complex": _of(complex, list, spread=True),
    "fraction": _of(Fraction, list, spread=True),
    "range": _of(range, list, spread=True),
    "deque": _deque,
    "defaultdict": _defaultdict,
    "counter": _of(Counter, dict),
    "ordereddict": _of(OrderedDict, dict),
    "bot": lambda decoder, payload: decoder.bot if payload is True else None,
    "telegram": _telegram,
}
"""What each tag of ours means."""

RESERVED: frozenset[str] = frozenset({*TAGS, "true", "false", "null"})
"""No class can be registered by these names."""
