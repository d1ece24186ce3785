"""What AWS hands to a Lambda function, and what it wants back: HTTP of three kinds, and everything else."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Request", "answer", "request_of"]


@dataclass(frozen=True)
class Request:
    """An HTTP request.

    Args:
        method: In capitals; empty where the event does not tell.
        headers: By name in small letters.
        content: The body as the event has it: text or base64, or whatever stands there.
        is_base64: Which of the two.
    """

    method: str
    headers: Mapping[str, Any]
    content: Any
    is_base64: bool

    def body(self) -> bytes:
        """The body as it was sent.

        Raises:
            ValueError: There is none, or it is not base64.
        """
        if not isinstance(self.content, str):
            raise ValueError("no body")  # noqa: TRY004  whoever sent it is told the same as for every other body
        if self.is_base64:
            return base64.b64decode(self.content, validate=True)
        return self.content.encode()

    def header(self, name: str) -> str | None:
        """One header's value, whatever the case of its name; None if there is none."""
        value = self.headers.get(name.lower())
        return value if isinstance(value, str) else None


def request_of(event: Any) -> Request | None:
    """The HTTP request that an event is.

    Args:
        event: A function URL's or an HTTP API's (payload 2.0), a REST API's or an HTTP API's (payload 1.0).

    Returns:
        The request; None if it is an event of another kind, which came over no network.
    """
    # A caller can put nothing beside these two: what comes over HTTP never passes for a timer.
    if not isinstance(event, dict) or not ("requestContext" in event or "httpMethod" in event):
        return None
    method = _of(_of(event, "requestContext"), "http").get("method") or event.get("httpMethod") or ""
    # REST APIs leave names as they were sent, and may give them only as lists.
    lists = {name: values[-1] for name, values in _of(event, "multiValueHeaders").items() if values}
    headers = {str(name).lower(): value for name, value in {**lists, **_of(event, "headers")}.items()}
    return Request(str(method).upper(), headers, event.get("body"), bool(event.get("isBase64Encoded")))


def _of(mapping: Any, name: str) -> dict[str, Any]:
    """A part that may be missing, or null."""
    part = mapping.get(name)
    return part if isinstance(part, dict) else {}


def answer(status: HTTPStatus) -> dict[str, Any]:
    """What all three kinds want back. It says no more than the status: anybody may read it."""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = "POST"
    return {"statusCode": int(status), "headers": headers, "body": status.phrase, "isBase64Encoded": False}
