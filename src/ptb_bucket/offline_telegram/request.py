"""The wire: PTB's request object, answered by an offline Telegram."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

from telegram.request import BaseRequest

from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import copied

if TYPE_CHECKING:
    from telegram.request import RequestData

    from ptb_bucket.offline_telegram.telegram import OfflineTelegram

__all__ = ["OfflineRequest"]


class OfflineRequest(BaseRequest):
    """A ``telegram.request.BaseRequest`` whose other end is an :class:`OfflineTelegram`.

    As with PTB's own, a request after :meth:`shutdown` fails: that is how it shows when something talks to Telegram
    too late, for example while the persistence is saved.

    Args:
        telegram: Who answers.
    """

    __slots__ = ("_closed", "_telegram")

    def __init__(self, telegram: OfflineTelegram) -> None:
        self._telegram = telegram
        self._closed = False

    @property
    def read_timeout(self) -> float:
        """Seconds; PTB adds it to getUpdates' own timeout."""
        return 5.0

    async def initialize(self) -> None:
        """Open."""
        self._closed = False

    async def shutdown(self) -> None:
        """Close."""
        self._closed = True

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **__: Any
    ) -> tuple[int, bytes]:
        """Hand the call over and bring back what Telegram's HTTP server would.

        Args:
            url: Its last parts are the token and the Bot API's method.
            method: The HTTP method, which does not matter.
            request_data: The parameters.
            _: Timeouts; nothing here takes long.
            __: Timeouts, too.

        Returns:
            The HTTP status and the body.

        Raises:
            RuntimeError: This request object was shut down.
            UnknownMethodError: Nobody has taught this Telegram that method.
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
