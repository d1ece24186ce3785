"""The events of AWS Lambda and the answers to them: three kinds of HTTP requests, and all other events."""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ptb_bucket._dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Request", "answer", "request_of"]


@dataclass(frozen=True)
class Request:
    """An HTTP request.

    Args:
        method: The method in capitals; empty if the event has none.
        headers: The headers, by name in lower case.
        content: The body as in the event: text or base64, or any other value.
        is_base64: True if the body is base64.
    """

    method: str
    headers: Mapping[str, Any]
    content: Any
    is_base64: bool

    def body(self) -> bytes:
        """Return the body as it was sent.

        Raises:
            ValueError: The body is missing, or is not valid base64.
        """
        if not isinstance(self.content, str):
            raise ValueError("no body")  # noqa: TRY004  the sender gets the same answer as for every other invalid body
        if self.is_base64:
            return base64.b64decode(self.content, validate=True)
        return self.content.encode()

    def header(self, name: str) -> str | None:
        """Return the value of a header, None if it is missing. The case of the name does not matter."""
        value = self.headers.get(name.lower())
        return value if isinstance(value, str) else None


def request_of(event: Any) -> Request | None:
    """Return the HTTP request in an event.

    Args:
        event: The event of a function URL, an HTTP API (payload 1.0 or 2.0) or a REST API, or any other event.

    Returns:
        The request; None for an event of another kind, which did not come over the network.
    """
    # A caller cannot remove these two, so a request over HTTP never passes for a timer.
    if not isinstance(event, dict) or not ("requestContext" in event or "httpMethod" in event):
        return None
    method = _of(_of(event, "requestContext"), "http").get("method") or event.get("httpMethod") or ""
    # REST APIs leave names as they were sent, and may have only lists of values.
    lists = {name: values[-1] for name, values in _of(event, "multiValueHeaders").items() if values}
    headers = {str(name).lower(): value for name, value in {**lists, **_of(event, "headers")}.items()}
    return Request(str(method).upper(), headers, event.get("body"), bool(event.get("isBase64Encoded")))


def _of(mapping: Any, name: str) -> dict[str, Any]:
    """Return a part of an event; empty if it is missing or null."""
    part = mapping.get(name)
    return part if isinstance(part, dict) else {}


def answer(status: HTTPStatus) -> dict[str, Any]:
    """Return the answer for all three kinds. It contains only the status, because anyone may read it."""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = "POST"
    return {"statusCode": int(status), "headers": headers, "body": status.phrase, "isBase64Encoded": False}
