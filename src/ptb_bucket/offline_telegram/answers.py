"""Which answer a call gets: a planned refusal, a taught one, an implemented one, or one made from PTB's signature."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.api import METHODS, answer_by_default, formatted, method_of, post
from ptb_bucket.offline_telegram.errors import ApiError, UnknownMethodError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.offline_telegram.json import JSON
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["Answers"]

_NEVER_REFUSED = {"getUpdates", "getMe"}
# Parameters by which a call names a chat or a message that has to exist.
_NAMED = ("chat_id", "from_chat_id")


class Answers:
    """The answers to calls of the Bot API.

    Attributes:
        taught: Handlers by method.
        refusals: Errors of the next calls, each with its method or None for any.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.taught: dict[str, Callable[[JSON], Any]] = {}
        self.refusals: list[tuple[str | None, ApiError]] = []

    def find(self, method: str, parameters: JSON) -> Any:
        """Answer a call; see :meth:`OfflineTelegram.call`."""
        self._refuse(method)
        if taught := self.taught.get(method):
            result = taught(parameters)
            if inspect.isawaitable(result):
                return self._await(result, method, parameters)
            return self._complete(result, method, parameters)
        if method in METHODS:
            return METHODS[method](self._server, parameters)
        if method_of(method):
            for name in _NAMED:
                if name in parameters:
                    self._server.state.chat(parameters[name])
            return answer_by_default(method, parameters)
        error = UnknownMethodError(method)
        self._server.unknown.append(error)
        self._server.bell.ring()
        raise error

    def _refuse(self, method: str) -> None:
        for planned in self.refusals:
            if planned[0] == method or (planned[0] is None and method not in _NEVER_REFUSED):
                self.refusals.remove(planned)
                raise planned[1]

    async def _await(self, result: Any, method: str, parameters: JSON) -> Any:
        return self._complete(await result, method, parameters)

    def _complete(self, result: Any, method: str, parameters: JSON) -> Any:
        """Make a message of what a handler returned for it, and note messages, so that later calls see them."""
        if isinstance(result, list):
            return [self._complete(one, method, parameters) for one in result]
        if not isinstance(result, dict):
            return result
        if "message_id" in result and "chat" in result:
            return self._noted(result)
        if method.startswith("send") and "chat_id" in parameters:
            caption = formatted(parameters, "caption", entities="caption_entities")
            return post(self._server, parameters, caption | result)
        return result

    def _noted(self, message: JSON) -> JSON:
        stored = self._server.state.find_message(message["chat"]["id"], message["message_id"])
        if stored is None:
            self._server.state.messages.append(message)
        return self._server.note_bot(message)
