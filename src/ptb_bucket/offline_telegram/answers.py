"""Which answer a call gets: a planned refusal, a taught one, an implemented one, or one made from PTB's signature."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.api import METHODS, answer_by_default, formatted, method_of, post
from ptb_bucket.offline_telegram.errors import ApiError, UnknownMethodError
from ptb_bucket.offline_telegram.files import read_file, store_file

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

    @property
    def token(self) -> str:
        """Return the bot's token."""
        return f"{self._server.state.bot['id']}:offline"

    def upload(self, content: bytes, name: str, mime_type: str = "") -> str:
        """Store a file, and return its ID; see :meth:`OfflineTelegram.upload`."""
        return store_file(self._server.state, content, name, mime_type)

    def download(self, path: str, token: str) -> bytes:
        """Return the bytes of a file.

        Args:
            path: The ``file_path`` of getFile's answer.
            token: The token of the bot that asks.

        Returns:
            Its bytes.

        Raises:
            ApiError: The file does not exist, or the token is wrong.
        """
        self._check(token)
        return read_file(self._server.state, path)

    def call(self, method: str, parameters: JSON, token: str) -> Any:
        """Answer a call of the Bot API.

        Args:
            method: The method's name.
            parameters: Its parameters as plain JSON, with file IDs instead of files.
            token: The token of the bot that calls.

        Returns:
            The result, or an awaitable of it.

        Raises:
            ApiError: Telegram refuses the call.
            UnknownMethodError: Neither this Telegram nor PTB knows the method. Add it with
                :meth:`OfflineTelegram.answer`.
        """
        self._check(token)
        self._refuse(method)
        if taught := self.taught.get(method):
            return self._taught(taught(parameters), method, parameters)
        if method in METHODS:
            return METHODS[method](self._server, parameters)
        if method_of(method):
            return self._default(method, parameters)
        error = UnknownMethodError(method)
        self._server.unknown.append(error)
        self._server.bell.ring()
        raise error

    def _refuse(self, method: str) -> None:
        for planned in self.refusals:
            if planned[0] == method or (planned[0] is None and method not in _NEVER_REFUSED):
                self.refusals.remove(planned)
                raise planned[1]

    def _check(self, token: str) -> None:
        if token != self.token:
            raise ApiError("Unauthorized", code=401)

    def _default(self, method: str, parameters: JSON) -> Any:
        for name in _NAMED:
            if name in parameters:
                self._server.state.chat(parameters[name])
        return answer_by_default(method, parameters)

    def _taught(self, result: Any, method: str, parameters: JSON) -> Any:
        if inspect.isawaitable(result):
            return self._await(result, method, parameters)
        return self._complete(result, method, parameters)

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
            self._server.state.keep_message(message)
        return self._server.note_bot(message)
