"""Pickle, with an allow-list on both sides: what loading would refuse is not saved in the first place."""

from __future__ import annotations

import io
import pickle
import types
from collections import defaultdict
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from telegram import Bot, TelegramObject

from ptb_bucket.codecs import _allowed as allowed
from ptb_bucket.codecs._json_decode import RESERVED
from ptb_bucket.codecs._json_encode import taken
from ptb_bucket.codecs._parts import path_to
from ptb_bucket.codecs._reduction import IrreducibleError, reduction
from ptb_bucket.codecs._refusals import factory_refusal, refusal, too_deep
from ptb_bucket.codecs._registered import Entry, Registry, StoredAs
from ptb_bucket.codecs._telegram import CLASSES
from ptb_bucket.errors import CannotLoadError, CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["PickleCodec"]

_PROTOCOL = 5
_NATIVE = allowed.IMMUTABLE | frozenset(allowed.NAMES)
_GLOBALS = (*allowed.IMMUTABLE, *allowed.MAKERS)
_STAND_IN = allowed.Sealed(lambda: None)
_PLAIN_FACTORIES = (None, *allowed.IMMUTABLE)
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)


class _RefusedError(Exception):
    """Carries the part that cannot be stored, for which a path is still to be found."""

    def __init__(self, part: object, error: CannotStoreError) -> None:
        super().__init__()
        self.part = part
        self.error = error


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, registry: Registry, bot: object) -> None:
        super().__init__(file, protocol=_PROTOCOL, fix_imports=False)
        self.registry = registry
        self.bot = bot

    def reducer_override(self, obj: Any) -> Any:
        """Called for everything but exact instances of pickle's own basic types."""
        try:
            return self._reduced(obj)
        except CannotStoreError as exc:
            raise _RefusedError(obj, exc) from None

    def _reduced(self, obj: Any) -> Any:
        cls = type(obj)
        if isinstance(obj, type) or cls in _FUNCTIONS:
            return self._global(obj)
        if cls is defaultdict and not any(obj.default_factory is plain for plain in _PLAIN_FACTORIES):
            return allowed.default, (self._factory(obj),), None, None, iter(obj.items())
        if cls in allowed.IMMUTABLE:
            return NotImplemented
        if obj is self.bot or isinstance(obj, Bot):
            return allowed.bot, (obj is self.bot,)
        return self._instance(obj, self.registry.by_class.get(cls))

    def _instance(self, obj: Any, entry: Entry | None) -> Any:
        if entry is None:
            return self._unregistered(obj)
        if entry.by_functions:
            return allowed.stored, (entry.name, taken(entry, obj))
        if isinstance(obj, Enum):
            return allowed.member, (entry.name, taken(entry, obj))
        if isinstance(obj, TelegramObject):
            return allowed.thing, (f"${entry.name}", obj.__getstate__())
        return self._taken_apart(obj, entry.name)

    def _global(self, obj: Any) -> Any:
        # By identity: a metaclass may say that it equals anything.
        if any(obj is known for known in _GLOBALS):
            return NotImplemented
        raise refusal(obj)

    def _factory(self, obj: defaultdict[Any, Any]) -> str:
        factory: Any = obj.default_factory
        if isinstance(factory, type):
            if factory in allowed.NAMES:
                return allowed.NAMES[factory]
            if factory in self.registry.by_class:
                return self.registry.by_class[factory].name
        raise factory_refusal()

    def _unregistered(self, obj: Any) -> Any:
        name = type(obj).__name__
        if CLASSES.get(name) is type(obj):
            return allowed.thing, (name, obj.__getstate__())
        if type(obj) not in allowed.NAMES:
            raise refusal(obj)
        name = allowed.NAMES[type(obj)]
        if type(obj) is Fraction:
            # Some Pythons pickle them as decimal text, which ends at 4300 digits.
            return allowed.object_, (name, "call", (obj.numerator, obj.denominator))
        return self._zone(obj, name) if type(obj) is ZoneInfo else self._taken_apart(obj, name)

    @staticmethod
    def _zone(obj: ZoneInfo, name: str) -> Any:
        if obj.key is None:
            raise refusal(obj, why="it was read from a file and has no key")
        return allowed.object_, (name, "call", (obj.key,))

    def _taken_apart(self, obj: Any, name: str) -> Any:
        try:
            parts = reduction(obj)
        except IrreducibleError:
            raise refusal(obj, registered=True) from None
        if parts.function is not type(obj):
            raise refusal(obj, why="its __reduce__ names a function")
        how = (name, "new" if parts.new else "call", parts.args)
        made_by = (*how, parts.kwargs) if parts.kwargs else how
        return allowed.object_, made_by, parts.state, iter(parts.items), iter(parts.pairs)


