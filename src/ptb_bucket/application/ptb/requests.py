"""PTB's request objects, made as PTB's builder makes them, with the TLS context that the process shares."""

from __future__ import annotations

from typing import Any, Final

from telegram.ext import ApplicationBuilder
from telegram.request import BaseRequest, HTTPXRequest

from ptb_bucket.application.ptb.noted_application import BD, BT, CCT, CD, JQ, UD
from ptb_bucket.stores import tls_context

__all__ = ["REQUEST_OPTIONS", "SharedTlsBuilder"]

TIMEOUTS: Final = ("connect_timeout", "read_timeout", "write_timeout", "pool_timeout")
REQUEST_OPTIONS: Final = frozenset(
    {"request", "connection_pool_size", "proxy", "socket_options", "http_version", *TIMEOUTS}
)
"""The builder's options of a request object. PTB has each twice: ``_proxy``, and ``_get_updates_proxy``."""

_DefaultValue: Final[Any] = type(BaseRequest.DEFAULT_NONE)
"""PTB's mark of an option that the author has not set."""


class SharedTlsBuilder(ApplicationBuilder[BT, CCT, UD, CD, BD, JQ]):
    """PTB's builder, whose two HTTP clients share one TLS context with the store's.

    PTB makes a context for each client, which takes most of a client's start. PTB calls ``_build_request`` in
    ``build()``, after all options are set, and only if it makes the bot itself.

    A request object is PTB's own in these cases: the author has set one; it uses HTTP/2, because httpcore changes the
    context then; it has socket options, because PTB passes those in a transport with a context of its own; or this
    version of PTB has other options than those that are known here, because one would be lost.
    """

    __slots__ = ()

    def _build_request(self, get_updates: bool) -> BaseRequest:  # noqa: FBT001  PTB's signature
        prefix = "_get_updates_" if get_updates else "_"
        if _request_options() == REQUEST_OPTIONS:
            options = {name: getattr(self, f"{prefix}{name}") for name in REQUEST_OPTIONS}
            if not get_updates:
                options["media_write_timeout"] = self._media_write_timeout
            if _can_share(options):
                return _sharing(options, pool_size=1 if get_updates else 256)
        return super()._build_request(get_updates)


def _request_options() -> set[str]:
    """Return the options of a request object that this version of PTB has."""
    twice = (name for name in ApplicationBuilder.__slots__ if name.startswith("_get_updates_"))
    return {name.removeprefix("_get_updates_") for name in twice}


def _can_share(options: dict[str, Any]) -> bool:
    own = not isinstance(options["request"], _DefaultValue)
    version = _DefaultValue.get_value(options["http_version"]) or "1.1"
    return not own and version == "1.1" and not _DefaultValue.get_value(options["socket_options"])


def _sharing(options: dict[str, Any], pool_size: int) -> HTTPXRequest:
    timeouts = (name for name in options if name.endswith("_timeout"))
    return HTTPXRequest(
        connection_pool_size=_DefaultValue.get_value(options["connection_pool_size"]) or pool_size,
        proxy=_DefaultValue.get_value(options["proxy"]),
        httpx_kwargs={"verify": tls_context()},
        **{name: options[name] for name in timeouts if not isinstance(options[name], _DefaultValue)},
    )
