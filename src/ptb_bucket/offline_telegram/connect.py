"""Builders of Applications that talk to an offline Telegram."""

from __future__ import annotations

import functools
import typing
from typing import TYPE_CHECKING, Any, TypeVar

from telegram.request import HTTPXRequest

from ptb_bucket.offline_telegram.request import OfflineRequest

if TYPE_CHECKING:
    from collections.abc import Hashable

    from telegram.ext import ApplicationBuilder

    from ptb_bucket.offline_telegram.request import Answering

__all__ = ["connect"]

AnyBuilder = TypeVar("AnyBuilder", bound="ApplicationBuilder[Any, Any, Any, Any, Any, Any]")

# Settings of the network, which have no effect and do no harm here.
_OF_A_REQUEST = (
    "connect_timeout", "read_timeout", "write_timeout", "pool_timeout", "media_write_timeout", "connection_pool_size",
    "http_version", "proxy", "socket_options",
)  # fmt: skip
_IGNORED = (
    "token", "base_url", "base_file_url", "local_mode", *_OF_A_REQUEST,
    *(f"get_updates_{name}" for name in _OF_A_REQUEST if name != "media_write_timeout"),
)  # fmt: skip


def connect(builder: AnyBuilder, telegram: Answering) -> AnyBuilder:
    """Connect a builder to an offline Telegram; see :meth:`OfflineTelegram.connect`."""
    builder.token(telegram.token).request(OfflineRequest(telegram)).get_updates_request(OfflineRequest(telegram))
    builder.__class__ = _offline(typing.cast("Hashable", type(builder)))
    return builder


@functools.cache
def _offline(of: Hashable) -> type[Any]:
    """Return a builder class that behaves as this one, except for settings of the network."""
    kind: type[Any] = typing.cast("type[Any]", of)
    ignored = {name: _ignore for name in _IGNORED if hasattr(kind, name)}
    requests = {name: _unless_real(name, kind) for name in ("request", "get_updates_request")}
    return type(kind.__name__, (kind,), {"__slots__": (), "__module__": kind.__module__} | ignored | requests)


def _ignore(builder: Any, *_: Any, **__: Any) -> Any:
    return builder


def _unless_real(name: str, kind: type[Any]) -> Any:
    def method(builder: Any, request: Any) -> Any:
        return builder if isinstance(request, HTTPXRequest) else getattr(kind, name)(builder, request)

    return method
