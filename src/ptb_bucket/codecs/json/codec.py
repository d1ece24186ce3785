"""The JSON codec. Its documents are readable and keep types, and the same value always has the same bytes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal
from zoneinfo import ZoneInfoNotFoundError

from ptb_bucket.codecs.json.decode import PLAIN, Decoder, check_depth, is_flat, is_tagged, may_have_labels
from ptb_bucket.codecs.json.difference import surely_differ
from ptb_bucket.codecs.json.encode import Encoder
from ptb_bucket.codecs.json.unknown_instance import UnknownInstance
from ptb_bucket.codecs.types import (
    RESTORE,
    Equality,
    NewerTelegramError,
    Registry,
    Scopes,
    Shape,
    StoredAs,
    UnknownClassError,
    compact_json,
    too_deep,
)
from ptb_bucket.errors import CannotLoadError, CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from telegram import Bot

    from ptb_bucket.codecs.json.graph_decoder import GraphDecoder
    from ptb_bucket.codecs.types import LateBot, Origin

__all__ = ["JsonCodec", "PreservingJsonCodec"]

_REFERENCE: Final = rb'"(?:\$|\\u0024)ref"\s*:'
"""A reference, perhaps written by hand. A user's own text or key "$ref" does not match."""


class JsonCodec:
    """A codec that writes values as plain JSON if JSON has their type, and otherwise as ``{"$tag": payload}``.

    Loaded values are equal and have the same types at every level, dict keys included. An object that occurs at several
    places in a record, or contains itself, is loaded as one object: it is ``{"$id": 1, ...}`` at the first place and
    ``{"$ref": 1}`` at the others. The bytes are strict JSON in UTF-8 without a line break, and the same value has the
    same bytes in every process.

    Args:
        types: The bot's own classes whose instances are stored: Enum, dataclass, pydantic and attrs models,
            named tuples, subclasses of Python's types, any class that pickle could store, or :class:`StoredAs`.

    Raises:
        ConfigurationError: An entry is not a class, or a name is registered twice or reserved.
    """

    name: ClassVar[Literal["json", "pickle"]] = "json"
    extension: ClassVar[str] = ".json"
    decoder: ClassVar[type[Decoder]] = Decoder
    """The class that makes values; for subclasses."""

    def __init__(self, types: Iterable[type | StoredAs] = ()) -> None:
        self.bot: Bot | LateBot | None = None
        self._scopes = Scopes(self, Registry(types))
        self.equality = Equality(self._scopes.anonymous)

    def encode(self, value: Any, *, known: Sequence[bytes] = ()) -> bytes:
        """Encode one record.

        Args:
            value: The value to store. It is not changed.
            known: The record's earlier bytes. Values in them are not checked again.

        Returns:
            JSON in UTF-8, on one line. :meth:`decode` makes an equal value from it.

        Raises:
            CannotStoreError: Something in it cannot be stored; the error names the paths.
        """
        encoder = Encoder(self._scopes.of())
        try:
            data = compact_json(encoder.whole(value)).encode()
        except Exception:  # noqa: BLE001  an object occurs twice, or code of the author ran; the other encoder tells them apart
            return self._encode_graph(value, known)
        if encoder.risky and not all(self._load_check(known)(value, tree) for tree in encoder.risky):
            return self._encode_graph(value, known)
        return data

    def _encode_graph(self, value: Any, known: Sequence[bytes]) -> bytes:
        try:
            return compact_json(_graph_tree(self._scopes.of(), value, self._load_check(known))).encode()
        except RecursionError:
            raise too_deep() from None

    def encode_storable(
        self, value: Any, before: bytes | None, *, origin: str = ""
    ) -> tuple[bytes | None, list[CannotStoreError]]:
        """Encode the part of a record that can be stored, if not all of it can.

        Args:
            value: The value to store. It is not changed.
            before: The bytes that were stored last. Where a new value cannot be stored, the one in these bytes stays.
            origin: As for :meth:`decode`.

        Returns:
            The bytes, or ``before`` if nothing can be stored; and the refusals, each with its path.
        """
        from ptb_bucket.codecs.json.graph_trees import StorablePart  # noqa: PLC0415  few bots need it

        can_load = self._load_check(() if before is None else (before,))
        rest = StorablePart(self._scopes.of(), can_load, lambda tree: compact_json(tree).encode(), self.decode)
        return rest.of(value, before, origin)

    def _load_check(self, known: Sequence[bytes]) -> Callable[[Any, Any], bool]:
        """Return a function that tells whether loading and encoding a tree returns the same tree."""

        def round_trips(_: Any, tree: Any) -> bool:
            text = compact_json(tree)
            data = text.encode("utf-8", "surrogatepass")
            if any(data in earlier for earlier in known):
                return True
            try:
                again = _graph_tree(self._scopes.of(), self._decoded(text, ""))
                return compact_json(again) == text
            except Exception:  # noqa: BLE001  code of the author ran
                return False

        return round_trips

    def decode(self, data: bytes, *, origin: Origin = "") -> Any:
        """Decode one record into new objects, which no other code holds.

        Args:
            data: The result of :meth:`encode`, perhaps edited by hand.
            origin: Names the record, or returns its name, so that fields that its data lacks get the same default
                each time.

        Returns:
            The value; Telegram objects in it have the live bot.

        Raises:
            CannotLoadError: The data is damaged or nested too deeply, needs a class that is not registered, or no
                longer fits its class.
        """
        try:
            value = self._decoded(data.decode("utf-8"), origin)
            check_depth(data)
        except CannotLoadError:
            raise
        except Exception as exc:  # noqa: BLE001  damage may raise anything
            # The original would quote the document.
            raise CannotLoadError(
                f"the stored data is not valid ptb-bucket JSON ({type(exc).__name__}). {RESTORE}"
            ) from None
        return value

    def _decoded(self, text: str, origin: Origin) -> Any:
        if not is_tagged(text):
            return PLAIN.decode(text)
        decoder = self.decoder(self._scopes.of(origin))
        return _graph_decoder(decoder).loads(text) if may_have_labels(text) else decoder.loads(text)

    def decode_all(self, records: Sequence[bytes], origins: Sequence[Origin] = ()) -> list[Any]:
        """Decode many records.

        Args:
            records: As for :meth:`decode`. Plain JSON is parsed as one list, which is faster.
            origins: One for each record, as for :meth:`decode`; nothing for none.

        Raises:
            CannotLoadError: As :meth:`decode`; it does not say which record it was.
        """
        found = _decoded_as_one(records)
        return found or [
            self.decode(data, origin=one) for data, one in zip(records, origins or [""] * len(records), strict=True)
        ]

    def surely_differ(self, one: bytes, other: bytes) -> bool:
        """Tell whether two records' bytes certainly stand for different values; False if that takes decoding them.

        Args:
            one: One record's bytes.
            other: Another one's.
        """
        return surely_differ(one, other)

    def features(self, data: bytes) -> frozenset[str]:
        """Return the features that a library must have to read these bytes.

        Args:
            data: One record's bytes.
        """
        return frozenset({"refs"}) if b'ref"' in data and re.search(_REFERENCE, data) else frozenset()


