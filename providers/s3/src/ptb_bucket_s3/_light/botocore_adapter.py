"""Sign requests with botocore, for Python 3.10 and 3.11, on which ``aws-sdk-signers`` does not run."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from botocore.auth import S3SigV4Auth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket_s3._light.unsigned import Unsigned

__all__ = ["string_to_sign"]


@dataclass
class _Request:
    """The attributes of botocore's ``AWSRequest`` that are read here. Its headers are far slower to build."""

    method: str
    url: str
    headers: Mapping[str, str]
    context: dict[str, str]
    params: dict[str, str] = field(default_factory=dict)


def string_to_sign(request: Unsigned, headers: Mapping[str, str], region: str, service: str) -> tuple[str, str]:
    """Return the text to sign for a request, and the names of the headers that are part of it.

    Args:
        request: The request.
        headers: All headers to sign, with the host, the time, the body's digest and the session token.
        region: The region.
        service: The service.
    """
    signer = _signer(region, service)
    named = dict(headers)
    named["X-Amz-Content-SHA256"] = named.pop("x-amz-content-sha256")  # botocore looks it up like this
    # Not add_auth(), which would take this machine's time.
    times = {"timestamp": headers["x-amz-date"]}
    asked = _Request(request.method, request.origin + request.target, named, times)
    canonical = signer.canonical_request(asked)
    return str(signer.string_to_sign(asked, canonical)), str(canonical.rsplit("\n", 2)[1])


@lru_cache(maxsize=4)
def _signer(region: str, service: str) -> S3SigV4Auth:
    return S3SigV4Auth(None, service, region)
