"""The options of a gs: URI."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ptb_bucket.stores import check_endpoint, check_seconds, dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HONEST", "OPTIONS", "Options", "is_google"]

HONEST: Final = "Conditional puts work at Google's own endpoints and on fake-gcs-server."

OPTIONS: Final[Mapping[str, str]] = {
    "project": "project ID of the client; not needed to find the bucket",
    "service_account_file": "path of a service account's JSON file, instead of the application default credentials",
    "endpoint_url": "the URL of an emulator or of a private endpoint of Google; default: STORAGE_EMULATOR_HOST",
    "timeout": "seconds for one operation in total (30)",
    "user_project": "project to bill, for buckets for which the requester pays",
    "kms_key_name": "Cloud KMS key for new objects: projects/P/locations/L/keyRings/R/cryptoKeys/K",
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
    always_prove: bool = False

    def __post_init__(self) -> None:
        check_seconds("timeout", self.timeout)
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
