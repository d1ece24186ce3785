"""How to reach a bucket, as the options of a URI say it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OPTIONS", "Options", "is_google", "options_from"]

OPTIONS: Final[Mapping[str, str]] = {
    "project": "project id for the client; an object's bucket already says where it is",
    "service_account_file": "path of a service account's JSON file, instead of the application default credentials",
    "endpoint_url": "an emulator's, or one of Google's private endpoints; STORAGE_EMULATOR_HOST if not given",
    "timeout": "seconds for one operation in all, 30 if not given",
    "user_project": "project to bill, for buckets whose requester pays",
    "kms_key_name": "Cloud KMS key for new objects: projects/P/locations/L/keyRings/R/cryptoKeys/K",
    "always_prove": "true: prove that conditional writes are honoured at Google's own endpoints as well, every time",
}
_SWITCH: Final = {"true": True, "false": False}


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
        if not 0 < self.timeout < float("inf"):
            raise ConfigurationError("timeout is no number of seconds above 0.")
        endpoint = self.endpoint_url or os.environ.get("STORAGE_EMULATOR_HOST")
        object.__setattr__(self, "endpoint_url", _checked(endpoint) if endpoint else None)


def options_from(given: Mapping[str, str]) -> Options:
    """Read the options of a URI, whose names are known to be right.

    Raises:
        ConfigurationError: A value is no good.
    """
    values: dict[str, object] = dict(given)
    if "timeout" in given:
        values["timeout"] = _number(given["timeout"])
    if "always_prove" in given:
        values["always_prove"] = _switch(given["always_prove"])
    return Options(**values)  # type: ignore[arg-type]  # names are checked by whoever opens the URI


def is_google(endpoint_url: str | None) -> bool:
    """Whether it is Google that answers there: its limits hold and its promises are kept."""
    host = urlsplit(endpoint_url).hostname if endpoint_url else None
    return endpoint_url is None or (host or "").endswith(".googleapis.com")


def _checked(endpoint: str) -> str:
    # Google's own tools take STORAGE_EMULATOR_HOST with and without a scheme.
    whole = endpoint if "://" in endpoint else f"http://{endpoint}"
    parts = urlsplit(whole)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise ConfigurationError("endpoint_url (or STORAGE_EMULATOR_HOST) is not like http://127.0.0.1:4443.")
    return whole.rstrip("/")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError("timeout is no number of seconds above 0.") from None


def _switch(text: str) -> bool:
    if text.lower() not in _SWITCH:
        raise ConfigurationError("always_prove is neither true nor false.")
    return _SWITCH[text.lower()]
