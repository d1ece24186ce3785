"""Sealing and opening documents of one bot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from ptb_bucket.errors import BrokenSealError, ConfigurationError, ForeignDocumentError, SealError
from ptb_bucket.sealing.compression import NONE, open_compression
from ptb_bucket.sealing.keys import ENCRYPTED, PROTECTIONS, SIGNED, UNPROTECTED
import json
from dataclasses import asdict, dataclass, fields
from typing import Final
from ptb_bucket.errors import CorruptDocumentError, ForeignDocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ptb_bucket.sealing.compression import Compression
    from ptb_bucket.sealing.keys import Key

__all__ = ["Envelope", "FORMAT", "MAGIC", "Sealer", "VARIABLES", "is_sealed"]

VARIABLES: Final[Mapping[str, str]] = {
    ENCRYPTED: "PTB_BUCKET_ENCRYPTION_KEYS",
    SIGNED: "PTB_BUCKET_SIGNING_KEYS",
}
"""How to protect → the environment variable with the keys for it."""

_SHOWN: Final = 80
_WORDS: Final[Mapping[str, str]] = {ENCRYPTED: "encrypted", SIGNED: "signed", UNPROTECTED: "not protected"}


class Sealer:
    """Seals with the current settings, and opens what they allow: never less protection than they ask for.

    Args:
        bot_id: Whose documents. None: whose the first document is that is opened; others' are refused from then on.
        protection: What every document must have: ``none``, ``hmac-sha256`` or ``aes-256-gcm``.
        keys: For it; the first one seals, each of them opens.
        compression: ``none``, ``gzip`` or ``zstd``, for what is written; what is read says itself.
        max_size: Bytes that a document may have, decompressed.

    Raises:
        ConfigurationError: Something that is needed is not installed, or unknown.
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
        """Compress and protect.

        Args:
            document: Its key, relative to the prefix; it opens under no other one.
            data: All of its bytes.

        Returns:
            The bytes to write; the same ones if nothing is to be done.

        Raises:
            ConfigurationError: It is not known whose document it is.
        """
        if self.protection == UNPROTECTED and self.compression == NONE and not is_sealed(data):
            return data
        if self.bot_id is None:
            raise ConfigurationError(f"Whose document {document} will be is not known: say the bot's id.")
        head = Envelope(self.bot_id, document, self.protection, self._first, self.compression).head
        payload = self._compression.compress(data)
        return head + (self._keys[self._first].seal(head, payload) if self._keys else payload)

    def is_current(self, data: bytes) -> bool:
        """Whether it claims to be sealed as :meth:`seal` would do it now. Only opening it proves that."""
        if not is_sealed(data):
            return self.protection == UNPROTECTED and self.compression == NONE
        found, _ = Envelope.split(data)
        return (found.protection, found.key_id, found.compression) == (self.protection, self._first, self.compression)

    # ---------------------------------------------------------------- opening

    def open(self, document: str, data: bytes) -> bytes:
        """Make sure of a document and give what was sealed.

        Args:
            document: The key under which it lies, relative to the prefix.
            data: All of its bytes.

        Raises:
            SealError: It has less protection than the settings ask for, or none of our keys fits.
            BrokenSealError: It was changed, or lay elsewhere when it was sealed.
            ForeignDocumentError: It is another bot's, or needs a newer version or a package.
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
            raise BrokenSealError("it is empty or truncated")
        if self.protection != UNPROTECTED:
            raise SealError(
                f"it is plain, and this bot opens only what is {_WORDS[self.protection]}. If it is from before that "
                "was set, 'ptb-bucket rekey --from-plain' seals it; if not, somebody else put it there"
            )
        return open_compression(NONE).decompress(data, self._max_size)

    def _proven(self, envelope: Envelope, sealed: bytes) -> bytes:
        """The payload; which protection counts is ours to say, not the document's."""
        if envelope.protection != self.protection:
            raise _unexpected(envelope, self.protection)
        if self.protection == UNPROTECTED:
            return sealed
        if envelope.key_id not in self._keys:
            raise SealError(
                f"it is {_WORDS[self.protection]} with the key {envelope.key_id}, and we have {', '.join(self._keys)}. "
                f"Add that key to {VARIABLES[self.protection]}, behind the first one"
            )
        return self._keys[envelope.key_id].open(envelope.head, sealed)

    def _check_place(self, envelope: Envelope, document: str) -> None:
        if envelope.document != document:
            raise BrokenSealError(f"it was sealed as {envelope.document[:_SHOWN]!r}, and somebody moved it here")
        if self.bot_id is not None and envelope.bot_id != self.bot_id:
            raise ForeignDocumentError(
                f"it was sealed for bot {envelope.bot_id}, and this is bot {self.bot_id}: use another prefix, such as "
                "one with {bot_id} in it"
            )


def _unexpected(envelope: Envelope, ours: str) -> SealError:
    theirs = _WORDS.get(envelope.protection, f"protected in an unknown way ({envelope.protection[:_SHOWN]!r})")
    if ours == UNPROTECTED:
        variable = VARIABLES.get(envelope.protection, "PTB_BUCKET_..._KEYS")
        return SealError(
            f"it is {theirs} with the key {envelope.key_id[:_SHOWN]!r}, and no keys are set. Set {variable}, or pass "
            "sealing=Sealing(...)"
        )
    return SealError(
        f"it is {theirs}, and this bot opens only what is {_WORDS[ours]}. If the settings were changed, 'ptb-bucket "
        "rekey' takes it over; if not, somebody else put it there"
    )


def _compression_of(envelope: Envelope) -> Compression:
    try:
        return open_compression(envelope.compression)
    except ConfigurationError as error:
        raise ForeignDocumentError(f"it cannot be decompressed here: {error}") from error


FORMAT: Final = 1
MAGIC: Final = b"ptb-bucket sealed "
_LONGEST: Final = 16_384  # a key has at most 1,024 bytes, six characters of JSON each


@dataclass(frozen=True)
class Envelope:
    """Whose document it is, where it lies below the prefix, and how it was sealed.

    ``key_id`` is empty where there is no key.
    """

    bot_id: str
    document: str
    protection: str
    key_id: str
    compression: str

    @property
    def head(self) -> bytes:
        """The line, with its end."""
        return MAGIC + json.dumps({"format": FORMAT, **asdict(self)}).encode() + b"\n"

    @classmethod
    def split(cls, data: bytes) -> tuple[Envelope, bytes]:
        """Take a sealed document apart. Nothing of it is proven yet.

        Raises:
            ForeignDocumentError: It is of a newer format.
            CorruptDocumentError: The line is none of ours.
        """
        end = data.find(b"\n", 0, _LONGEST) + 1
        try:
            found = json.loads(data[len(MAGIC) : end])
            envelope = cls._of(found)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise CorruptDocumentError("the line that says how it is sealed is damaged") from None
        if envelope.head != data[:end]:
            raise CorruptDocumentError("the line that says how it is sealed is not as we write it")
        return envelope, data[end:]

    @classmethod
    def _of(cls, found: dict[str, object]) -> Envelope:
        if type(found["format"]) is int and found["format"] > FORMAT:
            raise ForeignDocumentError(
                f"it is sealed in format {found['format']}, and this ptb-bucket opens up to {FORMAT}: upgrade it"
            )
        values = {field.name: found[field.name] for field in fields(cls)}
        if not all(type(value) is str for value in values.values()):
            raise TypeError("expected text")
        return cls(**values)  # type: ignore[arg-type]  # looked at above


def is_sealed(data: bytes) -> bool:
    """Whether it begins as a sealed document; all else is plain."""
    return data.startswith(MAGIC)
