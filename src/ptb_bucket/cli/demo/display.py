"""The demo's output: the dialogue, and the documents that it leaves behind."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from ptb_bucket.cli.console import bold, dim
from ptb_bucket.errors import NotFoundError
from ptb_bucket.state import Kind

if TYPE_CHECKING:
    from ptb_bucket.location import Location
    from ptb_bucket.offline_telegram import Line

__all__ = ["heading", "narrate", "read_documents", "show_documents", "speak"]

_WIDTH = 92
_NAME = 7


def heading(text: str) -> None:
    """Print a heading."""
    print("\n" + bold(f"{f'── {text} ':─<{_WIDTH}}"), flush=True)


def narrate(text: str) -> None:
    """Print a comment on the dialogue."""
    print(dim("\n".join(textwrap.fill(part, _WIDTH) for part in text.split("\n"))), flush=True)


def speak(line: Line) -> None:
    """Print one line of the dialogue: the speaker, the text, and the keyboard below it."""
    name, margin = bold(f"  {line.who:<{_NAME}}"), " " * (_NAME + 2)
    text = textwrap.fill(_line_text(line), _WIDTH, initial_indent=margin, subsequent_indent=margin)
    print(name + text.removeprefix(margin))
    for row in line.buttons:
        print(margin + " ".join(f"[{label}]" for label in row))
    print(end="", flush=True)  # the next line may come from another process


def _line_text(line: Line) -> str:
    return {
        "press": f"taps [{line.text}]",
        "edit": f"(edits the message) {line.text}",
        "delete": f"(deletes) {line.text}",
    }.get(line.kind, line.text)


async def read_documents(location: Location, bot_id: int) -> dict[str, bytes]:
    """Read all documents of the demo's bot.

    Args:
        location: Where the documents are stored.
        bot_id: The bot's ID.

    Returns:
        The content of each document by its key; empty before the first run.

    Raises:
        StoreError: A document could not be read.
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


def show_documents(found: dict[str, bytes], location: Location) -> None:
    """Print the documents and their location.

    Args:
        found: The documents, from :func:`read_documents`.
        location: Where they are stored.
    """
    narrate("This is the complete stored state. Each record is on its own line, and sets and dates have a type tag.")
    for key, data in found.items():
        heading(f"{_folder(location)}{key}, {len(data):,} bytes")
        print(data.decode().rstrip() if location.codec.name == "json" else "(pickle: binary data)")


def _folder(location: Location) -> str:
    if location.uri is None:
        return ""
    scheme, bucket, prefix = location.uri.scheme, location.uri.bucket, location.uri.prefix
    return f"{bucket}/" if scheme == "file" else f"{scheme}://{bucket}/{prefix}"
