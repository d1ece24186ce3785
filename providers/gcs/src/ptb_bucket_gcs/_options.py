"""How to reach a bucket, as the options of a URI say it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ptb_bucket.stores import check_endpoint, check_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HONEST", "OPTIONS", "Options", "is_google"]

HONEST: Final = "Conditional puts work at Google's own endpoints and on fake-gcs-server."

OPTIONS: Final[Mapping[str, str]] = {
    "project": "project id for the client; an object's bucket already says where it is",
    "service_account_file": "path of a service account's JSON file, instead of the application default credentials",
    "endpoint_url": "an emulator's, or one of Google's private endpoints; STORAGE_EMULATOR_HOST if not given",
    "timeout": "seconds for one operation in all, 30 if not given",
    "user_project": "project to bill, for buckets whose requester pays",
    "kms_key_name": "Cloud KMS key for new objects: projects/P/locations/L/keyRings/R/cryptoKeys/K",
    "always_prove": "true: prove that conditional writes are honoured at Google's own endpoints as well, every time",
}


@dataclass(frozen=True)
class Options:
    """What :data:`OPTIONS` explains, checked."""

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
    """Whether it is Google that answers there: its limits hold and its promises are kept."""
    host = urlsplit(endpoint_url).hostname if endpoint_url else None
    return endpoint_url is None or (host or "").endswith(".googleapis.com")


def _checked(endpoint: str) -> str:
    # Google's own tools take STORAGE_EMULATOR_HOST with and without a scheme.
    whole = endpoint if "://" in endpoint else f"http://{endpoint}"
    check_endpoint("endpoint_url (or STORAGE_EMULATOR_HOST)", whole)
    return whole.rstrip("/")
