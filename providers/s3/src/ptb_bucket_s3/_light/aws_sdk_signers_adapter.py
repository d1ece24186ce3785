"""Signing with ``aws-sdk-signers``, for Python 3.12 and newer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_sdk_signers import URI, AWSCredentialIdentity, AWSRequest, Field, Fields, SigV4Signer, SigV4SigningProperties

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
    scheme, _, host = request.origin.partition("://")
    path, _, query = request.target.partition("?")
    signed = SigV4Signer().sign(
        request=AWSRequest(
            destination=URI(scheme=scheme, host=host, path=path, query=query or None),
            method=request.method,
            body=_Whole(request.body),
            fields=Fields([Field(name=name, values=[value]) for name, value in headers.items()]),
        ),
        identity=AWSCredentialIdentity(
            access_key_id=credentials.access_key,
            secret_access_key=credentials.secret_key,
            session_token=credentials.token,
        ),
        # The path is encoded once and not normalised: for S3, a//b and a/./b are other objects than a/b.
        properties=SigV4SigningProperties(
            region=region,
            service=service,
            date=headers["x-amz-date"],
            uri_encode_path=False,
            normalize_path=False,
        ),
    )
    return str(signed.fields["authorization"].as_string())


class _Whole:
    """A body that is hashed in one piece. A file object would be hashed line by line, and a list copied first."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self._data

    def tell(self) -> int:
        return 0

    def seek(self, *_: int) -> int:
        return 0
