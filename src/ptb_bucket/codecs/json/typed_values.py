"""The part of the JSON codec for values of types that JSON does not have. It is loaded with the first of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs.json.encode import Encoder
from ptb_bucket.codecs.json_text import compact_json, may_have_labels
from ptb_bucket.codecs.types import Equality, Registry, Scopes, too_deep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ptb_bucket.codecs.base import Codec
    from ptb_bucket.codecs.json.decode import Decoder
    from ptb_bucket.codecs.json.graph_decoder import GraphDecoder
    from ptb_bucket.codecs.types import Origin, StoredAs
    from ptb_bucket.errors import CannotStoreError

__all__ = ["TypedValues"]


class TypedValues:
    """The encoding of values of Python's own types, Telegram objects and instances of registered classes.

    Args:
        codec: The codec. It has the bot, and decodes what it encoded.
        types: The bot's own classes; see :class:`~ptb_bucket.codecs.json.codec.JsonCodec`.
        decoder: Makes the values.

    Attributes:
        equality: The equality of values, given the registered classes.

    Raises:
        ConfigurationError: An entry of ``types`` is not a class, or a name is registered twice or reserved.
    """

    def __init__(self, codec: Codec, types: Iterable[type | StoredAs], decoder: type[Decoder]) -> None:
        self._codec = codec
        self._decoder = decoder
        self._scopes = Scopes(codec, Registry(types))
        self.equality = Equality(self._scopes.anonymous)

    def encode(self, value: Any, known: Sequence[bytes]) -> bytes:
        """Encode one record; see :meth:`~ptb_bucket.codecs.json.codec.JsonCodec.encode`."""
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
        self, value: Any, before: bytes | None, origin: str
    ) -> tuple[bytes | None, list[CannotStoreError]]:
        """Encode the storable part; see :meth:`~ptb_bucket.codecs.json.codec.JsonCodec.encode_storable`."""
        from ptb_bucket.codecs.json.graph_trees import StorablePart  # noqa: PLC0415  few bots need it

        can_load = self._load_check(() if before is None else (before,))
        rest = StorablePart(self._scopes.of(), can_load, lambda tree: compact_json(tree).encode(), self._codec.decode)
        return rest.of(value, before, origin)

    def _load_check(self, known: Sequence[bytes]) -> Callable[[Any, Any], bool]:
        """Return a function that tells whether loading and encoding a tree returns the same tree."""

        def round_trips(_: Any, tree: Any) -> bool:
            text = compact_json(tree)
            data = text.encode("utf-8", "surrogatepass")
            if any(data in earlier for earlier in known):
                return True
            try:
                again = _graph_tree(self._scopes.of(), self.decode(text, ""))
                return compact_json(again) == text
            except Exception:  # noqa: BLE001  code of the author ran
                return False

        return round_trips

    def decode(self, text: str, origin: Origin) -> Any:
        """Return the value of a record's text. It may be plain, too.

        Args:
            text: The text.
            origin: As for :meth:`~ptb_bucket.codecs.json.codec.JsonCodec.decode`.

        Raises:
            Exception: Any exception, because damage may raise anything.
        """
        decoder = self._decoder(self._scopes.of(origin))
        return _graph_decoder(decoder).loads(text) if may_have_labels(text) else decoder.loads(text)


def _graph_tree(*arguments: Any) -> Any:
    from ptb_bucket.codecs.json.graph_trees import graph_tree  # noqa: PLC0415  most records are trees

    return graph_tree(*arguments)


def _graph_decoder(decoder: Decoder) -> GraphDecoder:
    from ptb_bucket.codecs.json.graph_decoder import GraphDecoder  # noqa: PLC0415  most records have no labels

    return GraphDecoder(decoder)
