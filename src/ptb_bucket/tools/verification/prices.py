"""List prices of requests, to say what a verification costs before it starts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ptb_bucket.tools.verification.requests import Requests

if TYPE_CHECKING:
    from ptb_bucket.stores import StoreUri

__all__ = ["ListPrice", "cost_text", "host_of", "list_price"]

_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")


@dataclass(frozen=True)
class ListPrice:
    """A cloud's list prices in US dollars for a million requests.

    Args:
        name: The cloud, the storage class and the region.
        writes: PUT.
        reads: GET.
        lists: LIST.
        deletes: DELETE.
        dated: The year for which the price was looked up.
        source: The page that states it.
    """

    name: str
    writes: float
    reads: float
    lists: float
    deletes: float
    dated: str
    source: str

    def cost(self, requests: Requests) -> float:
        """Return the price of some requests in US dollars."""
        millionths = (
            self.writes * requests.writes
            + self.reads * requests.reads
            + self.lists * requests.lists
            + self.deletes * requests.deletes
        )
        return millionths / 1_000_000


_AWS: Final = ListPrice(
    "Amazon S3 Standard in us-east-1", 5.0, 0.4, 5.0, 0.0, "2026", "https://aws.amazon.com/s3/pricing/"
)
_GOOGLE: Final = ListPrice(
    "Google Cloud Storage Standard in one region", 5.0, 0.4, 5.0, 0.0, "2026",
    "https://cloud.google.com/storage/pricing",
)  # fmt: skip
_BY_HOST: Final = {
    ".amazonaws.com": _AWS,
    ".r2.cloudflarestorage.com": ListPrice(
        "Cloudflare R2 Standard", 4.5, 0.36, 4.5, 0.0, "2026", "https://developers.cloudflare.com/r2/pricing/"
    ),
}


def host_of(uri: StoreUri) -> str:
    """Return the host that a URI or the environment names instead of the cloud's own; empty if there is none."""
    given = uri.options.get("endpoint_url", "")
    if not given and uri.scheme == "s3":
        given = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), "")
    return urlsplit(given).hostname or ""


def list_price(uri: StoreUri) -> ListPrice | None:
    """Return the list price of the cloud that a URI names, None if it is not known here."""
    host = host_of(uri)
    if not host:
        return {"s3": _AWS, "gs": _GOOGLE}.get(uri.scheme)
    return next((price for end, price in _BY_HOST.items() if host.endswith(end)), None)


def cost_text(uri: StoreUri, requests: Requests) -> str:
    """Return a sentence about what some requests cost.

    Args:
        uri: The location; its host decides which list prices apply.
        requests: The requests.
    """
    if uri.scheme == "file":
        return "A directory costs nothing."
    price = list_price(uri)
    if price is None:
        at_s3 = _AWS.cost(requests)
        where = host_of(uri) or f"{uri.scheme}:"
        return (
            f"The list prices of {where} are unknown. At those of {_AWS.name} ({_AWS.dated}), this would cost "
            f"about ${at_s3:.3f}."
        )
    return (
        f"By the list prices of {price.name} ({price.dated}), they cost about ${price.cost(requests):.3f}: for a "
        f"million, ${price.writes:g} (PUT), ${price.lists:g} (LIST) and ${price.reads:g} (GET). DELETE is free. "
        f"See {price.source}. {_versions_text(price, requests)}"
    )


def _versions_text(price: ListPrice, requests: Requests) -> str:
    """Return a sentence about removing old versions, which needs one listing for each object."""
    more = price.cost(Requests(lists=requests.deletes))
    return f"If the bucket keeps old versions, removing them adds up to {requests.deletes:,} LIST (${more:.3f})."
