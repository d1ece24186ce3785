"""The translation of the errors of Google's libraries."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import requests
import urllib3
from google import resumable_media
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud.storage import exceptions as media

from ptb_bucket.errors import AccessError, StoreError, UnavailableError
from ptb_bucket.stores import credentials_unreadable
from ptb_bucket_gcs._errors import CREDENTIALS, UNANSWERED, UNTRUSTED, Verdict, distrusted, verdict_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ptb_bucket_gcs._requests import Asked

__all__ = ["translate", "translated"]

_WRONG_ENDPOINT: Final = (
    requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL,
    requests.exceptions.URLRequired, requests.exceptions.TooManyRedirects, urllib3.exceptions.LocationValueError,
)  # fmt: skip
_SEARCH: Final = r"google\.(auth|oauth2)\.(?!transport)"
"""Google's modules that look for credentials; those below ``transport`` send requests of all kinds."""
_PASSING: Final = (auth.TransportError, auth.TimeoutError, auth.ResponseError)
_RESPONSES: Final = (media.InvalidResponse, resumable_media.InvalidResponse)
_UNREADABLE: Final = (
    "failed because the credentials are damaged or could not be read. Check GOOGLE_APPLICATION_CREDENTIALS or "
    "service_account_file: the path, permissions and contents of that file and of any file it refers to."
)


@contextmanager
def translated(asked: Asked) -> Iterator[None]:
    """Translate all errors of Google's libraries.

    Raises:
        StoreError: The translation of an error that was raised inside.
    """
    try:
        yield
    except StoreError:
        raise
    except Exception as exc:
        raise translate(exc, asked) from exc


def translate(exc: Exception, asked: Asked) -> StoreError:
    """Return the error that says what to do next.

    Its message contains the HTTP status and Google's reason for it, but no URL, header or credentials.
    """
    if status := _status(exc):
        return asked.failed(verdict_on(status, _reasons(exc), _said(exc), asked.operation), f"HTTP {status}")
    return asked.failed(_by_class(exc), type(exc).__name__)


def _status(exc: Any) -> int:
    if isinstance(exc, api.GoogleAPICallError):
        return int(exc.code or 0)
    return int(getattr(exc.response, "status_code", 0)) if isinstance(exc, _RESPONSES) else 0


def _reasons(exc: Any) -> set[str]:
    # The client leaves Google's answer to an upload or download unread.
    try:
        errors = getattr(exc, "errors", ()) or exc.response.json()["error"]["errors"]
        return {str(error["reason"]) for error in errors}
    except (AttributeError, LookupError, TypeError, ValueError):
        return set()


def _said(exc: Any) -> str:
    return f"{exc} {getattr(exc.response, 'text', '')}"


def _by_class(exc: Any) -> Verdict:
    if isinstance(exc, _WRONG_ENDPOINT):
        return Verdict(AccessError, "could not be sent. Check endpoint_url.")
    if distrusted(exc):
        # A certificate of the server that hands out tokens is about credentials.
        return replace(UNTRUSTED, about="credentials") if isinstance(exc, auth.GoogleAuthError) else UNTRUSTED
    if isinstance(exc, auth.GoogleAuthError):
        return _by_credentials(exc)
    if credentials_unreadable(exc, re.compile(_SEARCH)):
        return Verdict(AccessError, _UNREADABLE, "credentials")
    return UNANSWERED


def _by_credentials(exc: Any) -> Verdict:
    if isinstance(exc, _PASSING) or getattr(exc, "retryable", False):
        return Verdict(UnavailableError, "couldn't get an access token from Google. Try again later.")
    return Verdict(AccessError, f"failed: no valid Google credentials were found. {CREDENTIALS}", "credentials")
