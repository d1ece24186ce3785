"""The request object that connects PTB to an offline Telegram."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any, Protocol

from telegram.request import BaseRequest

from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import copied

if TYPE_CHECKING:
    from telegram.request import RequestData

    from ptb_bucket.offline_telegram.json import JSON

__all__ = ["OfflineRequest"]


class Answering(Protocol):
    """The part of an :class:`OfflineTelegram` that answers calls of the Bot API."""

    def call(self, method: str, parameters: JSON, token: str) -> Any: ...


class OfflineRequest(BaseRequest):
    """A ``telegram.request.BaseRequest`` that an :class:`OfflineTelegram` answers.

    As with PTB's own class, a request after :meth:`shutdown` fails. This reveals code that talks to Telegram too late,
    for example while the persistence saves.

    Args:
        telegram: The offline Telegram.
    """

    __slots__ = ("_closed", "_telegram")

    def __init__(self, telegram: Answering) -> None:
        self._telegram = telegram
        self._closed = False

    @property
    def read_timeout(self) -> float:
        """Return the timeout in seconds; PTB adds it to getUpdates' own timeout."""
        return 5.0

    async def initialize(self) -> None:
        """Accept requests."""
        self._closed = False

    async def shutdown(self) -> None:
        """Refuse further requests."""
        self._closed = True

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **__: Any
    ) -> tuple[int, bytes]:
        """Pass the call on, and return the response that Telegram's HTTP server would send.

        Args:
            url: The URL; its last parts are the token and the Bot API's method.
            method: The HTTP method; not used.
            request_data: The parameters.
            _: Timeouts; not used, because nothing here takes long.
            __: Timeouts, too.

        Returns:
            The HTTP status and the body.

        Raises:
            RuntimeError: This request object was shut down.
            UnknownMethodError: The offline Telegram does not know the method.
        """
        del method
        if self._closed:
            raise RuntimeError("This OfflineRequest is not initialized!")
        path, _slash, name = url.rpartition("/")
        token = path.rpartition("/bot")[2]
        try:
            result = self._telegram.call(name, copied(request_data.parameters if request_data else {}), token)
            answer = await result if inspect.isawaitable(result) else result
        except ApiError as error:
            return error.code, _refusal(error)
        return 200, json.dumps({"ok": True, "result": answer}).encode()


def _refusal(error: ApiError) -> bytes:
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
    return json.dumps(body | ({"parameters": error.parameters} if error.parameters else {})).encode()