class _Unpickler(pickle.Unpickler):
    __slots__ = ("makers",)  # one is made for each record

    def __init__(self, data: bytes, makers: allowed.Makers) -> None:
        super().__init__(io.BytesIO(data), fix_imports=False)
        self.makers = makers

    def find_class(self, module: str, name: str) -> Any:
        """Answers from the table; nothing is ever imported."""
        found = self.makers.named(module, name)
        if found is None:
            raise CannotLoadError("a stored record names something that is not allowed to be loaded")
        return found


class PickleCodec:
    """Values as pickles, for state that JSON cannot say; readable only by programs that have the classes.

    Loading makes Python's own types, Telegram objects and registered classes, never anything else, and never imports.
    Shared references and cycles within one record are kept.

    Args:
        types: As for :class:`JsonCodec`.

    Raises:
        ConfigurationError: No class, a name twice, or a name that is taken.
    """

    name: ClassVar[Literal["json", "pickle"]] = "pickle"
    extension: ClassVar[str] = ".pkl"

    def __init__(self, types: Iterable[type | StoredAs] = ()) -> None:
        self.bot: Bot | None = None
        self._registry = Registry(types, reserved=RESERVED, native=_NATIVE)

    def encode(self, value: Any) -> bytes:
        """Encode one record.

        Args:
            value: What to store. It is not changed.

        Returns:
            A pickle that :meth:`decode` accepts.

        Raises:
            CannotStoreError: Something in it cannot be stored; ``path`` says what.
        """
        try:
            return self._dumps(value, self.bot)
        except _RefusedError as exc:
            exc.error.path = (*path_to(value, exc.part), *exc.error.path)
            raise exc.error from None
        except RecursionError:
            raise too_deep() from None
        except (pickle.PicklingError, TypeError, ValueError, AttributeError) as exc:
            raise CannotStoreError(f"it cannot be pickled ({type(exc).__name__})") from None

    def _dumps(self, value: Any, bot: object) -> bytes:
        file = io.BytesIO()
        _Pickler(file, self._registry, bot).dump(value)
        return file.getvalue()

    def decode(self, data: bytes) -> Any:
        """Decode one record into objects that nobody else holds.

        Args:
            data: What :meth:`encode` returned.

        Returns:
            The value; Telegram objects in it have the live bot.

        Raises:
            CannotLoadError: It is damaged, or names anything that is not on the allow-list.
        """
        return self.decode_all([data])[0]

    def decode_all(self, records: Sequence[bytes]) -> list[Any]:
        """Decode many records. Raises as :meth:`decode`."""
        try:
            return self._loads(records)
        except CannotLoadError:
            raise
        except Exception as exc:  # noqa: BLE001  damage may raise anything
            # The original would quote the data.
            raise CannotLoadError(
                f"a stored record is damaged: it is no pickle of ours ({type(exc).__name__})"
            ) from None

    def _loads(self, records: Sequence[bytes]) -> list[Any]:
        makers = allowed.Makers(self._registry, self.bot, _STAND_IN)
        values = [_Unpickler(data, makers).load() for data in records]
        if not makers.met_bot:
            return values
        return [self._with_bot(values[0])] if len(values) == 1 else [self._loads([data])[0] for data in records]

    def _with_bot(self, value: Any) -> Any:
        # The live bot holds the token, and instructions of a pickle could change it. So it takes its place only in
        # a second pass, over instructions that were written here and now.
        again = self._dumps(value, _STAND_IN)
        return _Unpickler(again, allowed.Makers(self._registry, self.bot, self.bot)).load()
