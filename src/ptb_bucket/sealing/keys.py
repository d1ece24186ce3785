"""Keys and the two ways to protect documents with them. No message shows a key."""

from __future__ import annotations

import base64
import binascii
import functools
import hmac
import os
from typing import TYPE_CHECKING, Final, NoReturn, Protocol

from ptb_bucket.errors import BrokenSealError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ENCRYPTED", "PROTECTIONS", "SIGNED", "UNPROTECTED", "Key", "Protection", "read_keys"]

_LENGTH: Final = 32
_ID_LENGTH: Final = 8
_MAKE_ONE: Final = 'To create a key, run: python -c "import secrets; print(secrets.token_urlsafe(32))"'


class Key:
    """A secret of at least 32 bytes, which cannot be printed or copied by accident.

    Args:
        secret: The random bytes.
    """

    __slots__ = ("_secret", "id")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.id = self.derived("key id")[:_ID_LENGTH].hex()

    def __repr__(self) -> str:
        return f"Key({self.id})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Keys can't be copied or pickled.")

    def derived(self, purpose: str) -> bytes:
        """Return a key of 32 bytes for one purpose, so that no use of a key reveals anything about another."""
        return hmac.digest(self._secret, b"ptb-bucket: " + purpose.encode(), "sha256")


def read_keys(given: str | bytes | Iterable[str | bytes | Key], source: str) -> tuple[Key, ...]:
    """Read keys from the forms in which users give them.

    Args:
        given: Base64 text (either alphabet), one key or several separated by commas; raw bytes; or ``Key`` objects.
        source: The origin of the keys, for messages.

    Raises:
        ConfigurationError: A key is damaged or too short, or there is none. The message does not show any key.
    """
    texts = [given] if isinstance(given, str | bytes) else list(given)
    parts = [part for text in texts for part in (text.split(",") if isinstance(text, str) else [text])]
    if not any(parts):
        raise ConfigurationError(f"{source} is set but empty. Remove it, or set a key. {_MAKE_ONE}")
    return tuple(_key(part, f"{source}: key number {number}") for number, part in enumerate(parts, 1))


def _key(part: str | bytes | Key, which: str) -> Key:
    if isinstance(part, Key):
        return part
    secret = _decoded(part, which) if isinstance(part, str) else part
    if not isinstance(secret, bytes):
        raise ConfigurationError(f"{which} must be text or bytes. {_MAKE_ONE}")
    if len(secret) < _LENGTH:
        raise ConfigurationError(f"{which} is too short. A key must have at least {_LENGTH} bytes. {_MAKE_ONE}")
    return Key(secret)


def _decoded(text: str, which: str) -> bytes:
    plain = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        # Python's own error would keep the key in its frames.
        raise ConfigurationError(f"{which} is not valid base64. {_MAKE_ONE}") from None


UNPROTECTED: Final = "none"
SIGNED: Final = "hmac-sha256"
ENCRYPTED: Final = "aes-256-gcm"

_DIGEST = 32
_SALT: Final = 32
_AES: Final = 32
_NONCE: Final = 12
_NOTHING_SEALED: Final = bytes.fromhex("530f8afbc74536b9a963b4f1c4cb738b")
"""The tag of no bytes under a key and a nonce of zeros: test case 13 of the specification of GCM."""
_DERIVED_FROM: Final = b"\x0b" * 22
_DERIVED: Final = bytes.fromhex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
"""The key material that HKDF derives without salt and info: test case 3 of RFC 5869."""


class Protection(Protocol):
    """A way to protect documents, with one key."""

    def seal(self, head: bytes, payload: bytes) -> bytes:
        """Return the sealed bytes that follow ``head``."""

    def open(self, head: bytes, sealed: bytes) -> bytes:
        """Return the payload.

        Raises:
            BrokenSealError: It was not sealed with this key and this head, or was altered.
        """


class Signature:
    """A protection that puts an HMAC-SHA-256 of header line and payload in front of the payload."""

    def __init__(self, key: Key) -> None:
        self._key = key.derived(SIGNED)

    def _digest(self, head: bytes, payload: bytes) -> bytes:
        return hmac.digest(self._key, head + payload, "sha256")  # a head is exactly one line, so its end is unambiguous

    def seal(self, head: bytes, payload: bytes) -> bytes:
        """Return digest and payload."""
        return self._digest(head, payload) + payload

    def open(self, head: bytes, sealed: bytes) -> bytes:
        """Return the payload."""
        payload = sealed[_DIGEST:]
        if not hmac.compare_digest(self._digest(head, payload), sealed[:_DIGEST]):
            raise _broken()
        return payload


class Encryption:
    """A protection by AES-256-GCM under a new key for each write, from HKDF (RFC 5869) with our key and a salt.

    A random nonce alone is safe only for 2^32 writes, and a bot that saves each update writes for years. The salt has
    256 bits and determines both key and nonce, which is enough for any number of writes.
    """

    def __init__(self, key: Key) -> None:
        try:
            from cryptography.exceptions import InvalidTag  # noqa: PLC0415  needed only for encryption
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  as above
            from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415  as above
            from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415  as above
        except ImportError as error:
            raise ConfigurationError(
                "Encryption requires an additional package. Run: pip install 'ptb-bucket[encryption]'."
            ) from error
        if AESGCM(bytes(_AES)).encrypt(bytes(_NONCE), b"", None) != _NOTHING_SEALED:
            raise ConfigurationError(
                "The installed version of cryptography does not compute AES-256-GCM correctly. Install another version."
            )
        if HKDF(SHA256(), len(_DERIVED), salt=b"", info=b"").derive(_DERIVED_FROM) != _DERIVED:
            raise ConfigurationError(
                "The installed version of cryptography does not compute HKDF-SHA-256 correctly. Install another "
                "version."
            )
        self._key = key.derived(ENCRYPTED)
        self._cipher, self._invalid = AESGCM, InvalidTag
        self._derivation = functools.partial(HKDF, SHA256(), _AES + _NONCE, info=b"")

    def _fresh(self, salt: bytes) -> tuple[bytes, bytes]:
        """Derive a key and a nonce from our key and a salt."""
        derived: bytes = self._derivation(salt=salt).derive(self._key)
        return derived[:_AES], derived[_AES:]

    def seal(self, head: bytes, payload: bytes) -> bytes:
        """Return salt, ciphertext and tag."""
        salt = os.urandom(_SALT)
        key, nonce = self._fresh(salt)
        return salt + self._cipher(key).encrypt(nonce, payload, head)

    def open(self, head: bytes, sealed: bytes) -> bytes:
        """Return the payload."""
        key, nonce = self._fresh(sealed[:_SALT])
        try:
            return self._cipher(key).decrypt(nonce, sealed[_SALT:], head)
        except (self._invalid, ValueError):
            raise _broken() from None


PROTECTIONS: Final[Mapping[str, type[Signature | Encryption]]] = {SIGNED: Signature, ENCRYPTED: Encryption}


def _broken() -> BrokenSealError:
    return BrokenSealError("the seal does not match: the document was altered or truncated")
