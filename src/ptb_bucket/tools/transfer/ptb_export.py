"""Export a state to the files of PTB's own PicklePersistence, or of its DictPersistence if that can express it."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ptb_bucket.codecs import open_codec
from ptb_bucket.errors import CannotLoadError, RefusedError
from ptb_bucket.sealing import Sealing
from ptb_bucket.state import BOT_DATA, Kind, Record
from ptb_bucket.tools.transfer.export_format import part_paths
from ptb_bucket.tools.transfer.new_files import check_absent, put_in_place, written_whole
from ptb_bucket.tools.transfer.ptb_records import EXPORTED_KINDS, PTB_KINDS, records_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from telegram.ext import BasePersistence, DictPersistence, ExtBot, PicklePersistence

    from ptb_bucket.codecs import Codec
    from ptb_bucket.location import CodecName, LayoutName
    from ptb_bucket.tools.state import State

__all__ = ["export_dict", "export_pickle"]


async def export_pickle(  # noqa: PLR0913  each a decision of the caller's
    state: State,
    path: Path,
    *,
    types: Iterable[Any] = (),
    force: bool = False,
    multi: bool = False,
    main: str | None = None,
    left_out: Callable[[int], None] = lambda _: None,
) -> int:
    """Write everything with PTB's PicklePersistence, except timers, which it does not have.

    A bot that is started as a script has its own classes in ``__main__``, and its PicklePersistence looks for them
    there. :func:`ptb_bucket.tools.transfer.script.script_of` finds the module of this script.

    Args:
        state: The state to export. All of it is held in memory.
        path: The new file, or the start of the names of the five files. Only their owner may read them.
        types: See :class:`ptb_bucket.BucketPersistence`.
        force: Replace existing files.
        multi: Write five files, for ``single_file=False``.
        main: The module that the bot is started as; empty if none of the classes is in it. None: the module of
            ``types`` that has ``if __name__ == "__main__":``.
        left_out: Called with the number of timers.

    Returns:
        The number of records.

    Raises:
        ConfigurationError: Several modules can be started, or ``main`` is not a module of ``types``.
        RefusedError: A file exists.
        CannotLoadError: A record needs a class that is not registered.
        StoreError, DocumentError: The state could not be read.
    """
    from ptb_bucket.tools.transfer.script import as_main, script_of  # noqa: PLC0415  only for pickles

    parts, types = part_paths(path), list(types)
    script = script_of(types, main)
    check_absent(parts.values() if multi else [path], force=force)
    kept = await _kept(state, types)
    left_out(kept.timers)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        made = Path(folder, path.name)
        await _write(made, kept, partial(as_main, script, types), single_file=not multi)
        if not multi:
            put_in_place(made, path, force=force)
        else:
            _put_all_in_place(part_paths(made), parts, force=force)
    return kept.count


async def _write(
    path: Path, kept: _Kept, as_the_script: Callable[[], AbstractContextManager[None]], *, single_file: bool
) -> None:
    """Let PTB write its file or files, with classes where the bot's script has them."""
    from telegram.ext import PicklePersistence  # noqa: PLC0415  an export to JSON does without it

    written: PicklePersistence[Any, Any, Any] = PicklePersistence(path, single_file=single_file, on_flush=True)
    written.user_data, written.chat_data, written.conversations = {}, {}, {}  # PTB cannot read None again
    await _fill(written, kept)
    with as_the_script():
        await written.flush()
    if not kept.count:  # without any record, flush() writes no file
        written.on_flush, written.bot_data = False, None
        await written.update_bot_data({})


def _put_all_in_place(made: dict[str, Path], parts: dict[str, Path], *, force: bool) -> None:
    for kind, target in parts.items():
        if made[kind].exists():
            put_in_place(made[kind], target, force=force)
        else:
            target.unlink(missing_ok=True)  # a file of an older export would not match the new ones


async def export_dict(
    state: State,
    path: Path,
    *,
    types: Iterable[Any] = (),
    force: bool = False,
    left_out: Callable[[int], None] = lambda _: None,
) -> int:
    """Write everything as the arguments of PTB's DictPersistence: ``DictPersistence(**json.load(file))``.

    Timers are left out, because DictPersistence does not have them.

    Its JSON has no tuples, sets, dates and so on. If any value would not be read back as it is, nothing is written.

    Args:
        state: The state to export. All of it is held in memory.
        path: The new file, which only its owner may read.
        types: See :class:`ptb_bucket.BucketPersistence`.
        force: Replace an existing file.
        left_out: Called with the number of timers.

    Returns:
        The number of records.

    Raises:
        RefusedError: The file exists, or a record would be read back as a different one.
        CannotLoadError: A record needs a class that is not registered.
        StoreError, DocumentError: The state could not be read.
    """
    check_absent([path], force=force)
    kept = await _kept(state, types)
    left_out(kept.timers)
    texts = await _arguments(kept)
    with written_whole(path, force=force) as file:
        file.write(json.dumps(texts, indent=1).encode())
    return kept.count


