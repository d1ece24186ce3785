"""The translation of both clients' errors into ptb-bucket's."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final, Literal

from ptb_bucket.errors import AccessError, LostRaceError, NotFoundError, StoreError, UnavailableError, UnsupportedError
from ptb_bucket.stores import credentials_unreadable
from ptb_bucket_s3._requests import HONEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ptb_bucket_s3._requests import Asked

__all__ = ["lacks_credentials", "status_of", "translated", "unreadable"]

_SDK: Final = frozenset(
    {"aioboto3", "aiobotocore", "aiohttp", "boto3", "botocore", "httpcore", "httpx", "s3transfer", "urllib3"}
)
"""The packages whose errors come from sending requests. The light client uses httpcore and httpx."""
_NOT_FOUND: Final = frozenset({"NoSuchKey", "NoSuchVersion"})
_ABSENT: Final = 404
_UNREADABLE_VERSION: Final = (400, 405)
"""The answers for an invalid version ID, and for the ID of a deletion marker."""
_MOMENTARY: Final = frozenset(
    {"RequestTimeout", "IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch", "SlowDown", "Throttling",
     "ThrottlingException", "RequestLimitExceeded", "ServiceUnavailable", "InternalError"}
)  # fmt: skip
_TOO_MUCH: Final = frozenset({"EntityTooLarge", "KeyTooLongError", "NotImplemented", "MethodNotAllowed"})
_VARIABLES: Final = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, if temporary), or AWS_PROFILE"
_HINTS: Final[Mapping[str, str]] = {
    "NoSuchBucket": "The bucket does not exist. Create it, or check the bucket name, region and endpoint.",
    "InvalidBucketName": "The bucket name is invalid. Check the URI.",
    "ExpiredToken": f"The credentials have expired. Renew {_VARIABLES}.",
    "ExpiredTokenException": f"The credentials have expired. Renew {_VARIABLES}.",
    "TokenRefreshRequired": f"The credentials have expired. Renew {_VARIABLES}.",
    "InvalidToken": "The session token is invalid. Renew the credentials and check AWS_SESSION_TOKEN.",
    "InvalidAccessKeyId": f"The server does not recognize this access key. Check {_VARIABLES}.",
    "SignatureDoesNotMatch": "The secret key does not match the access key, or a proxy is modifying requests. Check "
    "AWS_ACCESS_KEY_ID, "
    "AWS_SECRET_ACCESS_KEY and the proxy.",
    "RequestTimeTooSkewed": "The system clock is wrong. Set it and try again.",
    "QuotaExceeded": "The quota has been exceeded. Raise it or free up space.",
    "UserProjectMissing": "This is a requester-pays bucket on Google Cloud. Use gs:// with user_project=PROJECT.",
    "InvalidObjectState": "The object is archived. Restore it, then exclude the prefix from your lifecycle rules.",
}
_CREDENTIALS: Final = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId",
     "SignatureDoesNotMatch", "RequestTimeTooSkewed", "InvalidClientTokenId"}
)  # fmt: skip
_SEARCH: Final = r"(aio)?botocore\.(credentials|tokens)$"
"""The SDK's modules that look for credentials."""
_BUCKET: Final = frozenset({"NoSuchBucket", "InvalidBucketName"})
_REGION: Final = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"})
_BEFORE_SENDING: Final = (
    "CredentialsError", "NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "ConfigNotFound",
    "ConfigParseError", "InvalidConfigError", "NoRegionError", "InvalidRegionError", "NoAuthTokenError", "SSOError",
    "TokenRetrievalError", "LoginError", "ValidationError", "ParamValidationError", "EndpointProviderError",
    "UnknownCredentialError", "InvalidEndpointConfigurationError", "InvalidProxiesConfigError", "DataNotFoundError",
    "UnsupportedS3ConfigurationError", "InvalidS3AddressingStyleError", "MissingDependencyException",
)  # fmt: skip

_ADDRESS: Final = (
    "NoRegionError", "InvalidRegionError", "EndpointProviderError", "InvalidEndpointConfigurationError",
    "InvalidProxiesConfigError", "UnsupportedS3ConfigurationError", "InvalidS3AddressingStyleError", "ValidationError",
    "ParamValidationError",
)  # fmt: skip


