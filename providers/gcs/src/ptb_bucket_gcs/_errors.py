"""The translation of Google's answers into errors, for both clients."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final, Literal

from ptb_bucket.errors import AccessError, LostRaceError, NotFoundError, StoreError, UnavailableError, UnsupportedError
from ptb_bucket.stores import dataclass
from ptb_bucket_gcs._options import HONEST
from ptb_bucket_gcs._permissions import PERMISSIONS, ROLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

__all__ = [
    "CREDENTIALS",
    "UNANSWERED",
    "UNTRUSTED",
    "Verdict",
    "distrusted",
    "no_token",
    "not_google",
    "token_refused",
    "verdict_on",
]

About = Literal["permission", "credentials", "bucket", "server"]

# Temporary refusals, some of which Google sends with status 403.
_LATER: Final = {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "backendError", "dailyLimitExceeded"}
CREDENTIALS: Final = (
    "Set up application default credentials (gcloud auth application-default login, a workload identity, or "
    "GOOGLE_APPLICATION_CREDENTIALS), or set service_account_file in the URI."
)
"""What to do without credentials."""
_PAYER: Final = (
    "was rejected because this is a requester-pays bucket. Add the billing project to the URI: user_project=PROJECT."
)
_HINTS: Final = {
    400: (AccessError, "was rejected as malformed. Check the bucket name and the URI options."),
    401: (AccessError, f"was rejected because the credentials are invalid or have expired. {CREDENTIALS}"),
    404: (NotFoundError, "found nothing."),
    405: (UnsupportedError, "is not supported by this server."),
    408: (UnavailableError, "timed out on the server. Try again."),
    409: (UnavailableError, "conflicted with another operation on the same object."),
    413: (UnsupportedError, "was rejected: the request is too large."),
    429: (UnavailableError, "was throttled. Google allows one write per second to the same object."),
    499: (UnavailableError, "was cancelled in transit."),
    501: (UnsupportedError, "is not supported by this server."),
}
_ABOUT: Final[Mapping[int, About]] = {400: "bucket", 401: "credentials"}


@dataclass(frozen=True)
class Verdict:
    """The error to raise for an answer or a failure.

    Args:
        error: The class of the error.
        text: The end of the sentence that begins with the operation.
        about: What you have to check, if it is an ``AccessError``.
    """

    error: type[StoreError]
    text: str
    about: About = "server"


# Broken connections, damaged bytes, invalid answers: the outcome of a write is unknown.
UNANSWERED: Final = Verdict(
    UnavailableError, "got no usable response. If this persists, check the network and endpoint_url."
)
UNTRUSTED: Final = Verdict(
    AccessError,
    "failed: the TLS certificate is not trusted. Check endpoint_url, the system clock and the CA certificates.",
)


def verdict_on(status: int, reasons: AbstractSet[str], said: str, operation: str) -> Verdict:
    """Return the verdict on a refusal.

    Args:
        status: The HTTP status.
        reasons: Google's reasons for it.
        said: The body, in which a requester-pays bucket is recognised.
        operation: The operation, as in :data:`PERMISSIONS`.
    """
    about: About = "server" if _redirects(status) else _ABOUT.get(status, "permission")
    error, text = _meaning(status, reasons, said.lower(), operation)
    return Verdict(error, text, about)


def _redirects(status: int) -> bool:
    return 300 <= status < 400  # noqa: PLR2004


def _meaning(status: int, reasons: AbstractSet[str], said: str, operation: str) -> tuple[type[StoreError], str]:
    # JSON with an unspecific reason, XML with a code, or, for a download, only text.
    if "requester pays" in said or "userprojectmissing" in said:
        return AccessError, _PAYER
    if status == 403:  # noqa: PLR2004  its meaning depends on more than the status
        return _forbidden(reasons, operation)
    if status == 412:  # noqa: PLR2004  only a write can lose a race
        lost = operation in {"put", "delete"}
        return (LostRaceError, "lost a race.") if lost else (UnavailableError, "failed: the precondition was not met.")
    if status in _HINTS:
        error, text = _HINTS[status]
        # If a server does not support a put, it is most likely the condition.
        return error, f"{text} {HONEST}" if (status, operation) == (501, "put") else text
    if _redirects(status):
        return AccessError, "was redirected. Check endpoint_url."
    refused = 400 <= status < 500  # noqa: PLR2004  the client's fault
    return (AccessError, "was rejected.") if refused else (UnavailableError, "failed with a server error.")


def _forbidden(reasons: AbstractSet[str], operation: str) -> tuple[type[StoreError], str]:
    if reasons & _LATER:
        return UnavailableError, f"was throttled: {', '.join(sorted(reasons))}."
    needed = " and ".join(PERMISSIONS.get(operation, ("storage.buckets.get",)))
    why = f" Google's reason: {', '.join(sorted(reasons))}." if reasons - {"forbidden"} else ""
    return AccessError, (
        f"is forbidden.{why} Grant {needed} on the bucket to the bot's account ({ROLE} covers everything). If "
        "the account already has them, check that billing is enabled for the project and that the bucket's retention "
        "policy allows overwrites."
    )


def no_token(host: str) -> Verdict:
    """Return the verdict on a metadata server that can't be reached, or doesn't answer as Google's do."""
    return Verdict(
        UnavailableError,
        f"couldn't get an access token from Google's metadata server ({host}). Try again later. If this persists, "
        "check that the bot runs on Google Cloud, or set GOOGLE_APPLICATION_CREDENTIALS.",
    )


def token_refused(status: int) -> Verdict:
    """Return the verdict on a metadata server of Google that hands out no token."""
    if status == 404:  # noqa: PLR2004
        return Verdict(
            AccessError,
            "failed: the bot runs without a service account. Attach one to the service, job, function or machine, or "
            "set GOOGLE_APPLICATION_CREDENTIALS.",
            "credentials",
        )
    return Verdict(
        AccessError,
        "failed: the metadata server issues no access token. Check the service account, and on GKE the pod's workload "
        "identity.",
        "credentials",
    )


def not_google(host: str) -> Verdict:
    """Return the verdict on a metadata server that says that it is not Google's."""
    return Verdict(
        AccessError,
        f"failed: {host} is not a metadata server of Google. Check GCE_METADATA_HOST, or set "
        "client=google-cloud-storage in the URI.",
        "credentials",
    )


def distrusted(exc: BaseException | None) -> bool:
    """Return True if a certificate was refused before anything was sent. Other TLS errors may come later."""
    seen: list[BaseException] = []
    while exc is not None and exc not in seen:
        seen.append(exc)
        inner = next((arg for arg in (*exc.args, getattr(exc, "reason", None)) if isinstance(arg, BaseException)), None)
        exc = inner or exc.__cause__ or exc.__context__
    return any(isinstance(error, ssl.SSLCertVerificationError) for error in seen)
