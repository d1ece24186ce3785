"""The text to sign, from ``aws-sdk-signers``, for Python 3.12 and newer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_sdk_signers import URI, AWSRequest, Field, Fields, SigV4Signer, SigV4SigningProperties

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket_s3._light.unsigned import Unsigned

__all__ = ["string_to_sign"]

_SIGNER: Final = SigV4Signer()


def string_to_sign(request: Unsigned, headers: Mapping[str, str], region: str, service: str) -> tuple[str, str]:
    """Return the text to sign for a request, and the names of the headers that are part of it.

    ``SigV4Signer.sign`` would copy the request deeply and hash the body a second time. This calls its public steps.

    Args:
        request: The request.
        headers: All headers to sign, with the host, the time, the body's digest and the session token.
        region: The region.
        service: The service.
    """
    # The path is encoded once and not normalised: for S3, a//b and a/./b are other objects than a/b.
    properties = SigV4SigningProperties(
        region=region, service=service, date=headers["x-amz-date"], uri_encode_path=False, normalize_path=False
    )
    without_body = _SIGNER.canonical_request(signing_properties=properties, request=_request(request, headers))
    start, names, _ = without_body.rsplit("\n", 2)
    canonical = f"{start}\n{names}\n{headers['x-amz-content-sha256']}"
    return _SIGNER.string_to_sign(canonical_request=canonical, signing_properties=properties), names


def _request(request: Unsigned, headers: Mapping[str, str]) -> AWSRequest:
    scheme, _, host = request.origin.partition("://")
    path, _, query = request.target.partition("?")
    return AWSRequest(
        destination=URI(scheme=scheme, host=host, path=path, query=query or None),
        method=request.method,
        body=None,
        fields=Fields([Field(name=name, values=[value]) for name, value in headers.items()]),
    )
