"""The registry of codecs, by their names in URIs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ptb_bucket.codecs.base import Codec
    from ptb_bucket.codecs.types import StoredAs

__all__ = ["open_codec"]

_CODECS: Final[Mapping[str, tuple[str, str]]] = {
    "json": ("ptb_bucket.codecs.json", "JsonCodec"),
    "pickle": ("ptb_bucket.codecs.pickle", "PickleCodec"),
}
"""Name → package and class. Only the package of the chosen codec is imported."""


def open_codec(name: str, types: Iterable[type | StoredAs] = ()) -> Codec:
    """Return the codec with this name.

    Args:
        name: "json" or "pickle".
        types: The bot's own classes; see :class:`JsonCodec`.

    Returns:
        A codec whose ``bot`` you still have to set.

    Raises:
        ConfigurationError: The name is unknown, or ``types`` is wrong.
    """
    if name not in _CODECS:
        raise ConfigurationError(f"Unknown codec {name!r}. Choose one of: {', '.join(sorted(_CODECS))}.")
    package, cls = _CODECS[name]
    made: Any = getattr(import_module(package), cls)
    codec: Codec = made(types)
    return codec
