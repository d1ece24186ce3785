"""The options of a gs: URI."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import check_endpoint, check_seconds, dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONNECT", "GOOGLE", "HONEST", "OPTIONS", "READ", "Options", "is_google"]

CONNECT: Final = 3.05
READ: Final = 10.0
"""The seconds for a connection and for the next bytes of an answer; the store's own timeout limits both."""

GOOGLE: Final = "https://storage.googleapis.com"

HONEST: Final = "Conditional puts work at Google's own endpoints and on fake-gcs-server."

_CLIENTS: Final = ("auto", "light", "google-cloud-storage")
OPTIONS: Final[Mapping[str, str]] = {
    "project": "project ID of the client; not needed to find the bucket",
    "service_account_file": "path to a service account JSON file, instead of application default credentials",
    "endpoint_url": "the URL of an emulator or of a private Google endpoint; default: STORAGE_EMULATOR_HOST",
    "timeout": "seconds for one operation in total (30)",
    "user_project": "billing project, for requester-pays buckets",
    "kms_key_name": "Cloud KMS key for new objects: projects/P/locations/L/keyRings/R/cryptoKeys/K",
    "client": "light, google-cloud-storage or auto: which client sends the requests (auto)",
    "always_prove": "true: prove in every process that conditional writes are honoured, at Google's own endpoints too",
}


@dataclass(frozen=True)
class Options:
    """The checked values of :data:`OPTIONS`."""

    project: str | None = None
    service_account_file: str | None = None
    endpoint_url: str | None = None
    timeout: float = 30.0
    user_project: str | None = None
    kms_key_name: str | None = None
    client: str = "auto"
    always_prove: bool = False

    def __post_init__(self) -> None:
        check_seconds("timeout", self.timeout)
        if self.client not in _CLIENTS:
            raise ConfigurationError(f"gs: client must be one of {', '.join(_CLIENTS)}.")
        if self.client == "light" and self.service_account_file:
            raise ConfigurationError(
                "gs: client=light does not support service_account_file. Remove one of the two options."
            )
        endpoint = self.endpoint_url or os.environ.get("STORAGE_EMULATOR_HOST")
        object.__setattr__(self, "endpoint_url", _checked(endpoint) if endpoint else None)


def is_google(endpoint_url: str | None) -> bool:
    """Return True if Google itself answers at the endpoint, with its limits and promises."""
    host = urlsplit(endpoint_url).hostname if endpoint_url else None
    return endpoint_url is None or (host or "").endswith(".googleapis.com")


def _checked(endpoint: str) -> str:
    # Google's own tools accept STORAGE_EMULATOR_HOST with and without a scheme.
    whole = endpoint if "://" in endpoint else f"http://{endpoint}"
    check_endpoint("endpoint_url (or STORAGE_EMULATOR_HOST)", whole)
    return whole.rstrip("/")