def _graph_tree(*arguments: Any) -> Any:
    from ptb_bucket.codecs.json.graph_trees import graph_tree  # noqa: PLC0415  most records are trees

    return graph_tree(*arguments)


def _graph_decoder(decoder: Decoder) -> GraphDecoder:
    from ptb_bucket.codecs.json.graph_decoder import GraphDecoder  # noqa: PLC0415  most records have no labels

    return GraphDecoder(decoder)


def _decoded_as_one(records: Sequence[bytes]) -> list[Any] | None:
    """Parse all records as one JSON list. Return their values if all of them are plain JSON."""
    try:
        text = b",".join(records).decode("utf-8")
        if is_tagged(text) or not all(map(is_flat, records)):
            return None
        values: list[Any] = PLAIN.decode(f"[{text}]")
    except (ValueError, RecursionError, CannotLoadError):
        return None  # decoding each record reports it
    return values if len(values) == len(records) else None


def _shape_of_unknown(name: str) -> Shape:
    """Return the shape of instances of an unknown class, which are kept in their stored form."""

    def fill(made: UnknownInstance, payload: Any, _: Any) -> None:
        made.payload = payload

    return Shape(
        UnknownInstance, name, lambda value, _: value.payload, lambda payload, _: UnknownInstance(name, payload),
        begin=lambda *_: UnknownInstance(name, None), fill=fill,
    )  # fmt: skip


_MISSING: Final = (UnknownClassError, NewerTelegramError, ImportError, ZoneInfoNotFoundError)
"""The exceptions about intact values whose class, library or time zone data is missing."""


class _PreservingDecoder(Decoder):
    def begun(self, name: str, payload: Any) -> tuple[Shape, Any]:
        try:
            return super().begun(name, payload)
        except UnknownClassError:
            return _shape_of_unknown(name), UnknownInstance(name, None)

    def made(self, name: str, payload: Any) -> Any:
        try:
            return super().made(name, payload)
        except _MISSING:
            return UnknownInstance(name, payload)
        except Exception:
            # For example a moment whose zone is of an unknown class: then the moment is unknown, too.
            if any(type(part) is UnknownInstance for part in (payload if type(payload) is list else [payload])):
                return UnknownInstance(name, payload)
            raise


class PreservingJsonCodec(JsonCodec):
    """A :class:`JsonCodec` that keeps instances of unregistered classes as :class:`UnknownInstance`.

    Args:
        types: The classes to register; their instances are decoded.
    """

    decoder: ClassVar[type[Decoder]] = _PreservingDecoder
