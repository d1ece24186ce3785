"""Where a copy may go: to a place of its own, of the same bot or a new one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import ConfigurationError, ForeignDocumentError, NotFoundError, RefusedError
from ptb_bucket.state import Archive
from ptb_bucket.tools.state import State, open_state

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterable

    from ptb_bucket.stores import BlobStore

__all__ = ["check_source", "open_target"]


def check_source(uri: str) -> None:
    """Refuse a source that only a bot's id makes one place: ``--bot-id`` is the destination's."""
    if "{bot_id}" in uri:
        raise ConfigurationError("The source's URI has {bot_id} in it. Write the id in its place.")


@asynccontextmanager
async def open_target(
    where: str | os.PathLike[str] | BlobStore, source: State, *, types: Iterable[Any] = (), bot_id: str | None = None
) -> AsyncIterator[State]:
    """Open where a state is to be copied to. What its URI does not say of layout and codec is as in the source.

    Args:
        where: As for :func:`open_state`.
        source: What is to be copied.
        types: As for :func:`open_state`.
        bot_id: Whose memory it will be; None for the source's bot.

    Raises:
        RefusedError: It is the source's place, another bot's, or another state lies there.
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
        raise RefusedError(f"Source and destination are the same place, {places[0][0]}. Choose another prefix.")


def _server(state: State) -> str:
    return state.location.uri.options.get("endpoint_url", "") if state.location.uri else ""


async def _as_source(source: State, target: State, types: list[Any]) -> State:
    try:
        other = await Archive.find(target.store)
    except NotFoundError:
        pass
    else:
        raise RefusedError(
            f"At {target.store.describe('state')} lies a state already, with layout={other.layout.name} and "
            f"codec={other.codec}. Choose an empty prefix; nothing was copied."
        )
    said = target.location.said
    layout = target.archive.layout if "layout" in said else source.archive.layout
    codec = target.archive.codec if "codec" in said else source.archive.codec
    archive = Archive(target.store, layout, codec, target.bot_id)
    return replace(target, archive=archive, codec=open_codec(codec, types))
