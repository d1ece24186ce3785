"""python-telegram-bot without persistence, as it ships, or with one TLS context for its two clients."""

from __future__ import annotations

from typing import Any

from telegram.ext import Application, ApplicationBuilder, MessageHandler, filters  # noqa: F401  as in a bot
from telegram.request import HTTPXRequest


def require(_contestant: str) -> None:
    """Import nothing more."""


def builder(contestant: str, _settings: dict[str, str]) -> ApplicationBuilder[Any, Any, Any, Any, Any, Any]:
    """Return PTB's builder."""
    plain = ApplicationBuilder()
    if contestant == "ptb":
        return plain
    import httpx  # noqa: PLC0415  imported by PTB

    verify = {"verify": httpx.create_ssl_context()}
    request = HTTPXRequest(connection_pool_size=256, httpx_kwargs=verify)
    return plain.request(request).get_updates_request(HTTPXRequest(connection_pool_size=1, httpx_kwargs=verify))


async def save(_application: Application[Any, Any, Any, Any, Any, Any]) -> None:
    """Save nothing."""
