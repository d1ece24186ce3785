"""What the application's context types say about data: what absent means, and which classes the codec has to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from telegram.ext import ContextTypes

from ptb_bucket.codecs import StoredAs
from ptb_bucket.state import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["defaults_of", "differing", "with_own_types"]

_BUILT_IN: Final = {"builtins", "collections"}


def defaults_of(context_types: ContextTypes[Any, Any, Any, Any] | None) -> dict[Kind, Callable[[], Any]]:
    """What absent bot, chat and user data stand for."""
    known = context_types or ContextTypes()
    return {Kind.BOT: known.bot_data, Kind.CHAT: known.chat_data, Kind.USER: known.user_data}


def differing(ours: Mapping[Kind, Callable[[], Any]], theirs: Mapping[Kind, Callable[[], Any]]) -> str:
    """Say in which kinds of data a persistence and its application differ, and what to do."""
    kinds = [
        f"{kind.value} is {_named(ours[kind])} for the persistence and {_named(theirs[kind])} for the application"
        for kind in ours
        if ours[kind] != theirs[kind]
    ]
    return (
        f"BucketPersistence has other context types than the application: {'; '.join(kinds)}. Pass them only to the "
        "application, .context_types(...), and make a BucketPersistence of its own for it, without context_types."
    )


def _named(make: Callable[[], Any]) -> str:
    return getattr(make, "__qualname__", type(make).__qualname__)


def with_own_types(types: Iterable[Any], defaults: Mapping[Kind, Callable[[], Any]]) -> list[Any]:
    """Add the classes of the context types, which the codec has to know too."""
    given = list(types)
    known = {item.cls if isinstance(item, StoredAs) else item for item in given}
    own = [cls for cls in dict.fromkeys(defaults.values()) if isinstance(cls, type)]
    return [*given, *(cls for cls in own if cls.__module__ not in _BUILT_IN and cls not in known)]