async def _arguments(kept: _Kept) -> dict[str, str]:
    """Return the arguments of DictPersistence.

    Raises:
        RefusedError: A record would be read back as a different one.
    """
    from telegram.ext import DictPersistence  # noqa: PLC0415  an export to JSON does without it

    from ptb_bucket.tools.transfer.memory_json import dict_persistence  # noqa: PLC0415  as above

    made = DictPersistence()
    await _fill(made, kept)
    lossy = next((record for record, value in records_of(kept.data) if not _is_json(value)), None)
    texts = {} if lossy else _texts(made)
    lossy = lossy or _first_difference(kept.data, dict_persistence(texts))
    if lossy:
        raise RefusedError(
            f"{lossy.label} contains a value that DictPersistence can't represent as JSON, such as a tuple, "
            "a set, a date or a shared object. Nothing was written. Use --format json or "
            "--format pickle."
        )
    return texts


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _texts(made: DictPersistence) -> dict[str, str]:
    return {
        f"{kind.value}_json": getattr(made, f"{kind.value}_json") for kind in PTB_KINDS if getattr(made, kind.value)
    }


def _first_difference(data: dict[str, Any], again: DictPersistence) -> Record | None:
    from ptb_bucket.codecs import identical  # noqa: PLC0415  only for PTB's files

    came_back = dict(records_of({kind.value: getattr(again, kind.value) for kind in PTB_KINDS}))
    return next((r for r, value in records_of(data) if value and not identical(value, came_back.get(r))), None)


@dataclass
class _Kept:
    """The data that PTB would receive at its start."""

    bot: ExtBot[None]
    data: dict[str, Any]
    timers: int
    """The number of timers, which PTB would not receive."""

    @property
    def count(self) -> int:
        return sum(1 for record, value in records_of(self.data) if record != BOT_DATA or value)


async def _kept(state: State, types: Iterable[Any]) -> _Kept:
    from ptb_bucket.persistence import BucketPersistence  # noqa: PLC0415  it imports telegram.ext
    from ptb_bucket.tools.detached import detached_ext_bot  # noqa: PLC0415  as above

    bot = detached_ext_bot(state.bot_id)
    archive = state.archive
    opened = Sealing(environment={}, max_size=sys.maxsize)  # the state's own store does this, with its keys
    source: BucketPersistence[Any, Any, Any] = BucketPersistence(
        state.store,
        layout=cast("LayoutName", archive.layout.name),
        codec=cast("CodecName", archive.codec),
        types=types,
        sealing=opened,
    )
    source.set_bot(bot)
    codec, handlers, timers = open_codec(archive.codec, types), dict[str, None](), 0
    async for part in archive.parts(EXPORTED_KINDS):
        ptbs = {record: encoded for record, encoded in part.records.items() if record.kind is not Kind.TIMER}
        timers += len(part.records) - len(ptbs)
        _check_readable(codec, ptbs)
        handlers.update((record.conversation[0], None) for record in part.records if record.kind is Kind.CONVERSATION)
    data = {
        "user_data": await source.get_user_data(),
        "chat_data": await source.get_chat_data(),
        "bot_data": await source.get_bot_data(),
        "callback_data": await source.get_callback_data(),
        "conversations": {name: await source.get_conversations(name) for name in handlers},
    }
    return _Kept(bot, data, timers)


def _check_readable(codec: Codec, records: Mapping[Record, bytes]) -> None:
    """Refuse records that cannot be decoded. A bot starts without them, but a file without them would lose them."""
    for record, encoded in records.items():
        try:
            codec.decode(encoded, origin=record.label)
        except CannotLoadError as error:
            raise CannotLoadError(
                f"{record.label} cannot be loaded: {error}. Nothing was written. Pass your bot's classes with --types."
            ) from error


async def _fill(target: BasePersistence[Any, Any, Any], kept: _Kept) -> None:
    target.set_bot(kept.bot)
    for number, value in kept.data["user_data"].items():
        await target.update_user_data(number, value)
    for number, value in kept.data["chat_data"].items():
        await target.update_chat_data(number, value)
    await target.update_bot_data(kept.data["bot_data"])
    if kept.data["callback_data"]:
        await target.update_callback_data(kept.data["callback_data"])
    for name, states in kept.data["conversations"].items():
        for key, state in states.items():
            await target.update_conversation(name, key, state)
