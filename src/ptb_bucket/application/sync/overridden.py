"""The methods that a subclass of BucketPersistence overrides: BucketApplication awaits them, as PTB does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.persistence import BucketPersistence
from ptb_bucket.state import Kind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ptb_bucket.state import Record

__all__ = ["Call", "Overridden"]

Call: TypeAlias = "Callable[[], Awaitable[None]]"

_UPDATES: Final = {
    Kind.BOT: "update_bot_data",
    Kind.CHAT: "update_chat_data",
    Kind.USER: "update_user_data",
    Kind.CONVERSATION: "update_conversation",
    Kind.CALLBACK: "update_callback_data",
}
_DROPS: Final = {Kind.CHAT: "drop_chat_data", Kind.USER: "drop_user_data"}
_REFRESHES: Final = {Kind.BOT: "refresh_bot_data", Kind.CHAT: "refresh_chat_data", Kind.USER: "refresh_user_data"}
_NAMES: Final = frozenset({*_UPDATES.values(), *_DROPS.values(), *_REFRESHES.values()})
_GETS: Final = {
    "get_chat_data": "override refresh_chat_data",
    "get_user_data": "override refresh_user_data",
    "get_conversations": "choose another layout",
    "get_callback_data": "choose another layout",
}


class Overridden:
    """The methods of one persistence that are not BucketPersistence's own: from a subclass, a mixin or the object.

    Args:
        persistence: The persistence.
    """

    def __init__(self, persistence: BucketPersistence[Any, Any, Any]) -> None:
        self._persistence = persistence

    def _own(self, name: str | None) -> Any:
        """Return the method if it is overridden, in a class, a mixin, or on the object; else None."""
        persistence = self._persistence
        if name is None or not (
            name in vars(persistence) or getattr(type(persistence), name) is not getattr(BucketPersistence, name)
        ):
            return None
        return getattr(persistence, name)

    @property
    def is_any(self) -> bool:
        """Tell whether any method may be overridden: the class is another one, or the object has such attributes."""
        return type(self._persistence) is not BucketPersistence or not _NAMES.isdisjoint(vars(self._persistence))

    def update(self, record: Record) -> Callable[[Any], Call] | None:
        """Return what makes a call of the overridden method that saves a record's data; None if it is our own."""
        method = self._own(_UPDATES.get(record.kind))
        if method is None:
            return None
        if record.kind is Kind.CONVERSATION:
            name, key = record.conversation
            return lambda state: partial(method, name=name, key=key, new_state=state)
        ids = (record.number,) if record.kind in _DROPS else ()
        return lambda data: partial(method, *ids, data)

    def drop(self, record: Record) -> Call | None:
        """Return the overridden method that drops a record's data; None if it is our own."""
        if record.kind is Kind.CONVERSATION:
            ended = self.update(record)
            return ended and ended(None)
        method = self._own(_DROPS.get(record.kind))
        return method and partial(method, record.number)

    def callback_data(self) -> Callable[[Any], Call] | None:
        """Return what makes a call of the overridden method that saves callback data; None if it is our own."""
        method = self._own(_UPDATES[Kind.CALLBACK])
        return None if method is None else lambda data: partial(method, data)

    def refresh(self, record: Record) -> Callable[[Any], Call] | None:
        """Return what makes a call of the overridden method that refreshes live data; None if it is our own."""
        method = self._own(_REFRESHES.get(record.kind))
        if method is None:
            return None
        ids = (record.number,) if record.kind in _DROPS else ()
        return lambda live: partial(method, *ids, live)

    def check_layout(self, name: str) -> None:
        """Refuse overridden methods that a layout which reads on demand would not call.

        Raises:
            ConfigurationError: A method is overridden that returns everything at once.
        """
        for method, advice in _GETS.items():
            if self._own(method) is not None:
                raise ConfigurationError(
                    f"{type(self._persistence).__name__} overrides {method}(), but it is never called with layout "
                    f"{name}, which loads records on demand. Instead, {advice}."
                )
