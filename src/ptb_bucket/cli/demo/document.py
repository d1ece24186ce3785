"""What lies in the bucket after the demo, read as anybody could."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.cli.demo.printing import heading, narrate
from ptb_bucket.errors import NotFoundError
from ptb_bucket.state import Kind

if TYPE_CHECKING:
    from ptb_bucket.location import Location

__all__ = ["documents", "show"]


async def documents(location: Location, bot_id: int) -> dict[str, bytes]:
    """Read all documents of the demo.

    Args:
        location: Where they lie.
        bot_id: Whose they are.

    Returns:
        Key → bytes; empty before the first demo.

    Raises:
        StoreError: One could not be read.
    """
    found = {}
    async with location.open(str(bot_id)) as store:
        for name in location.layout.keys(Kind):
            key = name + location.codec.extension
            try:
                found[key] = (await store.get(key)).data
            except NotFoundError:
                continue
    return found


def show(found: dict[str, bytes], location: Location) -> None:
    """Print them, and where they lie.

    Args:
        found: From :func:`documents`.
        location: The same.
    """
    narrate("\nThis is all of it, as it lies there: a record per line, sets and dates with their type.")
    for key, data in found.items():
        heading(f"{_folder(location)}{key}, {len(data):,} bytes")
        print(data.decode().rstrip() if location.codec.name == "json" else "(pickle: not for reading)")


def _folder(location: Location) -> str:
    if location.uri is None:
        return ""
    scheme, bucket, prefix = location.uri.scheme, location.uri.bucket, location.uri.prefix
    return f"{bucket}/" if scheme == "file" else f"{scheme}://{bucket}/{prefix}"
