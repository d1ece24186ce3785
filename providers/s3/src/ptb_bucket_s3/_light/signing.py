"""Signature Version 4 with AWS's own libraries: ``aws-sdk-signers``, and botocore where Python is older than 3.12."""

from __future__ import annotations

import hashlib
import hmac
import sys
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

# By what is installed too: pip, run by an older Python to build a package for a newer one, installs botocore.
if sys.version_info >= (3, 12) and find_spec("aws_sdk_signers") is not None:
    from ptb_bucket_s3._light.aws_sdk_signers_adapter import string_to_sign
else:
    from ptb_bucket_s3._light.botocore_adapter import string_to_sign

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ptb_bucket_s3._light.credentials import Credentials
    from ptb_bucket_s3._light.unsigned import Unsigned

__all__ = ["signed_headers"]

_FORMAT: Final = "%Y%m%dT%H%M%SZ"


def signed_headers(
    request: Unsigned, credentials: Credentials, region: str, service: str, now: datetime
) -> dict[str, str]:
    """Return the headers with which to send a request.

    Args:
        request: The request.
        credentials: The keys that sign it.
        region: Such as ``eu-west-1``.
        service: ``s3`` or ``ssm``.
        now: The server's time, in UTC.

    Source: AWS General Reference, "Create a signed AWS API request"; "Authenticating Requests (AWS Signature Version
    4)" of the S3 API Reference for ``x-amz-content-sha256``.
    """
    headers = {
        **request.headers,
        "host": request.origin.partition("://")[2],
        "x-amz-date": now.strftime(_FORMAT),
        "x-amz-content-sha256": hashlib.sha256(request.body).hexdigest(),
    }
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    headers["authorization"] = _authorization(request, headers, credentials, region, service)
    return headers


def _authorization(
    request: Unsigned, headers: Mapping[str, str], credentials: Credentials, region: str, service: str
) -> str:
    text, names = string_to_sign(request, headers, region, service)
    day = headers["x-amz-date"][:8]
    key = _signing_key(credentials.secret_key, day, region, service)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    scope = f"{credentials.access_key}/{day}/{region}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}"


@lru_cache(maxsize=4)
def _signing_key(secret_key: str, *scope: str) -> bytes:
    """Return the key for a day, region and service. Both libraries would derive it again for each request."""
    key = b"AWS4" + secret_key.encode()
    for part in (*scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
