"""Settings from the AWS Systems Manager Parameter Store, for the entry point group ``ptb_bucket.secrets``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import AccessError, ConfigurationError, PTBBucketError, UnavailableError
from ptb_bucket_s3._choice import check_installed, configured_region, reason_in_environment
from ptb_bucket_s3._errors import lacks_credentials, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["read_parameter"]

_MISSING: Final = frozenset({"ParameterNotFound", "ParameterVersionNotFound", "ValidationException"})
_MOMENTARY: Final = frozenset({"ThrottlingException", "InternalServerError", "RequestLimitExceeded"})
_NETWORK: Final = frozenset({"ConnectionError", "HTTPClientError", "HTTPError"})
"""The errors of the network: two of the SDK, one of httpx. All others come before anything is sent."""
_CHECK: Final = "Check the AWS configuration and credentials."


def read_parameter(name: str) -> str:
    """Read and decrypt a parameter, in up to three attempts. Credentials and region are found as for a bucket.

    Args:
        name: The name, such as ``/my-bot/token``, or the ARN of another account's parameter.

    Returns:
        The value.

    Raises:
        ConfigurationError: The parameter does not exist, or reading it needs the extra ``aioboto3``.
        AccessError: The parameter may not be read, or the AWS configuration is wrong. The message says what to do.
        UnavailableError: AWS did not answer.
    """
    reason = reason_in_environment(os.environ)
    return _with_sdk(name, reason) if reason else _with_light_client(name)


def _with_light_client(name: str) -> str:
    import httpx  # noqa: PLC0415  only where parameters are used

    from ptb_bucket_s3._light import AnswerError, CredentialsError  # noqa: PLC0415
    from ptb_bucket_s3._light.parameters import ask_for_parameter  # noqa: PLC0415

    try:
        return ask_for_parameter(name, configured_region(os.environ))
    except (AnswerError, httpx.HTTPError) as exc:
        raise _translated(exc, name) from exc
    except CredentialsError as exc:
        raise AccessError(
            f"ssm: The parameter {name!r} could not be read. {exc} {_CHECK}", about="credentials"
        ) from exc


def _with_sdk(name: str, reason: str) -> str:
    check_installed("botocore", reason)
    from botocore.config import Config  # noqa: PLC0415  takes half a second, only where it is needed
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    patience = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})
    try:
        client = Session().create_client("ssm", config=patience)
        try:
            return str(client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
        finally:
            client.close()
    except (BotoCoreError, ClientError) as exc:
        raise _translated(exc, name) from exc
    except Exception as exc:
        if not lacks_credentials(exc):
            raise
        raise AccessError(
            f"ssm: The parameter {name!r} could not be read because {unreadable(exc)}", about="credentials"
        ) from exc


def _translated(error: Any, name: str) -> PTBBucketError:
    answer: dict[str, Any] = getattr(error, "response", {})
    code = str(answer.get("Error", {}).get("Code", ""))
    kind, advice = _meaning(error, code, int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0))
    return kind(f"ssm: the parameter {name!r} could not be read: {code or error}. {advice}")


def _meaning(error: Any, code: str, status: int) -> tuple[Callable[[str], PTBBucketError], str]:
    if code in _MISSING:
        return ConfigurationError, "Check the parameter name, account and region. ptb-bucket doesn't create parameters."
    if code in _MOMENTARY or status >= 500 or _comes_from_the_network(error):  # noqa: PLR2004
        return UnavailableError, "Try again. From a VPC, SSM is only reachable through an endpoint or a NAT gateway."
    if code == "AccessDeniedException":
        return AccessError, "Grant ssm:GetParameter on it, and kms:Decrypt on the customer managed key, if any."
    return AccessError, _CHECK


def _comes_from_the_network(error: Any) -> bool:
    return any(cls.__name__ in _NETWORK for cls in type(error).__mro__)
