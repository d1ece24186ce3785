"""The options of an s3: URI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import check_endpoint, check_seconds, dataclass, read_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.stores import StoreUri

__all__ = ["OPTIONS", "Settings"]

OPTIONS: Final[Mapping[str, str]] = {
    "region": "the bucket's region, such as eu-west-1",
    "endpoint_url": "the server if it is not AWS, such as https://rgw.example",
    "profile": "a profile of the AWS configuration files",
    "addressing_style": "path, virtual or auto: the place of the bucket's name in URLs",
    "sse": "server-side encryption: AES256, aws:kms or aws:kms:dsse",
    "kms_key": "ID, alias or ARN of the KMS key for encryption; implies sse=aws:kms",
    "storage_class": "such as STANDARD or EXPRESS_ONEZONE",
    "connect_timeout": "seconds for a connection (3)",
    "read_timeout": "seconds without a byte (10)",
    "timeout": "seconds for one operation in total (20)",
    "client": "light, aioboto3 or auto: which client sends the requests (auto)",
    "always_prove": "1: test the server's conditional puts in every process, not only once per prefix",
}


@dataclass(frozen=True)
class Settings:
    """The settings for using a bucket. The fields are the URI's options; ``home`` is the URI's prefix.

    Args:
        home: Where the store keeps its own note about a server that is not AWS: what its key starts with.
    """

    region: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    addressing_style: str = "auto"
    sse: str | None = None
    kms_key: str | None = None
    storage_class: str | None = None
    connect_timeout: float = 3.0
    read_timeout: float = 10.0
    timeout: float = 20.0
    client: str = "auto"
    always_prove: bool = False
    home: str = ""

    def __post_init__(self) -> None:
        _one_of("addressing_style", self.addressing_style, "path", "virtual", "auto")
        _one_of("client", self.client, "auto", "light", "aioboto3")
        if self.client == "light" and self.profile:
            raise ConfigurationError("s3: client=light cannot use a profile. Remove one of the two options.")
        if self.sse is not None:
            _one_of("sse", self.sse, "AES256", "aws:kms", "aws:kms:dsse")
        if self.kms_key and self.sse == "AES256":
            raise ConfigurationError("s3: kms_key and sse=AES256 are mutually exclusive. Remove one of them.")
        if self.endpoint_url is not None:
            check_endpoint("endpoint_url", self.endpoint_url)
        for name in ("connect_timeout", "read_timeout", "timeout"):
            check_seconds(name, getattr(self, name))

    @classmethod
    def from_uri(cls, uri: StoreUri) -> Settings:
        """Take the options of a URI.

        Raises:
            ConfigurationError: A value is not valid. The error does not repeat it.
        """
        return read_options(cls, uri.options, home=uri.prefix)

    def put_arguments(self) -> dict[str, str]:
        """Return what every put asks for besides its bytes and condition."""
        wanted = {
            "ServerSideEncryption": self.sse or ("aws:kms" if self.kms_key else None),
            "SSEKMSKeyId": self.kms_key,
            "StorageClass": self.storage_class,
        }
        return {name: value for name, value in wanted.items() if value}


def _one_of(name: str, value: str, *valid: str) -> None:
    if value not in valid:
        raise ConfigurationError(f"s3: {name} must be one of {', '.join(valid)}.")
