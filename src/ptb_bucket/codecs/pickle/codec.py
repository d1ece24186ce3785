"""The pickle codec. It loads only allowed types, and refuses to save a value that it would not load."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from ptb_bucket._wording import RESTORE
from ptb_bucket.codecs import _allowed as allowed
from ptb_bucket.codecs.json import NOTHING, Decoder, GraphDecoder, StorablePart, graph_tree
from ptb_bucket.codecs.json_text import compact_json
from ptb_bucket.codecs.pickle.changed_classes import carriers_in, complete
from ptb_bucket.codecs.pickle.collisions import has_colliding_keys
from ptb_bucket.codecs.pickle.pickler import Pickler
from ptb_bucket.codecs.types import (
    Equality,
    Registry,
    Scopes,
    StoredAs,
    hashes_by_hand,
    missing_dependency,
    record_changed,
    too_deep,
    too_many_collisions,
)
from ptb_bucket.errors import CannotLoadError, CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from telegram import Bot

    from ptb_bucket.codecs.types import LateBot, Origin

__all__ = ["PickleCodec"]

_MOST_LOADABLE: Final = 10_000


class _AllowListUnpickler(pickle.Unpickler):
    __slots__ = ("makers",)  # one is made for each record

    def __init__(self, data: bytes, makers: allowed.Makers | _NothingMade) -> None:
        super().__init__(io.BytesIO(data), fix_imports=False)
        self.makers = makers

    def find_class(self, module: str, name: str) -> Any:
        """Look the name up in the table; nothing is ever imported."""
        found = self.makers.named(module, name)
        if found is None:
            raise CannotLoadError(
                "the stored pickle refers to a class or function that is not allowed. Find out where it came from. "
                f"{RESTORE}"
            )
        return found


class _NamesError(Exception):
    pass


class _NothingMade:
    """The makers for pickles of plain data, which contain no names."""

    def named(self, *_: str) -> Any:
        raise _NamesError


_NOTHING: Final = _NothingMade()
_NAMES: Final = pickle.STACK_GLOBAL
"""The instruction that names an object in our pickles. A text with this byte only takes the longer way."""


class PickleCodec:
    """A codec that writes pickles, for state that JSON cannot express.

    Only Python programs with the bot's classes can read them. Loading creates only Python's own types, Telegram objects
    and instances of registered classes. It never imports. Shared references and cycles within one record are kept.

    Args:
        types: As for :class:`JsonCodec`.

    Raises:
        ConfigurationError: An entry is not a class, or a name is registered twice or reserved.
    """

    name: ClassVar[Literal["json", "pickle"]] = "pickle"
    extension: ClassVar[str] = ".pkl"

    def __init__(self, types: Iterable[type | StoredAs] = ()) -> None:
        self.bot: Bot | LateBot | None = None
        self._scopes = Scopes(self, Registry(types))
        self._loadable: OrderedDict[bytes, None] = OrderedDict()
        self.equality = Equality(self._scopes.anonymous)

    def encode(self, value: Any, *, known: Sequence[bytes] = ()) -> bytes:
        """Encode one record.

        Args:
            value: The value to store. It is not changed.
            known: The record's earlier bytes. The same bytes are not checked again.

        Returns:
            A pickle of which :meth:`decode` makes an equal value.

        Raises:
            CannotStoreError: Something in it cannot be stored; the error names the paths.
        """
        pickler = Pickler(file := io.BytesIO(), self._scopes.of())
        try:
            pickler.dump(value)
        except Exception as exc:  # noqa: BLE001  anybody's code ran
            self._refuse(value)
            raise exc if isinstance(exc, CannotStoreError) else _unpicklable(exc) from None
        data = file.getvalue()
        if has_colliding_keys(data):
            self._refuse(value)
            raise too_many_collisions()
        if pickler.is_risky and data not in known:
            self._check_loading(value, data)
        return data

    def _dumps(self, value: Any) -> bytes:
        Pickler(file := io.BytesIO(), self._scopes.of()).dump(value)
        return file.getvalue()

    def _refuse(self, value: Any) -> None:
        """Raise an error that names everything that cannot be stored, with its path."""
        try:
            graph_tree(self._scopes.of(), value, self._round_trips)
        except RecursionError:
            raise too_deep() from None

    def _check_loading(self, value: Any, data: bytes) -> None:
        """Check that new values can be loaded, if code of their classes runs then."""
        failed: list[Any] = []

        def can_load(part: Any, tree: Any) -> bool:
            if not self._round_trips(part, tree):
                failed.append(part)
            return not failed or failed[-1] is not part

        try:
            graph_tree(self._scopes.of(), value, can_load)
        except (CannotStoreError, RecursionError) as exc:
            if failed and isinstance(exc, CannotStoreError):
                raise
            if not self._loads_equal(value, data):  # JSON cannot express it, so it is loaded as a whole
                raise CannotStoreError("loading it back gives a different value", hint=_FUNCTIONS_HINT) from None

    def _loads_equal(self, value: Any, data: bytes) -> bool:
        try:
            return self.equality.identical(self.decode(data), value)
        except CannotLoadError:
            return False

    def _round_trips(self, part: Any, tree: Any) -> bool:
        """Tell whether a part of a record can be loaded. A part that was loaded before is not loaded again."""
        digest = _digest(tree)
        if part is NOTHING or digest in self._loadable:  # the part that can be stored is loaded when it is encoded
            return True
        try:
            is_good = self._loads_equal(part, self._dumps(part))
        except Exception:  # noqa: BLE001  anybody's code ran
            return False
        return is_good and self._note(digest)

    def _note(self, digest: bytes) -> bool:
        self._loadable[digest] = None
        if len(self._loadable) > _MOST_LOADABLE:
            self._loadable.popitem(last=False)
        return True

    def _remember(self, value: Any) -> None:
        """Note that the values in a record can be loaded, because they have just been loaded."""
        with suppress(CannotStoreError, RecursionError):
            graph_tree(self._scopes.of(), value, lambda _, tree: self._note(_digest(tree)))

    def encode_storable(
        self, value: Any, before: bytes | None, *, origin: str = ""
    ) -> tuple[bytes | None, list[CannotStoreError]]:
        """Encode the part of a record that can be stored, if not all of it can.

        Args:
            value: The value to store. It is not changed.
            before: The bytes that were stored last. Their values stay where a new one cannot be stored.
            origin: As for :meth:`decode`.

        Returns:
            The bytes, or ``before`` if nothing can be stored; and the refusals, each with its path.
        """

        def encoded(tree: Any) -> bytes:
            return self.encode(GraphDecoder(Decoder(self._scopes.of(origin))).loads(compact_json(tree)))

        return StorablePart(self._scopes.of(), self._round_trips, encoded, self.decode).of(value, before, origin)

    def decode(self, data: bytes, *, origin: Origin = "") -> Any:
        """Decode one record into new objects, which no other code holds.

        Args:
            data: The result of :meth:`encode`.
            origin: Names the record, or returns its name, so that fields that its data lacks get the same default
                each time.

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
            if (missing := missing_dependency(exc)) is not None:
                raise missing from None
            carriers = carriers_in(data, self._scopes.registry)
            if carriers:
                return self._decoded_with(data, origin, carriers)
            # The original would quote the data.
            raise CannotLoadError(
                f"the stored data is not a valid ptb-bucket pickle ({type(exc).__name__}). {RESTORE}"
            ) from None

    def _decoded_with(self, data: bytes, origin: Origin, carriers: frozenset[int]) -> Any:
        try:
            return self._loads(data, origin, carriers)
        except CannotLoadError:
            raise
        except Exception as exc:  # noqa: BLE001  damage may raise anything
            raise record_changed(exc) from None

    def decode_all(self, records: Sequence[bytes], origins: Sequence[Origin] = ()) -> list[Any]:
        """Decode many records. Arguments and errors are as for :meth:`decode`."""
        return [
            self.decode(data, origin=one) for data, one in zip(records, origins or [""] * len(records), strict=True)
        ]

    def _loads(self, data: bytes, origin: Origin, carriers: frozenset[int] = frozenset()) -> Any:
        if has_colliding_keys(data):
            raise CannotLoadError(
                f"the stored data contains keys crafted to collide. Find out where it came from. {RESTORE}"
            )
        if _NAMES not in data:
            with suppress(_NamesError):
                return _AllowListUnpickler(data, _NOTHING).load()
        makers = allowed.Makers(lambda: self._scopes.of(origin), carriers)
        value = _AllowListUnpickler(data, makers).load()
        if makers.is_doubtful and not carriers and (carriers := carriers_in(data, self._scopes.registry)):
            return self._loads(data, origin, carriers)
        if makers.made:
            self._finish(makers, value)
        return value

    def _finish(self, makers: allowed.Makers, value: Any) -> None:
        for shape, made in makers.made:
            complete(shape, made, makers.scope)
        if any(shape.is_risky or hashes_by_hand(shape.cls) for shape, _ in makers.made):
            self._remember(value)

    def surely_differ(self, one: bytes, other: bytes) -> bool:  # noqa: ARG002  as JsonCodec.surely_differ
        """Return False: equal values may have different pickles, and only loading them shows it."""
        return False

    def features(self, data: bytes) -> frozenset[str]:  # noqa: ARG002  as JsonCodec.features
        """Return the features that a library must have to read these bytes: every version reads all pickles."""
        return frozenset()


_FUNCTIONS_HINT: Final = "Register its classes with functions of their own: StoredAs(...)"


def _digest(tree: Any) -> bytes:
    return blake2b(compact_json(tree).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _unpicklable(exc: Exception) -> CannotStoreError:
    return CannotStoreError(
        f"the value can't be pickled ({type(exc).__name__})", hint="Store plain values instead, such as ids"
    )
