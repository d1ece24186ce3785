"""Open the destination of a copy: a different place, for the same bot or a new one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import ConfigurationError, ForeignDocumentError, NotFoundError, RefusedError
from ptb_bucket.state import Archive
from ptb_bucket.tools.state import State, open_state

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterable

    from ptb_bucket.stores import BlobStore

__all__ = ["check_source", "open_target"]


def check_source(uri: str) -> None:
    """Refuse a source URI that contains ``{bot_id}``, because ``--bot-id`` is the destination's."""
    if "{bot_id}" in uri:
        raise ConfigurationError("The source URI contains {bot_id}. Replace it with the bot ID.")


@asynccontextmanager
async def open_target(
    where: str | os.PathLike[str] | BlobStore, source: State, *, types: Iterable[Any] = (), bot_id: str | None = None
) -> AsyncIterator[State]:
    """Open the destination of a copy. Layout and codec are as in the source, unless its URI says otherwise.

    Args:
        where: As for :func:`open_state`.
        source: The state to copy.
        types: As for :func:`open_state`.
        bot_id: The ID of the bot that will own the copy; None for the source's bot.

    Raises:
        RefusedError: The destination is the source, belongs to another bot, or has a state in another layout or codec.
        ConfigurationError, DocumentError, StoreError: As for :func:`open_state`.
    """
    try:
        async with open_state(where, types=types, bot_id=bot_id or source.bot_id, create=True) as target:
            _refuse_same(source, target)
            yield await _as_source(source, target, list(types)) if target.is_new else target
    except ForeignDocumentError as error:
        raise RefusedError(str(error)) from error


def _refuse_same(source: State, target: State) -> None:
    places = [(state.store.describe("state"), _server(state)) for state in (source, target)]
    if places[0] == places[1]:
        raise RefusedError(f"Source and destination are the same: {places[0][0]}. Choose another prefix.")


def _server(state: State) -> str:
    return state.location.uri.options.get("endpoint_url", "") if state.location.uri else ""


async def _as_source(source: State, target: State, types: list[Any]) -> State:
    try:
        other = await Archive.find(target.store)
    except NotFoundError:
        pass
    else:
        raise RefusedError(
            f"{target.store.describe('state')} already contains a state with layout={other.layout.name} and "
            f"codec={other.codec}. Nothing was copied. Choose an empty prefix."
        )
    said = target.location.said
    layout = target.archive.layout if "layout" in said else source.archive.layout
    codec = target.archive.codec if "codec" in said else source.archive.codec
    archive = Archive(target.store, layout, codec, target.bot_id)
    return replace(target, archive=archive, types=tuple(types))
