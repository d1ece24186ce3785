"""The address of a bucket: its server, and where in a URL the bucket's name is."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import check_endpoint, dataclass
from ptb_bucket_s3._light.unsigned import encoded, query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket_s3._settings import Settings

__all__ = ["Endpoint", "aws_address", "configured_endpoint"]

_LABEL: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_LONGEST: Final = 63
_HOST_LABEL: Final = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
"""A bucket whose name may be the first label of a host under AWS's certificate: a dot would be another label."""
_DOTTED: Final = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_SUFFIXES: Final = {"cn-": "amazonaws.com.cn", "eusc-": "amazonaws.eu"}
_ANY: Final = "us-east-1"
"""The region to sign for where none is configured."""


def aws_address(service: str, region: str | None) -> str:
    """Return the address of a service of AWS in a region, such as ``https://s3.eu-west-1.amazonaws.com``.

    Raises:
        ConfigurationError: This is not the name of a region.
    """
    if region is None:
        return f"https://{service}.amazonaws.com"
    if not _is_region(region):
        raise ConfigurationError("s3: The region is not a valid region name. Expected a name such as eu-west-1.")
    suffix = next((suffix for start, suffix in _SUFFIXES.items() if region.startswith(start)), "amazonaws.com")
    return f"https://{service}.{region}.{suffix}"


def _is_region(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and text[0] != "-" and _LABEL.issuperset(text)


def configured_endpoint(service: str, environ: Mapping[str, str]) -> str | None:
    """Return the server that the environment names for a service, instead of AWS.

    Raises:
        ConfigurationError: It is not a valid address.
    """
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    for name in (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"):
        if environ.get(name):
            check_endpoint(name, environ[name])
            return environ[name]
    return None


@dataclass(frozen=True)
class Endpoint:
    """The address of a bucket.

    Args:
        bucket: The bucket's name.
        region: The region; None if it is not known.
        server: The address of a server that is not AWS; None for AWS.
        style: ``auto``, ``path`` or ``virtual``.
    """

    bucket: str
    region: str | None
    server: str | None
    style: str

    @classmethod
    def find(cls, bucket: str, settings: Settings, region: str | None, environ: Mapping[str, str]) -> Endpoint:
        """Return the address from the URI's options and the environment."""
        server = settings.endpoint_url or configured_endpoint("s3", environ)
        return cls(bucket, region, server and server.rstrip("/"), settings.addressing_style)

    @property
    def url(self) -> str:
        """The server's address, without the bucket."""
        return self.server or aws_address("s3", self.region)

    @property
    def signing_region(self) -> str:
        """The region in signatures."""
        return self.region or _ANY

    def locate(self, key: str, arguments: Mapping[str, str]) -> tuple[str, str]:
        """Return origin and target of a request: ``https://host``, and the path with its query.

        Args:
            key: The object's key; empty for the bucket itself.
            arguments: The query.
        """
        origin, base, virtual = self._start
        path = f"{base}/{encoded(key)}" if key or virtual else base
        return origin, f"{path}?{query(arguments)}" if arguments else path

    @cached_property
    def _start(self) -> tuple[str, str, bool]:
        """The origin, the path to the bucket, and whether the bucket is part of the host."""
        scheme, _, rest = self.url.partition("://")
        host, slash, base = rest.partition("/")
        host, base = _without_default_port(scheme, host.rpartition("@")[2]), slash + base
        if self._is_virtual(scheme):
            return f"{scheme}://{self.bucket}.{host}", base, True
        return f"{scheme}://{host}", f"{base}/{encoded(self.bucket)}", False

    def _is_virtual(self, scheme: str) -> bool:
        """Return whether the bucket is part of the host, by the rules of AWS's SDKs."""
        wanted = self.style == "virtual" or (self.style == "auto" and self.server is None)
        return wanted and bool(re.fullmatch(_HOST_LABEL if scheme == "https" else _DOTTED, self.bucket))

    def moved(self, region: str, *, resign_only: bool) -> Endpoint | None:
        """Return the address in the region that a server named; None if there is nothing else to try.

        Args:
            region: The region, which the server may have made up.
            resign_only: The server is right and the region in the signature wrong. Only then is a server that is not
                AWS asked again, because a region says nothing about its address.
        """
        if not _is_region(region) or region == self.region or (self.server and not resign_only):
            return None
        return replace(self, region=region)


def _without_default_port(scheme: str, host: str) -> str:
    return host.removesuffix({"http": ":80", "https": ":443"}.get(scheme, "\n"))
