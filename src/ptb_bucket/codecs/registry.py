"""The registry of codecs, by their names in URIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.codecs.json import JsonCodec
from ptb_bucket.codecs.pickle import PickleCodec
from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.codecs.base import Codec
    from ptb_bucket.codecs.types import StoredAs

__all__ = ["open_codec"]

_CODECS: dict[str, type[JsonCodec | PickleCodec]] = {"json": JsonCodec, "pickle": PickleCodec}


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
    return _CODECS[name](types)
