"""The name and version that a server tells without being authenticated."""

from __future__ import annotations

import asyncio
import re
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Final

from ptb_bucket.tools.verification.prices import host_of

if TYPE_CHECKING:
    from ptb_bucket.stores import StoreUri

__all__ = ["server_of"]

_TIMEOUT: Final = 5.0
_SAID: Final = re.compile(r"([^/(]+?)(?:[/ ]\(?v?([0-9][\w.+-]*|[a-z]+)\)?)?(?: .*)?")


async def server_of(uri: StoreUri) -> tuple[str, str]:
    """Return the name and the version of a server, empty if they are not known.

    A server with an ``endpoint_url`` is asked with one request, without credentials, and names itself in the header
    ``Server`` of its answer.
    """
    if uri.scheme == "file":
        return "directory", ""
    if not uri.options.get("endpoint_url"):
        names = {"s3": "" if host_of(uri) else "Amazon S3", "gs": "Google Cloud Storage"}
        return names.get(uri.scheme, ""), ""
    header = await asyncio.to_thread(_header, uri.options["endpoint_url"])
    found = _SAID.fullmatch(header.strip())
    return (found[1], found[2] or "") if found else ("", "")


def _header(url: str) -> str:
    request = urllib.request.Request(url, method="GET")  # noqa: S310  the option accepts only http and https
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310  as above
            return str(answer.headers.get("Server", ""))
    except urllib.error.HTTPError as error:
        with error:
            return str(error.headers.get("Server", ""))
    except (OSError, ValueError):
        return ""
