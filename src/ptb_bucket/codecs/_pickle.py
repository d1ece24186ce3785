"""Pickle, with an allow-list on both sides: what loading would refuse is not saved in the first place."""

from __future__ import annotations

import io
import pickle
import types
from collections import OrderedDict, defaultdict
from contextlib import suppress
from enum import Enum
from fractions import Fraction
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal
from zoneinfo import ZoneInfo

from telegram import Bot, TelegramObject

from ptb_bucket.codecs import _allowed as allowed
from ptb_bucket.codecs._json_careful import NOTHING, careful_tree, remaining_tree
from ptb_bucket.codecs._json_decode import Decoder
from ptb_bucket.codecs._json_encode import taken
from ptb_bucket.codecs._json_graph import GraphReader
from ptb_bucket.codecs._pickle_changes import check_collisions_in, complete, fields_to_carry
from ptb_bucket.codecs.types import (
    CLASSES,
    BotReference,
    Drawn,
    Equality,
    Family,
    IrreducibleError,
    Registry,
    Scope,
    Shape,
    StoredAs,
    base_of,
    factory_refusal,
    hashes_by_hand,
    owner_of,
    reduction,
    refusal,
    too_deep,
    written,
)
from ptb_bucket.errors import CannotLoadError, CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["PickleCodec"]

