"""The translation of the errors of Google's libraries."""

from __future__ import annotations

import re
import ssl
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal

import requests
import urllib3
from google import resumable_media
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud.storage import exceptions as media

from ptb_bucket.errors import AccessError, LostRaceError, NotFoundError, StoreError, UnavailableError, UnsupportedError
from ptb_bucket.stores import credentials_unreadable
from ptb_bucket_gcs._options import HONEST
from ptb_bucket_gcs._permissions import PERMISSIONS, ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["translate", "translated"]

# Whoever is refused for a moment may ask again; Google answers some of these with 403.
_LATER: Final = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "backendError", "dailyLimitExceeded"}
_WRONG_ENDPOINT: Final = (
    requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL,
    requests.exceptions.URLRequired, requests.exceptions.TooManyRedirects, urllib3.exceptions.LocationValueError,
)  # fmt: skip
_SEARCH: Final = r"google\.(auth|oauth2)\.(?!transport)"
"""Google's modules that look for credentials; those below ``transport`` send requests of all kinds."""
_PASSING: Final = (auth.TransportError, auth.TimeoutError, auth.ResponseError)
_RESPONSES: Final = (media.InvalidResponse, resumable_media.InvalidResponse)
_CREDENTIALS: Final = (
    "Set up application default credentials (gcloud auth application-default login, a workload identity, or "
    "GOOGLE_APPLICATION_CREDENTIALS), or set service_account_file in the URI."
)
_UNREADABLE: Final = (
    "failed because the credentials are damaged or could not be read. Check GOOGLE_APPLICATION_CREDENTIALS or "
    "service_account_file: the path, permissions and contents of that file and of any file it refers to."
)
_UNTRUSTED: Final = (
    "failed: the TLS certificate is not trusted. Check endpoint_url, the system clock and the CA certificates."
)
_PAYER: Final = (
    "was rejected because this is a requester-pays bucket. Add the billing project to the URI: user_project=PROJECT."
)
_HINTS: Final = {
    400: (AccessError, "was rejected as malformed. Check the bucket name and the URI options."),
    401: (AccessError, f"was rejected because the credentials are invalid or have expired. {_CREDENTIALS}"),
    404: (NotFoundError, "found nothing."),
    405: (UnsupportedError, "is not supported by this server."),
    408: (UnavailableError, "timed out on the server. Try again."),
    409: (UnavailableError, "conflicted with another operation on the same object."),
    413: (UnsupportedError, "was rejected: the request is too large."),
    429: (UnavailableError, "was throttled. Google allows one write per second to the same object."),
    499: (UnavailableError, "was cancelled in transit."),
    501: (UnsupportedError, "is not supported by this server."),
}
_ABOUT: Final[Mapping[int, Literal["credentials", "bucket"]]] = {400: "bucket", 401: "credentials"}


@contextmanager
def translated(operation: str, where: str, key: str | None = None) -> Iterator[None]:
    """Translate all errors of Google's libraries.

    Args:
        operation: The operation, as in :data:`PERMISSIONS`.
        where: The object or bucket to name in the message.
        key: The object's key, if the operation is about one.

    Raises:
        StoreError: The translation of an error that was raised inside.
    """
    try:
        yield
    except StoreError:
        raise
    except Exception as exc:
        raise translate(exc, operation, where, key) from exc


def translate(exc: Exception, operation: str, where: str, key: str | None = None) -> StoreError:
    """Return the error that says what to do next.

    Its message contains the HTTP status and Google's reason for it, but no URL, header or credentials.
    """
    status = _status(exc)
    error, text = _by_status(status, exc, operation) if status else _by_class(exc)
    name = f"HTTP {status}" if status else type(exc).__name__
    found = error(f"{operation} of {where} {text} ({name})", key=key)
    if isinstance(found, AccessError):
        found.about = _about(status, exc)
    return found


def _about(status: int, exc: Exception) -> Literal["permission", "credentials", "bucket", "server"]:
    if not status:
        return "credentials" if isinstance(exc, auth.GoogleAuthError) or _lacks_credentials(exc) else "server"
    if 300 <= status < 400:  # noqa: PLR2004  redirections
        return "server"
    return _ABOUT.get(status, "permission")


