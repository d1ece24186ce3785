"""The settings of sealing: arguments, URI options and the environment, checked once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NoReturn

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.sealing.compression import NONE
from ptb_bucket.sealing.keys import ENCRYPTED, SIGNED, UNPROTECTED, Key, read_keys
from ptb_bucket.sealing.sealer import VARIABLES, Sealer
from ptb_bucket.stores import agreed

__all__ = ["Sealing"]

_Texts = str | bytes | Iterable[str | bytes | Key]
_Keys = _Texts | Callable[[], _Texts]

MAX_SIZE: Final = 256 * 1024 * 1024


class Sealing:
    """The settings for compressing, signing and encrypting documents. The environment supplies keys not passed here.

    A key is base64 of at least 32 random bytes: ``python -c "import secrets; print(secrets.token_urlsafe(32))"``.
    Separate several keys with commas. The first key is used for writing, all of them for reading. If keys are set,
    plain documents and documents with another protection are refused.

    Args:
        encryption_keys: Keys that encrypt documents and protect them from forgery (AES-256-GCM; needs
            ``ptb-bucket[encryption]``). Pass text, several texts, bytes, or a function that returns them and is called
            when a bot's state is opened. By default, ``PTB_BUCKET_ENCRYPTION_KEYS`` is read.
        signing_keys: Keys that protect documents from forgery and leave them readable (HMAC-SHA-256), in the same
            forms. By default, ``PTB_BUCKET_SIGNING_KEYS`` is read. Encryption includes a signature, so set only one.
        compression: ``"gzip"``, ``"zstd"`` (needs ``ptb-bucket[zstd]`` or Python 3.14) or ``"none"`` (default), for
            writing. Also a URI option.
        max_size: The most bytes of a document that is read, when decompressed; 256 MiB by default. Also a URI option.
        environment: The environment to read keys from if no argument has any; by default the process's.

    Raises:
        ConfigurationError: A key is invalid, both kinds are set, or a package is missing. The message shows no key.
    """

    OPTIONS: Final = ("compression", "max_size")
    """The settings that can be URI options."""

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
                "Encryption keys and signing keys are both set. Set only one: encryption already protects documents "
                "from forgery. To switch from one to the other, run 'ptb-bucket rekey'."
            )
        if not any(callable(keys) for keys in self._keys.values()):
            self.sealer(None)  # raises errors before the bot is built

    def __repr__(self) -> str:
        return f"Sealing({', '.join(self._keys) or UNPROTECTED}, compression={self.compression})"

    @property
    def compression(self) -> str:
        """Return the name of the compression for writing."""
        return NONE if self._compression is None else self._compression

    def __reduce__(self) -> NoReturn:
        raise TypeError("Sealing objects hold keys and can't be copied or pickled.")

    def joined(self, options: Mapping[str, str]) -> Sealing:
        """Return the settings with the options of a URI.

        Args:
            options: The options, by the names in :attr:`OPTIONS`.

        Raises:
            ConfigurationError: A value is invalid, or differs from an argument.
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
        """Return the sealer of a bot's documents.

        Args:
            bot_id: The bot's ID; None or empty to take it from the first document.
            times: The number of documents of the greatest size that fit into one, for spool files: they contain the
                document that they change too.

        Raises:
            ConfigurationError: A function for keys returned none.
        """
        protection, keys = next(iter(self._keys.items()), (UNPROTECTED, ()))
        if callable(keys):
            keys = read_keys(keys(), "the result of the function for keys")
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
        raise ConfigurationError("max_size must be a number of bytes, for example 268435456.")
    return int(text)