def translated(error: Exception, asked: Asked, place: str, needed: str) -> StoreError | None:
    """Return the matching error of ptb-bucket; None if the error is neither from a client nor from the network."""
    failed = f"s3: {asked.operation} of {asked.key!r} in {place} failed: "
    if isinstance(error, StoreError):
        return None
    if isinstance(getattr(error, "response", None), dict):
        kind, text = _answered(error, asked, needed)
    elif _is_a(error, *_BEFORE_SENDING):
        advice = "AWS_REGION and the URI options" if _is_a(error, *_ADDRESS) else _VARIABLES
        kind, text = AccessError, f"{str(error).rstrip('.')}. Set or check {advice}."
    elif _is_a(error, "XmlError"):
        kind, text = UnavailableError, f"{error} Check endpoint_url, and whether a proxy answers for the server."
    elif lacks_credentials(error):
        kind, text = AccessError, unreadable(error)
    elif isinstance(error, (OSError, EOFError, asyncio.TimeoutError)) or _comes_from_sdk(error):
        kind, text = UnavailableError, f"{type(error).__name__}: {error}".rstrip(" :")
    else:
        return None
    found = kind(failed + text, key=asked.key)
    if isinstance(found, AccessError):
        found.about = _about(error)
    return found


def lacks_credentials(error: Exception) -> bool:
    """Return True if a file or program from which the SDK takes credentials is missing or damaged."""
    return not _comes_from_sdk(error) and credentials_unreadable(error, re.compile(_SEARCH))


def unreadable(error: Exception) -> str:
    """Return a message with the file or only the kind of damage, because the damaged text may be a secret."""
    detail = str(error) if isinstance(error, OSError) else type(error).__name__
    return (
        f"the credentials could not be read ({detail}). Check the file or program set "
        "in AWS_WEB_IDENTITY_TOKEN_FILE, another variable or the AWS configuration."
    )


def _about(error: Exception) -> Literal["permission", "credentials", "bucket", "server"]:
    response: Any = getattr(error, "response", None)
    if not isinstance(response, dict):
        return "server" if _is_a(error, *_ADDRESS) else "credentials"
    code = str(response.get("Error", {}).get("Code", ""))
    if code in _CREDENTIALS or status_of(error) == 401:  # noqa: PLR2004
        return "credentials"
    if code in _BUCKET | _REGION or status_of(error) in {301, _ABSENT}:
        return "bucket"
    return "permission"


def status_of(error: Exception) -> int:
    """Return the HTTP status of an error of the SDK, 0 if it has none."""
    response: Any = getattr(error, "response", None)
    if not isinstance(response, dict):
        return 0
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)


def _answered(error: Exception, asked: Asked, needed: str) -> tuple[Callable[..., StoreError], str]:
    """Choose the error by status first and by code second, because codes differ between servers."""
    details: dict[str, Any] = getattr(error, "response", {}).get("Error", {})
    status, code = status_of(error), str(details.get("Code", ""))
    kind = _kind(status, code, asked)
    text = f"{status} {code}: {str(details.get('Message', ''))[:300]}"
    return kind, " ".join((f"{text.rstrip(' .:')}.", *_advice(code, error, asked, needed)))


def _kind(status: int, code: str, asked: Asked) -> type[StoreError]:
    put, missing = asked.operation == "put", code in _NOT_FOUND
    if asked.version and code != "NoSuchBucket" and (missing or status in _UNREADABLE_VERSION):
        return NotFoundError
    rules: tuple[tuple[bool, type[StoreError]], ...] = (
        # Any other 404 may come from a server that does not know the bucket, so it does not mean "empty".
        (status == _ABSENT and missing and not put, NotFoundError),
        ((put or asked.updating) and status in {409, 412}, LostRaceError),
        (put and asked.updating and status == _ABSENT and code != "NoSuchBucket", LostRaceError),
        (status in {405, 413, 501} or code in _TOO_MUCH, UnsupportedError),
        (status in {0, 200, 304, 307, 408, 409, 412, 429} or code in _MOMENTARY, UnavailableError),
        (status >= 500 and status != 507, UnavailableError),  # noqa: PLR2004
    )
    return next((kind for holds, kind in rules if holds), AccessError)


def _advice(code: str, error: Exception, asked: Asked, needed: str) -> Sequence[str]:
    if code in _HINTS:
        return (_HINTS[code],)
    if asked.operation == "put" and (status_of(error) == 501 or code == "NotImplemented"):  # noqa: PLR2004
        return (f"ptb-bucket needs conditional puts (If-Match and If-None-Match). {HONEST}",)
    if status_of(error) == 301 or code in _REGION:  # noqa: PLR2004
        return (_right_region(error),)
    if status_of(error) == 403:  # noqa: PLR2004
        hint = " Without s3:ListBucket, 403 may also mean that the object is missing." * (asked.operation == "get")
        return (f"Grant {needed}.{hint}",)
    return ()


def _right_region(error: Exception) -> str:
    response: Any = getattr(error, "response", {})
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = headers.get("x-amz-bucket-region") or response.get("Error", {}).get("Region")
    return f"The bucket is in another region. Set region={region}." if region else "Set the bucket's region."


def _is_a(error: Exception, *names: str) -> bool:
    return any(cls.__name__ in names for cls in type(error).__mro__)


def _comes_from_sdk(error: Exception) -> bool:
    return any(cls.__module__.partition(".")[0] in _SDK for cls in type(error).__mro__)
