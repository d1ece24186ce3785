"""Keys: read from text, told apart by their ids, and shown to nobody."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING, Final, NoReturn

from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Key", "read_keys"]

_LENGTH: Final = 32
_ID_LENGTH: Final = 8
_MAKE_ONE: Final = 'Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'


class Key:
    """A secret of 32 bytes or more. Neither its text nor a copy of it can be had by accident.

    Args:
        secret: Its bytes, drawn at random.
    """

    __slots__ = ("_secret", "id")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.id = self.derived("key id")[:_ID_LENGTH].hex()

    def __repr__(self) -> str:
        return f"Key({self.id})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not to be copied, pickled or sent anywhere")

    def derived(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, so that no use of a key says anything about another one."""
        return hmac.digest(self._secret, b"ptb-bucket: " + purpose.encode(), "sha256")


def read_keys(given: str | bytes | Iterable[str | bytes | Key], source: str) -> tuple[Key, ...]:
    """Keys as people write them.

    Args:
        given: Base64 (either alphabet), separated by commas or one by one. Bytes are a key as it is; a key stays.
        source: Where they come from, for messages.

    Raises:
        ConfigurationError: One is damaged or too short, or there is none. Nothing of it is shown.
    """
    texts = [given] if isinstance(given, str | bytes) else list(given)
    parts = [part for text in texts for part in (text.split(",") if isinstance(text, str) else [text])]
    if not any(parts):
        raise ConfigurationError(f"{source} is set, but empty. {_MAKE_ONE}, or do not set it at all.")
    return tuple(_key(part, f"{source}: key number {number}") for number, part in enumerate(parts, 1))


def _key(part: str | bytes | Key, which: str) -> Key:
    if isinstance(part, Key):
        return part
    secret = _decoded(part, which) if isinstance(part, str) else part
    if not isinstance(secret, bytes):
        raise ConfigurationError(f"{which} is no text and no bytes. {_MAKE_ONE}")
    if len(secret) < _LENGTH:
        raise ConfigurationError(f"{which} is too short: a key has {_LENGTH} bytes or more. {_MAKE_ONE}")
    return Key(secret)


def _decoded(text: str, which: str) -> bytes:
    plain = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        # Python's own error would keep the text in its frames.
        raise ConfigurationError(f"{which} is no base64. {_MAKE_ONE}") from None
