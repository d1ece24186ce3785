"""What the user says about sealing: arguments, URI options and the environment, checked once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NoReturn

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.sealing.compression import NONE
from ptb_bucket.sealing.keys import Key, read_keys
from ptb_bucket.sealing.keys import ENCRYPTED, SIGNED, UNPROTECTED
from ptb_bucket.sealing.sealer import VARIABLES, Sealer
from ptb_bucket.stores import agreed

__all__ = ["Sealing"]

_Texts = str | bytes | Iterable[str | bytes | Key]
_Keys = _Texts | Callable[[], _Texts]

MAX_SIZE: Final = 256 * 1024 * 1024


class Sealing:
    """How documents are compressed, signed or encrypted. Keys that are not said here are read from the environment.

    A key is base64 of 32 random bytes or more: ``python -c "import secrets; print(secrets.token_urlsafe(32))"``.
    Several are separated by commas: the first one seals, each opens. With keys, a document that is plain or protected
    otherwise is refused, whatever it says about itself.

    Args:
        encryption_keys: Documents are encrypted and cannot be forged (AES-256-GCM; needs ``ptb-bucket[encryption]``).
            Text, texts, bytes, or a function that returns them and is called when a bot's state is opened. Without,
            ``PTB_BUCKET_ENCRYPTION_KEYS`` is read.
        signing_keys: Documents stay readable and cannot be forged (HMAC-SHA-256); as ``encryption_keys``. Without,
            ``PTB_BUCKET_SIGNING_KEYS`` is read. What is encrypted is signed as well: only one of both is set.
        compression: ``"gzip"``, ``"zstd"`` (needs ``ptb-bucket[zstd]``, or Python 3.14) or ``"none"`` (default), for
            what is written. Also a URI option.
        max_size: Bytes that a document may have when it is read, decompressed; 256 MiB by default. Also a URI option.
        environment: Where keys are looked for if no argument gives any; the process's environment by default.

    Raises:
        ConfigurationError: A key is no key, both kinds are set, or a package is missing. No key is ever shown.
    """

    OPTIONS: Final = ("compression", "max_size")
    """What may be said in a URI."""

    def __init__(
        self,
        *,
        encryption_keys: _Keys | None = None,
        signing_keys: _Keys | None = None,
        compression: str | None = None,
        max_size: int | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        given = {ENCRYPTED: encryption_keys, SIGNED: signing_keys}
        self._keys = _found(given) or _from_environment(os.environ if environment is None else environment)
        self._compression, self._max_size = compression, max_size
        if len(self._keys) > 1:
            raise ConfigurationError(
                "Keys for encryption and for signing are set. What is encrypted cannot be forged anyway: set one of "
                "both. ('ptb-bucket rekey' goes from one to the other.)"
            )
        if not any(callable(keys) for keys in self._keys.values()):
            self.sealer(None)  # what is wrong or missing is told before the bot is built

    def __repr__(self) -> str:
        return f"Sealing({', '.join(self._keys) or UNPROTECTED}, compression={self.compression})"

    @property
    def compression(self) -> str:
        """The name of what is used for writing."""
        return NONE if self._compression is None else self._compression

    def __reduce__(self) -> NoReturn:
        raise TypeError("Sealing holds keys: it is not to be copied, pickled or sent anywhere")

    def joined(self, options: Mapping[str, str]) -> Sealing:
        """The same with what a URI says.

        Args:
            options: By the names in :attr:`OPTIONS`.

        Raises:
            ConfigurationError: A value is no good, or an argument said otherwise.
        """
        size = _number(options["max_size"]) if "max_size" in options else None
        return Sealing(
            encryption_keys=self._keys.get(ENCRYPTED),
            signing_keys=self._keys.get(SIGNED),
            compression=agreed("compression", self._compression, options.get("compression")),
            max_size=agreed("max_size", self._max_size, size),
            environment={},
        )

    def sealer(self, bot_id: str | None, *, times: int = 1) -> Sealer:
        """What seals and opens one bot's documents.

        Args:
            bot_id: Whose; None or empty if that is still to be learnt from the first document.
            times: How many documents of the greatest size may be in one, as in a spool: it holds what it changes too.

        Raises:
            ConfigurationError: A function for keys returned none.
        """
        protection, keys = next(iter(self._keys.items()), (UNPROTECTED, ()))
        if callable(keys):
            keys = read_keys(keys(), "what the function for keys returned")
        size = times * (MAX_SIZE if self._max_size is None else self._max_size)
        return Sealer(bot_id or None, protection=protection, keys=keys, compression=self.compression, max_size=size)


_Kept = Mapping[str, tuple[Key, ...] | Callable[[], _Texts]]


def _found(given: Mapping[str, _Keys | None]) -> _Kept:
    names = {ENCRYPTED: "encryption_keys", SIGNED: "signing_keys"}
    return {
        way: keys if callable(keys) else read_keys(keys, names[way]) for way, keys in given.items() if keys is not None
    }


def _from_environment(environment: Mapping[str, str]) -> _Kept:
    return {
        way: read_keys(environment[variable], variable)
        for way, variable in VARIABLES.items()
        if variable in environment
    }


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ConfigurationError("max_size is a number of bytes, such as 268435456.")
    return int(text)
