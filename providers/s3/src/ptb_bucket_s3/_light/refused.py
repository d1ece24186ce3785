"""The errors of the light client, which the store translates as it translates the SDK's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AnswerError", "CredentialsError", "XmlError"]


class AnswerError(Exception):
    """An answer that is not a success, in the form of botocore's ``ClientError``.

    Args:
        status: The HTTP status.
        headers: The headers of the answer, with names in lower case.
        details: ``Code``, ``Message`` and what else the body contains.
    """

    def __init__(self, status: int, headers: Mapping[str, str], details: Mapping[str, str]) -> None:
        super().__init__(f"{status} {details.get('Code', '')}")
        self.status = status
        self.code = details.get("Code", "")
        self.response: dict[str, Any] = {
            "Error": dict(details),
            "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": dict(headers)},
        }


class CredentialsError(Exception):
    """No credentials were found, or the place that has them refused to hand them out. Nothing was sent to the store."""


class XmlError(ValueError):
    """The answer is not XML that S3 would send."""
