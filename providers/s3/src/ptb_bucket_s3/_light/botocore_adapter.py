"""Signing with botocore, for Python 3.10 and 3.11, on which ``aws-sdk-signers`` does not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket_s3._light.credentials import Credentials
    from ptb_bucket_s3._light.unsigned import Unsigned

__all__ = ["authorization"]


def authorization(
    request: Unsigned, headers: Mapping[str, str], credentials: Credentials, region: str, service: str
) -> str:
    """Return the header ``Authorization`` of a request.

    Args:
        request: The request.
        headers: All headers to sign, with the host, the time and the session token.
        credentials: The keys.
        region: The region.
        service: The service.
    """
    signer = S3SigV4Auth(credentials, service, region)  # only its attributes are read
    asked = AWSRequest(method=request.method, url=request.origin + request.target, headers=headers)
    # Not add_auth(), which would take this machine's time.
    asked.context["timestamp"] = headers["x-amz-date"]
    signature = signer.signature(signer.string_to_sign(asked, signer.canonical_request(asked)), asked)
    names = signer.signed_headers(signer.headers_to_sign(asked))
    return f"AWS4-HMAC-SHA256 Credential={signer.scope(asked)}, SignedHeaders={names}, Signature={signature}"