_PROTOCOL = 5
_GLOBALS = (*allowed.IMMUTABLE, *allowed.MAKERS)
_PLAIN_FACTORIES = (None, *allowed.IMMUTABLE)
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)
_MOST_PROVEN: Final = 10_000


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, scope: Scope) -> None:
        super().__init__(file, protocol=_PROTOCOL, fix_imports=False)
        self.scope = scope
        self.is_risky = False

    def reducer_override(self, obj: Any) -> Any:
        """Called for everything but exact instances of pickle's own basic types."""
        cls = type(obj)
        if issubclass(cls, type) or cls in _FUNCTIONS:
            return self._global(obj)
        if cls is defaultdict and not any(obj.default_factory is plain for plain in _PLAIN_FACTORIES):
            return allowed.default, (self._factory(obj),), None, None, iter(obj.items())
        if cls in allowed.IMMUTABLE:
            return NotImplemented
        if cls is BotReference or issubclass(cls, Bot):
            return allowed.bot, (obj.is_live if cls is BotReference else obj is self.scope.bot,)
        return self._instance(obj, self.scope.registry.author_shape(cls))

    def _instance(self, obj: Any, shape: Shape | None) -> Any:
        if shape is None:
            return self._unregistered(obj)
        cls: Any = type(obj)
        if shape.is_risky or (shape.family is not Family.ENUM and hashes_by_hand(cls)):
            self.is_risky = True
        if issubclass(type(obj), Enum) and shape.family is Family.ENUM:
            return allowed.member, (shape.name, taken(shape, obj, self.scope))
        if issubclass(type(obj), TelegramObject) and shape.family is not Family.FUNCTIONS:
            return allowed.thing, (f"${shape.name}", self._state(obj))
        payload = self._row(shape, obj)
        return self._taken_apart(obj, shape.name) if payload is None else (allowed.stored, (shape.name, payload))

    def _row(self, shape: Shape, obj: Any) -> Any:
        """Return what is stored by the shape: with fields by name where pickle would store them by position."""
        if shape.family is Family.FUNCTIONS:
            return taken(shape, obj, self.scope)
        payload = taken(shape, obj, self.scope) if shape.family is Family.RECORD else None
        return payload if type(payload) is dict else None

    def _state(self, obj: TelegramObject) -> dict[str, Any]:
        state: dict[str, Any] = obj.__getstate__()
        return state if owner_of(obj, self.scope) is not None else {**state, "_bot": None}

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
            if factory in self.scope.registry.by_class:
                return self.scope.registry.by_class[factory].name
        raise factory_refusal()

    def _unregistered(self, obj: Any) -> Any:
        cls = type(obj)
        if CLASSES.get(cls.__name__) is cls:
            return allowed.thing, (cls.__name__, self._state(obj))
        if cls in allowed.NAMES:
            return self._python(obj, allowed.NAMES[cls])
        shape = self.scope.registry.shape(cls)
        if shape is None:
            raise refusal(obj)
        return allowed.stored, (shape.name, taken(shape, obj, self.scope))

    def _python(self, obj: Any, name: str) -> Any:
        if type(obj) is Fraction:
            # Some Pythons pickle them as decimal text, which ends at 4300 digits.
            return allowed.object_, (name, "call", (obj.numerator, obj.denominator))
        if type(obj) is ZoneInfo:
            if obj.key is None:
                raise refusal(obj, why="it was read from a file and has no key")
            return allowed.object_, (name, "call", (obj.key,))
        return self._taken_apart(obj, name)

    @staticmethod
    def _taken_apart(obj: Any, name: str) -> Any:
        try:
            parts = reduction(obj)
        except IrreducibleError:
            raise refusal(obj, registered=True) from None
        if parts.function is not type(obj):
            raise refusal(obj, why="its __reduce__ names a function")
        how = (name, "new" if parts.new else "call", parts.args)
        made_by = (*how, parts.kwargs) if parts.kwargs else how
        state = (None, parts.state) if base_of(type(obj)) and not hasattr(type(obj), "__attrs_attrs__") else parts.state
        return allowed.object_, made_by, state, iter(parts.items), iter(parts.pairs)


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
        ConfigurationError: Not a class, a name twice, or a name that is taken.
    """

    name: ClassVar[Literal["json", "pickle"]] = "pickle"
    extension: ClassVar[str] = ".pkl"

    def __init__(self, types: Iterable[type | StoredAs] = ()) -> None:
        self.bot: Bot | None = None
        self._registry = Registry(types)
        self._drawn = Drawn()
        self._proven: OrderedDict[bytes, None] = OrderedDict()
        self._anonymous = Scope(self._registry, None)
        self.equality = Equality(self._anonymous)

    def _scope(self, origin: str = "") -> Scope:
        if origin:
            return Scope(self._registry, self.bot, origin, self._default)
        if self._anonymous.bot is not self.bot:
            self._anonymous = Scope(self._registry, self.bot)
        return self._anonymous

    def encode(self, value: Any, *, known: Sequence[bytes] = ()) -> bytes:
        """Encode one record.

        Args:
            value: What to store. It is not changed.
            known: The record's earlier bytes; the same bytes need no trial whether they can be loaded.

        Returns:
            A pickle of which :meth:`decode` makes an equal value.

        Raises:
            CannotStoreError: Something in it cannot be stored; the error names the paths.
        """
        try:
            data, is_risky = self._dumps(value)
        except Exception as exc:  # noqa: BLE001  anybody's code ran
            self._explain(value)
            raise exc if isinstance(exc, CannotStoreError) else _unpicklable(exc) from None
        if is_risky and data not in known:
            self._try(value, data)
        return data

    def _dumps(self, value: Any) -> tuple[bytes, bool]:
        file = io.BytesIO()
        pickler = _Pickler(file, self._scope())
        pickler.dump(value)
        return file.getvalue(), pickler.is_risky

    def _explain(self, value: Any) -> None:
        """Raise an error that names everything that cannot be stored, with its path."""
        try:
            careful_tree(self._scope(), value, self._gives_back)
        except RecursionError:
            raise too_deep() from None

    # ---------------------------------------------------------------- what can be loaded

    def _try(self, value: Any, data: bytes) -> None:
        """Try whether new values of classes whose code runs at loading can be loaded."""
        failed: list[Any] = []

        def prove(part: Any, tree: Any) -> bool:
            if not self._gives_back(part, tree):
                failed.append(part)
            return not failed or failed[-1] is not part

        try:
            careful_tree(self._scope(), value, prove)
        except (CannotStoreError, RecursionError) as exc:
            if failed and isinstance(exc, CannotStoreError):
                raise
            if not self._loads_equal(value, data):  # JSON cannot say it, so that it is tried as a whole
                raise CannotStoreError("loading it would not give it back", hint=_FUNCTIONS_HINT) from None

    def _loads_equal(self, value: Any, data: bytes) -> bool:
        try:
            return self.equality.identical(self.decode(data), value)
        except CannotLoadError:
            return False

    def _gives_back(self, part: Any, tree: Any) -> bool:
        """Tell whether a part of a record can be loaded. What was loaded or tried before is not tried again."""
        digest = _digest(tree)
        if part is NOTHING or digest in self._proven:  # the rest of a record is tried when it is encoded
            return True
        try:
            is_good = self._loads_equal(part, self._dumps(part)[0])
        except Exception:  # noqa: BLE001  anybody's code ran
            return False
        return is_good and self._note(digest)

    def _note(self, digest: bytes) -> bool:
        self._proven[digest] = None
        if len(self._proven) > _MOST_PROVEN:
            self._proven.popitem(last=False)
        return True

    def _remember(self, value: Any) -> None:
        """Note that the values in a record can be loaded: they just were."""
        with suppress(CannotStoreError, RecursionError):
            careful_tree(self._scope(), value, lambda _, tree: self._note(_digest(tree)))

    # ---------------------------------------------------------------- what remains

    def encode_rest(
        self, value: Any, before: bytes | None, *, origin: str = ""
    ) -> tuple[bytes | None, list[CannotStoreError]]:
        """Encode what can be stored of a record, when not all of it can.

        Args:
            value: What was to be stored. It is not changed.
            before: What was stored last; it stays at places whose new value cannot be stored.
            origin: As for :meth:`decode`.

        Returns:
            The bytes, or None if nothing can be stored; and why something cannot, each with its path.
        """
        old = NOTHING if before is None else self.decode(before, origin=origin)
        scope = self._scope()
        try:
            tree, errors = remaining_tree(scope, value, old, self._gives_back)
            if tree is NOTHING:
                return before, errors
            return self.encode(GraphReader(Decoder(scope)).loads(written(tree))), errors
        except RecursionError:
            return before, [too_deep()]
        except CannotStoreError as exc:
            return before, [exc]

    # ---------------------------------------------------------------- loading

    def decode(self, data: bytes, *, origin: str = "") -> Any:
        """Decode one record into objects that nobody else holds.

        Args:
            data: What :meth:`encode` returned.
            origin: Names the record, so that fields that its data lacks get the same default at each decoding.

        Returns:
            The value; Telegram objects in it have the live bot.

        Raises:
            CannotLoadError: It is damaged, names anything that is not on the allow-list, or does not fit its class any
                more.
        """
        try:
            return self._loads(data, origin)
        except CannotLoadError:
            raise
        except Exception as exc:  # noqa: BLE001  damage may raise anything
            carried = fields_to_carry(data, self._registry)
            if carried:
                return self._decoded_with(data, origin, carried)
            # The original would quote the data.
            raise CannotLoadError(
                f"a stored record is damaged: it is not a pickle as ptb-bucket writes it ({type(exc).__name__})"
            ) from None

    def _decoded_with(self, data: bytes, origin: str, carried: frozenset[str]) -> Any:
        try:
            return self._loads(data, origin, carried)
        except CannotLoadError:
            raise
        except Exception as exc:  # noqa: BLE001  damage may raise anything
            raise CannotLoadError(
                f"a stored record cannot be loaded by classes that have changed ({type(exc).__name__})"
            ) from None

    def decode_all(self, records: Sequence[bytes]) -> list[Any]:
        """Decode many records. Raises as :meth:`decode`."""
        return [self.decode(data) for data in records]

    def _loads(self, data: bytes, origin: str, carried: frozenset[str] = frozenset()) -> Any:
        check_collisions_in(data)
        makers = allowed.Makers(lambda: self._scope(origin), carried)
        value = _Unpickler(data, makers).load()
        if makers.is_doubtful and not carried and (carried := fields_to_carry(data, self._registry)):
            return self._loads(data, origin, carried)
        if makers.made:
            self._finish(makers, value)
        return value

    def _finish(self, makers: allowed.Makers, value: Any) -> None:
        for shape, made in makers.made:
            complete(shape, made, makers.scope)
        if any(shape.is_risky or hashes_by_hand(shape.cls) for shape, _ in makers.made):
            self._remember(value)

    def features(self, data: bytes) -> frozenset[str]:  # noqa: ARG002  as JsonCodec.features
        """Return the features that a library must have to read these bytes: every version reads all pickles."""
        return frozenset()

    def _default(self, scope: Scope, place: tuple[str, str], number: int, make: Callable[[], Any]) -> Any:
        """Draw the default of a missing field once, and give each decoding of the record a copy of it."""
        return self._drawn.get((scope.origin, *place, number), make, self.encode, self.decode)


_FUNCTIONS_HINT: Final = "Register its classes with functions of their own: StoredAs(...)"


def _digest(tree: Any) -> bytes:
    return blake2b(written(tree).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _unpicklable(exc: Exception) -> CannotStoreError:
    return CannotStoreError(f"it cannot be pickled ({type(exc).__name__})")
