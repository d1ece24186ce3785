"""Signature Version 4 with AWS's own libraries: ``aws-sdk-signers``, and botocore where Python is older than 3.12."""

from __future__ import annotations

import hashlib
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

# By what is installed too: pip, run by an older Python to build a package for a newer one, installs botocore.
if sys.version_info >= (3, 12) and find_spec("aws_sdk_signers") is not None:
    from ptb_bucket_s3._light.aws_sdk_signers_adapter import authorization
else:
    from ptb_bucket_s3._light.botocore_adapter import authorization

if TYPE_CHECKING:
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
    return {**headers, "authorization": authorization(request, headers, credentials, region, service)}
