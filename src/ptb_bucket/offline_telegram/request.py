"""The request object that connects PTB to an offline Telegram."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from telegram.request import BaseRequest

from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import copied

if TYPE_CHECKING:
    from telegram.request import RequestData

    from ptb_bucket.offline_telegram.answers import Answers
    from ptb_bucket.offline_telegram.json import JSON

__all__ = ["OfflineRequest"]

_ATTACHED = "attach://"


class Answering(Protocol):
    """The part of an :class:`OfflineTelegram` that answers calls of the Bot API."""

    answers: Answers

    @property
    def token(self) -> str: ...


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
            url: The URL; its last parts are the token and the Bot API's method. For a download, a token and a path.
            method: The HTTP method; not used.
            request_data: The parameters. Files among them are stored, and their file IDs are passed on instead.
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
        before, is_file, path = url.partition("/file/bot")
        try:
            if is_file:
                token, _slash, name = unquote(path).partition("/")  # PTB quotes paths
                return 200, self._telegram.answers.download(name, token)
            return 200, await self._answer(before, request_data)
        except ApiError as error:
            return error.code, _refusal(error)

    async def _answer(self, url: str, request_data: RequestData | None) -> bytes:
        path, _slash, name = url.rpartition("/")
        token = path.rpartition("/bot")[2]
        parameters = copied(request_data.parameters) if request_data else {}
        if request_data and request_data.contains_files:
            parameters = self._with_file_ids(parameters, request_data.multipart_data)
        result = self._telegram.answers.call(name, parameters, token)
        answer = await result if inspect.isawaitable(result) else result
        return json.dumps({"ok": True, "result": answer}).encode()

    def _with_file_ids(self, parameters: JSON, files: Any) -> JSON:
        """Store the uploaded files, and put their file IDs where the parameters refer to them."""
        uploaded = {}
        for attached, (name, content, mime_type) in files.items():
            data = content if isinstance(content, bytes) else content.read()
            uploaded[attached] = self._telegram.answers.upload(data, name, mime_type)
        replaced: JSON = _replace(parameters, uploaded)
        return {name: file_id for name, file_id in uploaded.items() if _is_parameter(name, parameters)} | replaced


def _is_parameter(name: str, parameters: JSON) -> bool:
    """Return whether a file is a parameter by itself, and not attached to one."""
    return f"{_ATTACHED}{name}" not in json.dumps(parameters)


def _replace(value: Any, uploaded: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replace(item, uploaded) for key, item in value.items()}
    if isinstance(value, list):
        return [_replace(item, uploaded) for item in value]
    if isinstance(value, str) and value.startswith(_ATTACHED):
        return uploaded.get(value.removeprefix(_ATTACHED), value)
    return value


def _refusal(error: ApiError) -> bytes:
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": error.description}
    return json.dumps(body | ({"parameters": error.parameters} if error.parameters else {})).encode()
