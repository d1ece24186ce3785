"""The TLS settings that a process's HTTP clients share."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

__all__ = ["tls_context", "trusted_certificates"]


@cache
def tls_context() -> ssl.SSLContext:
    """Return the TLS context that all HTTP clients of this process share.

    Reading the certificates takes longer than anything else that a client does at its start (about 15 ms of CPU), and
    python-telegram-bot makes two clients for a bot. A context contains settings, no connection.

    Returns:
        The context that httpx would create: it verifies certificates and host names, with the certificates of
        ``certifi``, or those that the environment variables ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name.
    """
    import httpx  # noqa: PLC0415  only bots and HTTP stores need it

    return httpx.create_ssl_context()


def trusted_certificates(variables: Sequence[str], scheme: str) -> ssl.SSLContext:
    """Return the TLS settings of a provider's light client, with the certificates that its SDK would use.

    Args:
        variables: The environment variables that name a file or folder of certificates for the SDK. The first one that
            is set counts. If none is set, the settings are those of :func:`tls_context`.
        scheme: The scheme of the store's URI, for messages.

    Raises:
        ConfigurationError: The certificates could not be read.
    """
    name = next((name for name in variables if os.environ.get(name)), None)
    return _reading(name, os.environ[name], scheme) if name else tls_context()


@cache
def _reading(name: str, place: str, scheme: str) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415  httpx has loaded it

    folder = os.path.isdir(place)  # noqa: PTH112  pathlib is not needed for anything else here
    try:
        return ssl.create_default_context(capath=place) if folder else ssl.create_default_context(cafile=place)
    except OSError as exc:
        raise ConfigurationError(
            f"{scheme}: The certificates in {place} could not be read: {exc}. Check {name}."
        ) from exc
