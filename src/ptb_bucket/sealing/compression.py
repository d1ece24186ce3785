"""Compression, with a limit on what comes out: a few bytes can claim to be gigabytes."""

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
    """Bytes ↔ fewer bytes."""

    def compress(self, data: bytes) -> bytes:
        """All of it, in one piece."""

    def decompress(self, data: bytes, limit: int) -> bytes:
        """What was compressed. Memory is bounded by ``limit``, in bytes, whatever the data claims.

        Raises:
            CorruptDocumentError: It is damaged, or more than ``limit`` bytes come out.
        """


class _Stream(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Plain:
    """As it is."""

    def compress(self, data: bytes) -> bytes:
        """The same."""
        return data

    def decompress(self, data: bytes, limit: int) -> bytes:
        """The same, if that is not too much."""
        if len(data) > limit:
            raise _too_large(limit)
        return data


class Gzip:
    """The standard library's; equal bytes give equal bytes."""

    def compress(self, data: bytes) -> bytes:
        """A gzip stream without name and time."""
        stream = zlib.compressobj(wbits=_GZIP)
        return stream.compress(data) + stream.flush()

    def decompress(self, data: bytes, limit: int) -> bytes:
        """What is in it."""
        return _decompressed(zlib.decompressobj(_GZIP), data, limit, zlib.error)


class Zstd:
    """Faster and smaller; part of Python from 3.14, a package before."""

    def __init__(self) -> None:
        self._module = _zstd()

    def compress(self, data: bytes) -> bytes:
        """One frame, with a checksum."""
        return bytes(self._module.compress(data, options={self._module.CompressionParameter.checksum_flag: 1}))

    def decompress(self, data: bytes, limit: int) -> bytes:
        """What is in it."""
        options = {self._module.DecompressionParameter.window_log_max: _LARGEST_WINDOW}
        return _decompressed(self._module.ZstdDecompressor(options=options), data, limit, self._module.ZstdError)


COMPRESSIONS: Final[Mapping[str, Callable[[], Compression]]] = {NONE: Plain, "gzip": Gzip, "zstd": Zstd}


def open_compression(name: str) -> Compression:
    """The compression of that name.

    Raises:
        ConfigurationError: There is none, or its package is not installed.
    """
    if name not in COMPRESSIONS:
        raise ConfigurationError(f"compression={name!r}: unknown; there are {', '.join(COMPRESSIONS)}.")
    return COMPRESSIONS[name]()


def _zstd() -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415  only who chose it needs it
        else:
            from backports import zstd  # noqa: PLC0415  as above
    except ImportError as error:
        raise ConfigurationError(
            "compression=zstd needs a package, or Python 3.14: pip install 'ptb-bucket[zstd]'."
        ) from error
    return zstd


def _decompressed(stream: _Stream, data: bytes, limit: int, error: type[Exception]) -> bytes:
    try:
        plain = stream.decompress(data, limit + 1)
    except error:
        raise CorruptDocumentError("it is damaged: it cannot be decompressed") from None
    if len(plain) > limit:
        raise _too_large(limit)
    if not stream.eof or stream.unused_data:
        raise CorruptDocumentError("it is truncated, or something follows its compressed bytes")
    return plain


def _too_large(limit: int) -> CorruptDocumentError:
    return CorruptDocumentError(
        f"it is larger than {limit} bytes, decompressed. If that is right, raise the limit: "
        "?max_size=... in the URI, or Sealing(max_size=...)"
    )
