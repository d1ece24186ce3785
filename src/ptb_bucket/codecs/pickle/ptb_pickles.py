"""Pickles of PTB's PicklePersistence. They are read in two steps, so that they need not be trusted.

The first step makes plain values and placeholders, which only store the data of an instance. The second step writes one
value at a time as one of our own pickles, and loads that with makers that know only registered classes.
"""

from __future__ import annotations

import io
import pickle
from collections import defaultdict
from typing import IO, TYPE_CHECKING, Any, NoReturn
from zoneinfo import ZoneInfo

from ptb_bucket.codecs import _allowed as allowed
from ptb_bucket.codecs.pickle.changed_classes import complete
from ptb_bucket.codecs.pickle.cost import check_cost
from ptb_bucket.codecs.pickle.placeholders import Placeholder, check_expansion
from ptb_bucket.codecs.pickle.ptb_names import PtbPickleNames
from ptb_bucket.codecs.types import Registry, Scope, StoredAs
from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from telegram import Bot

__all__ = ["PtbPickleReader"]

_BOTS = {
    "a known bot replaced by PTB's PicklePersistence": True,
    "an unknown bot replaced by PTB's PicklePersistence": False,
}


def lost(name: str) -> NoReturn:
    """Mark an object that is lost. Loading calls ``_lost`` instead, as for the functions in ``_allowed``."""
    raise NotImplementedError(name)


class _BotMark:
    """The marker that PTB writes in place of the live bot or of another bot."""

    def __init__(self, live: bool) -> None:  # noqa: FBT001  its only argument
        self.live = live


class _PtbUnpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], names: PtbPickleNames) -> None:
        super().__init__(file)
        self.names = names

    def find_class(self, module: str, name: str) -> Any:
        """Look the name up in tables; nothing is ever imported."""
        return self.names.find(module, name)

    def persistent_load(self, pid: Any) -> Any:
        """Return the marker of a bot. PTB replaces only bots."""
        if type(pid) is not str or pid not in _BOTS:
            raise CannotLoadError(
                "the pickle refers to an object outside the file. PicklePersistence never does that. Find out "
                "where the file came from"
            )
        return _BotMark(_BOTS[pid])


class _OwnPickler(pickle.Pickler):
    """A pickler that writes the result of :class:`_PtbUnpickler` as one of our own pickles."""

    def reducer_override(self, obj: Any) -> Any:
        """Reduce a value that is not exactly of one of pickle's own basic types."""
        if isinstance(obj, Placeholder):
            return _reduced(obj)
        if type(obj) is _BotMark:
            return allowed.bot, (obj.live,)
        if type(obj) is ZoneInfo:
            return allowed.object_, (allowed.NAMES[ZoneInfo], "call", (obj.key,))
        if type(obj) is defaultdict and _is_placeholder(obj.default_factory):
            return _with_factory(obj)
        if type(obj) is allowed.Sealed or _is_placeholder(obj):
            return lost, ("a function" if type(obj) is allowed.Sealed else "a class",)
        return NotImplemented


def _is_placeholder(obj: object) -> bool:
    return isinstance(obj, type) and issubclass(obj, Placeholder)


def _with_factory(obj: defaultdict[Any, Any]) -> Any:
    meaning = obj.default_factory.meaning  # type: ignore[union-attr]
    if meaning.how == "lost":
        return lost, (f"defaultdict({meaning.name})",)
    return allowed.default, (meaning.name,), None, None, iter(obj.items())


def _reduced(obj: Placeholder) -> Any:
    meaning = obj.meaning
    if meaning.how == "lost":
        return lost, (meaning.name,)
    if meaning.how == "telegram":
        return allowed.thing, (meaning.name, _with_owner(obj.state))
    if meaning.how == "enum" and not obj.called:
        return allowed.member, (meaning.name, obj.state)
    how = (meaning.name, "call" if obj.called else "new", obj.args)
    made_by = (*how, obj.kwargs) if obj.kwargs else how
    return allowed.object_, made_by, obj.state, iter(obj.items), iter(obj.pairs)


def _with_owner(state: dict[str, Any]) -> dict[str, Any]:
    """Return a Telegram object's state as our pickles have it: with ``_bot`` only if the live bot does not own it."""
    owner = state.get("_bot")
    rest = {key: inner for key, inner in state.items() if key != "_bot"}
    return rest if type(owner) is _BotMark and owner.live else {**rest, "_bot": None}


class _OwnUnpickler(pickle.Unpickler):
    """An unpickler for the pickles that :class:`_OwnPickler` has just written."""

    def __init__(self, data: bytes, makers: allowed.Makers) -> None:
        super().__init__(io.BytesIO(data), fix_imports=False)
        self.makers = makers

    def find_class(self, module: str, name: str) -> Any:
        """Look the name up in the table of our own pickles."""
        if (module, name) == (lost.__module__, lost.__name__):
            return _lost
        return self.makers.named(module, name)


def _lost(name: str) -> object:
    """Return an object that no codec stores. Its class has the name of the missing class."""
    return type(name, (), {})()


class PtbPickleReader:
    """A reader for pickles of PTB's PicklePersistence that does not trust them.

    Args:
        types: The bot's own classes; see :class:`JsonCodec`. Nothing is ever imported for a pickle.
        bot: The bot to put in place of the live bot.

    Attributes:
        names: The names that occurred so far, and which of them are unknown.

    Raises:
        ConfigurationError: ``types`` is wrong.
    """

    def __init__(self, types: Iterable[type | StoredAs], bot: Bot) -> None:
        self._registry = Registry(types)
        self._bot = bot
        self.names = PtbPickleNames(self._registry)

    def read(self, file: IO[bytes]) -> Any:
        """Read one pickle. None of its code runs.

        Args:
            file: A file at the beginning of the pickle; it is read twice.

        Returns:
            Plain values with placeholders for instances; pass them to :meth:`value`.

        Raises:
            CannotLoadError: It is damaged or not a pickle, could run code, or would take absurd time or memory.
        """
        return _guarded(lambda: self._read(file))

    def _read(self, file: IO[bytes]) -> Any:
        check_cost(file)
        return _PtbUnpickler(file, self.names).load()

    def value(self, read: Any) -> Any:
        """Return part of the result of :meth:`read` as it was before it was pickled.

        This makes the instances of registered classes. In place of lost ones it puts objects that no codec stores.

        Raises:
            CannotLoadError: It is damaged, or is far larger than its pickle.
        """
        return _guarded(lambda: self._value(read))

    def _value(self, read: Any) -> Any:
        check_expansion(read)
        file = io.BytesIO()
        _OwnPickler(file, protocol=5, fix_imports=False).dump(read)
        makers = allowed.Makers(lambda: Scope(self._registry, self._bot), by_ptb=True)
        made = _OwnUnpickler(file.getvalue(), makers).load()
        for shape, instance in makers.made:
            complete(shape, instance, makers.scope)
        return made


def _guarded(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except CannotLoadError:
        raise
    except RecursionError:
        raise CannotLoadError("the data is nested too deeply. Flatten it in the bot and save the file again") from None
    except Exception as exc:  # noqa: BLE001  damage may raise anything
        # The original would quote the data.
        raise CannotLoadError(
            f"the file is damaged or was not written by PicklePersistence ({type(exc).__name__}). Try a backup of "
            "the file"
        ) from None
