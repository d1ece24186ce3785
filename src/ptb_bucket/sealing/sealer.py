"""Sealing and opening of a bot's documents."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import BrokenSealError, ConfigurationError, CorruptDocumentError, ForeignDocumentError, SealError
from ptb_bucket.sealing.compression import NONE, open_compression
from ptb_bucket.sealing.keys import ENCRYPTED, PROTECTIONS, SIGNED, UNPROTECTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ptb_bucket.sealing.compression import Compression
    from ptb_bucket.sealing.keys import Key

__all__ = ["FORMAT", "MAGIC", "VARIABLES", "Envelope", "Sealer", "is_sealed"]

VARIABLES: Final[Mapping[str, str]] = {
    ENCRYPTED: "PTB_BUCKET_ENCRYPTION_KEYS",
    SIGNED: "PTB_BUCKET_SIGNING_KEYS",
}
"""Protection → the environment variable with its keys."""

_SHOWN: Final = 80
_WORDS: Final[Mapping[str, str]] = {ENCRYPTED: "encrypted", SIGNED: "signed", UNPROTECTED: "not protected"}


FORMAT: Final = 1
MAGIC: Final = b"ptb-bucket sealed "
_LONGEST: Final = 16_384  # a key has at most 1,024 bytes, six characters of JSON each


@dataclass(frozen=True)
class Envelope:
    """The first line of a sealed document: its bot, its key below the prefix, and how it was sealed.

    ``key_id`` is empty if the document is neither signed nor encrypted.
    """

    bot_id: str
    document: str
    protection: str
    key_id: str
    compression: str

    @property
    def head(self) -> bytes:
        """Return the line with its line end."""
        return MAGIC + json.dumps({"format": FORMAT, **asdict(self)}).encode() + b"\n"

    @classmethod
    def split(cls, data: bytes) -> tuple[Envelope, bytes]:
        """Split a sealed document into its envelope and its sealed bytes, without verifying them.

        Raises:
            ForeignDocumentError: It has a newer format.
            CorruptDocumentError: ptb-bucket did not write the line.
        """
        end = data.find(b"\n", 0, _LONGEST) + 1
        try:
            found = json.loads(data[len(MAGIC) : end])
            envelope = cls._of(found)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise CorruptDocumentError("the first line of the sealed document is damaged") from None
        if envelope.head != data[:end]:
            raise CorruptDocumentError("the first line of the sealed document is not a ptb-bucket header")
        return envelope, data[end:]

    @classmethod
    def _of(cls, found: dict[str, object]) -> Envelope:
        if type(found["format"]) is int and found["format"] > FORMAT:
            raise ForeignDocumentError(
                f"the document is sealed in format {found['format']}, but this version of ptb-bucket only "
                f"supports formats up to {FORMAT}. Upgrade ptb-bucket"
            )
        values = {field.name: found[field.name] for field in fields(cls)}
        if not all(type(value) is str for value in values.values()):
            raise TypeError("expected text")
        return cls(**values)  # type: ignore[arg-type]  # checked above


def is_sealed(data: bytes) -> bool:
    """Return True if the data starts like a sealed document. All other data is plain."""
    return data.startswith(MAGIC)


class Sealer:
    """A sealer that writes documents with the current settings, and opens none with less protection than they demand.

    Args:
        bot_id: The bot that owns the documents. With None, it is the bot of the first document that is opened; other
            bots' documents are refused from then on.
        protection: The protection that every document must have: ``none``, ``hmac-sha256`` or ``aes-256-gcm``.
        keys: The keys for it. The first one is used for writing, all of them for reading.
        compression: ``none``, ``gzip`` or ``zstd``, for writing. Documents to read name their own compression.
        max_size: The most bytes that a document may have when decompressed.

    Raises:
        ConfigurationError: The protection or compression is unknown, or its package is not installed.
    """

    def __init__(
        self, bot_id: str | None, *, protection: str, keys: Sequence[Key], compression: str, max_size: int
    ) -> None:
        self.bot_id = bot_id
        self.protection = protection
        self.compression = compression
        self._compression = open_compression(compression)
        self._max_size = max_size
        self._keys = {key.id: PROTECTIONS[protection](key) for key in keys}
        self._first = keys[0].id if keys else ""

    def __repr__(self) -> str:
        keys = f", keys={list(self._keys)}" if self._keys else ""
        return f"Sealer(bot {self.bot_id}, {self.protection}{keys}, compression={self.compression})"

    # ---------------------------------------------------------------- sealing

    def seal(self, document: str, data: bytes) -> bytes:
        """Compress and protect a document.

        Args:
            document: The key, relative to the prefix. The document can be opened only under this key.
            data: All bytes of the document.

        Returns:
            The bytes to write; the same bytes if there is nothing to do.

        Raises:
            ConfigurationError: The bot's ID is not known.
        """
        if self.protection == UNPROTECTED and self.compression == NONE and not is_sealed(data):
            return data
        if self.bot_id is None:
            raise ConfigurationError(
                f"The document {document} cannot be sealed because the bot ID is unknown. Pass the bot ID."
            )
        head = Envelope(self.bot_id, document, self.protection, self._first, self.compression).head
        payload = self._compression.compress(data)
        return head + (self._keys[self._first].seal(head, payload) if self._keys else payload)

    def is_current(self, data: bytes) -> bool:
        """Return True if a document claims to be sealed as :meth:`seal` does now. Only :meth:`open` proves it."""
        if not is_sealed(data):
            return self.protection == UNPROTECTED and self.compression == NONE
        found, _ = Envelope.split(data)
        return (found.protection, found.key_id, found.compression) == (self.protection, self._first, self.compression)

    # ---------------------------------------------------------------- opening

    def open(self, document: str, data: bytes) -> bytes:
        """Verify a document and return its plain bytes.

        Args:
            document: The key under which the document is stored, relative to the prefix.
            data: All bytes of the document.

        Raises:
            SealError: The document has less protection than the settings demand, or none of our keys fits.
            BrokenSealError: The document was altered, or was sealed under another key.
            ForeignDocumentError: It belongs to another bot, or needs a newer version or another package.
            CorruptDocumentError: It cannot be read, or is too large.
        """
        if not is_sealed(data):
            return self._plain(data)
        envelope, sealed = Envelope.split(data)
        payload = self._proven(envelope, sealed)
        self._check_place(envelope, document)
        plain = _compression_of(envelope).decompress(payload, self._max_size)
        self.bot_id = envelope.bot_id
        return plain

    def _plain(self, data: bytes) -> bytes:
        if self.protection != UNPROTECTED and MAGIC.startswith(data):
            raise BrokenSealError("the document is empty or truncated")
        if self.protection != UNPROTECTED:
            raise SealError(
                f"the document is not sealed, but this bot only accepts {_WORDS[self.protection]} documents. If "
                "the document predates this setting, seal it with 'ptb-bucket rekey --from-plain'. "
                "Otherwise, it was written by someone else"
            )
        return open_compression(NONE).decompress(data, self._max_size)

    def _proven(self, envelope: Envelope, sealed: bytes) -> bytes:
        """Return the verified payload. The settings decide which protection is required, not the document."""
        if envelope.protection != self.protection:
            raise _unexpected(envelope, self.protection)
        if self.protection == UNPROTECTED:
            return sealed
        if envelope.key_id not in self._keys:
            raise SealError(
                f"the document is {_WORDS[self.protection]} with key {envelope.key_id}, but this bot only has "
                f"{', '.join(self._keys)}. Add the missing key to {VARIABLES[self.protection]}, after the first key"
            )
        return self._keys[envelope.key_id].open(envelope.head, sealed)

    def _check_place(self, envelope: Envelope, document: str) -> None:
        if envelope.document != document:
            raise BrokenSealError(
                f"the document was sealed as {envelope.document[:_SHOWN]!r} and then moved to another key"
            )
        if self.bot_id is not None and envelope.bot_id != self.bot_id:
            raise ForeignDocumentError(
                f"the document was sealed for bot {envelope.bot_id}, but this is bot {self.bot_id}. Use another "
                "prefix, for example one with {bot_id}"
            )


def _unexpected(envelope: Envelope, ours: str) -> SealError:
    theirs = _WORDS.get(envelope.protection, f"protected in an unknown way ({envelope.protection[:_SHOWN]!r})")
    if ours == UNPROTECTED:
        variable = VARIABLES.get(envelope.protection, "PTB_BUCKET_..._KEYS")
        return SealError(
            f"the document is {theirs} with key {envelope.key_id[:_SHOWN]!r}, but no keys are set. Set "
            f"{variable}, or pass sealing=Sealing(...)"
        )
    return SealError(
        f"the document is {theirs}, but this bot only accepts {_WORDS[ours]} documents. If you changed the "
        "settings, seal the document again with 'ptb-bucket rekey'. Otherwise, it was written by someone else"
    )


def _compression_of(envelope: Envelope) -> Compression:
    try:
        return open_compression(envelope.compression)
    except ConfigurationError as error:
        raise ForeignDocumentError(
            f"the document's compression format is not supported. {str(error).rstrip('.')}"
        ) from error