def _status(exc: Any) -> int:
    if isinstance(exc, api.GoogleAPICallError):
        return int(exc.code or 0)
    return int(getattr(exc.response, "status_code", 0)) if isinstance(exc, _RESPONSES) else 0


def _by_status(status: int, exc: Any, operation: str) -> tuple[type[StoreError], str]:
    if _lacks_payer(exc):
        return AccessError, _PAYER
    if status == 403:  # noqa: PLR2004  its meaning depends on more than the status
        return _forbidden(exc, operation)
    if status == 412:  # noqa: PLR2004  only a write can lose a race
        lost = operation in {"put", "delete"}
        return (LostRaceError, "lost a race.") if lost else (UnavailableError, "failed: the precondition was not met.")
    if status in _HINTS:
        error, text = _HINTS[status]
        # If a server does not support a put, it is most likely the condition.
        return error, f"{text} {HONEST}" if (status, operation) == (501, "put") else text
    if 300 <= status < 400:  # noqa: PLR2004  redirections
        return AccessError, "was redirected. Check endpoint_url."
    refused = 400 <= status < 500  # noqa: PLR2004  the client's fault
    return (AccessError, "was rejected.") if refused else (UnavailableError, "failed with a server error.")


def _forbidden(exc: Any, operation: str) -> tuple[type[StoreError], str]:
    reasons = _reasons(exc)
    if reasons & _LATER:
        return UnavailableError, f"was throttled: {', '.join(sorted(reasons))}."
    needed = " and ".join(PERMISSIONS.get(operation, ("storage.buckets.get",)))
    why = f" Google's reason: {', '.join(sorted(reasons))}." if reasons - {"forbidden"} else ""
    return AccessError, (
        f"is forbidden.{why} Grant {needed} on the bucket to the bot's account ({ROLE} covers everything). If "
        "the account already has them, check that billing is enabled for the project and that the bucket's retention "
        "policy allows overwrites."
    )


def _reasons(exc: Any) -> set[str]:
    # The client leaves Google's answer to an upload or download unread.
    try:
        errors = getattr(exc, "errors", ()) or exc.response.json()["error"]["errors"]
        return {str(error["reason"]) for error in errors}
    except (AttributeError, LookupError, TypeError, ValueError):
        return set()


def _lacks_payer(exc: Any) -> bool:
    # JSON with an unspecific reason, XML with a code, or, for a download, only text.
    said = f"{exc} {getattr(exc.response, 'text', '')}".lower()
    return "requester pays" in said or "userprojectmissing" in said


def _by_class(exc: Any) -> tuple[type[StoreError], str]:
    if isinstance(exc, _WRONG_ENDPOINT):
        return AccessError, "could not be sent. Check endpoint_url."
    if _distrusted(exc):
        return AccessError, _UNTRUSTED
    if isinstance(exc, auth.GoogleAuthError):
        return _by_credentials(exc)
    if _lacks_credentials(exc):
        return AccessError, _UNREADABLE
    # Broken connections, damaged bytes, invalid answers: the outcome of a write is unknown.
    return UnavailableError, "got no usable response. If this persists, check the network and endpoint_url."


def _by_credentials(exc: Any) -> tuple[type[StoreError], str]:
    if isinstance(exc, _PASSING) or getattr(exc, "retryable", False):
        return UnavailableError, "couldn't get an access token from Google. Try again later."
    return AccessError, f"failed: no valid Google credentials were found. {_CREDENTIALS}"


def _lacks_credentials(exc: Exception) -> bool:
    return credentials_unreadable(exc, re.compile(_SEARCH))


def _distrusted(exc: BaseException | None) -> bool:
    """Return True if a certificate was refused before anything was sent. Other TLS errors may come later."""
    seen: list[BaseException] = []
    while exc is not None and exc not in seen:
        seen.append(exc)
        inner = next((arg for arg in (*exc.args, getattr(exc, "reason", None)) if isinstance(arg, BaseException)), None)
        exc = inner or exc.__cause__ or exc.__context__
    return any(isinstance(error, ssl.SSLCertVerificationError) for error in seen)
