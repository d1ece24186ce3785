"""What the application's context types say about data: what absent means, and which classes the codec has to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from telegram.ext import ContextTypes

from ptb_bucket.codecs import StoredAs
from ptb_bucket.state import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["defaults_of", "with_own_types"]

_BUILT_IN: Final = {"builtins", "collections"}


def defaults_of(context_types: ContextTypes[Any, Any, Any, Any] | None) -> dict[Kind, Callable[[], Any]]:
    """What absent bot, chat and user data stand for."""
    known = context_types or ContextTypes()
    return {Kind.BOT: known.bot_data, Kind.CHAT: known.chat_data, Kind.USER: known.user_data}


def with_own_types(types: Iterable[Any], defaults: Mapping[Kind, Callable[[], Any]]) -> list[Any]:
    """Add the classes of the context types, which the codec has to know too."""
    given = list(types)
    known = {item.cls if isinstance(item, StoredAs) else item for item in given}
    own = [cls for cls in dict.fromkeys(defaults.values()) if isinstance(cls, type)]
    return [*given, *(cls for cls in own if cls.__module__ not in _BUILT_IN and cls not in known)]
