"""python-telegram-bot with PicklePersistence, which saves before the answer."""

from __future__ import annotations

from typing import Any

from telegram.ext import Application, ApplicationBuilder, MessageHandler, PicklePersistence, filters  # noqa: F401


def require(_contestant: str) -> None:
    """Import nothing more."""


def builder(_contestant: str, settings: dict[str, str]) -> ApplicationBuilder[Any, Any, Any, Any, Any, Any]:
    """Return PTB's builder."""
    return ApplicationBuilder().persistence(PicklePersistence(f"{settings['folder']}/bot.pickle"))


async def save(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
    """Write what has changed."""
    await application.update_persistence()
