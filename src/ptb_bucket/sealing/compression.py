"""Compression, with a limit on decompressed sizes, because a few bytes can expand to gigabytes."""

from __future__ import annotations

import sys
import zlib
from typing import TYPE_CHECKING, Any, Final, Protocol

from ptb_bucket.errors import ConfigurationError, CorruptDocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["COMPRESSIONS", "NONE", "Compression", "open_compression"]

NONE: Final = "none"
_GZIP: Final = 31  # zlib's number for a gzip stream with the largest window
_LARGEST_WINDOW: Final = 24  # log2 of bytes; what we write needs 21


class Compression(Protocol):
    """A way to compress bytes."""

    def compress(self, data: bytes) -> bytes:
        """Return the data compressed, in one piece."""

    def decompress(self, data: bytes, limit: int) -> bytes:
        """Return the decompressed data. ``limit`` bounds the memory in bytes, for any data.

        Raises:
            CorruptDocumentError: The data is damaged, or has more than ``limit`` bytes when decompressed.
        """


class _Stream(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Plain:
    """The compression ``none``: data stays as it is."""

    def compress(self, data: bytes) -> bytes:
        """Return the same bytes."""
        return data

    def decompress(self, data: bytes, limit: int) -> bytes:
        """Return the same bytes unless they exceed the limit."""
        if len(data) > limit:
            raise _too_large(limit)
        return data


class Gzip:
    """The compression of the standard library. Equal data gives equal bytes."""

    def compress(self, data: bytes) -> bytes:
        """Return a gzip stream without name and time."""
        stream = zlib.compressobj(wbits=_GZIP)
        return stream.compress(data) + stream.flush()

    def decompress(self, data: bytes, limit: int) -> bytes:
        """Return the decompressed data."""
        return _decompressed(zlib.decompressobj(_GZIP), data, limit, zlib.error)


class Zstd:
    """A faster and smaller compression: part of Python since 3.14, a package before."""

    def __init__(self) -> None:
        self._module = _zstd()

    def compress(self, data: bytes) -> bytes:
        """Return one frame with a checksum."""
        return bytes(self._module.compress(data, options={self._module.CompressionParameter.checksum_flag: 1}))

    def decompress(self, data: bytes, limit: int) -> bytes:
        """Return the decompressed data."""
        options = {self._module.DecompressionParameter.window_log_max: _LARGEST_WINDOW}
        return _decompressed(self._module.ZstdDecompressor(options=options), data, limit, self._module.ZstdError)


COMPRESSIONS: Final[Mapping[str, Callable[[], Compression]]] = {NONE: Plain, "gzip": Gzip, "zstd": Zstd}


def open_compression(name: str) -> Compression:
    """Return the compression of a name.

    Raises:
        ConfigurationError: The name is unknown, or its package is not installed.
    """
    if name not in COMPRESSIONS:
        raise ConfigurationError(f"Unknown compression {name!r}. Choose one of: {', '.join(COMPRESSIONS)}.")
    return COMPRESSIONS[name]()


def _zstd() -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415  needed only for this compression
        else:
            from backports import zstd  # noqa: PLC0415  as above
    except ImportError as error:
        raise ConfigurationError(
            "compression=zstd requires Python 3.14 or an additional package. Run: pip install 'ptb-bucket[zstd]'."
        ) from error
    return zstd


def _decompressed(stream: _Stream, data: bytes, limit: int, error: type[Exception]) -> bytes:
    try:
        plain = stream.decompress(data, limit + 1)
    except error:
        raise CorruptDocumentError("the compressed data is damaged") from None
    if len(plain) > limit:
        raise _too_large(limit)
    if not stream.eof or stream.unused_data:
        raise CorruptDocumentError("the compressed data is truncated or has trailing bytes")
    return plain


def _too_large(limit: int) -> CorruptDocumentError:
    return CorruptDocumentError(
        f"the document is larger than {limit} bytes when decompressed. If you expect this size, raise the limit "
        "with ?max_size=... in the URI or Sealing(max_size=...)"
    )
