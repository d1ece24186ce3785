"""Export a state to a file of typed JSON."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any

from ptb_bucket.errors import CannotStoreError
from ptb_bucket.state import BOT_DATA, Kind, Record
from ptb_bucket.tools.state import late_bot
from ptb_bucket.tools.transfer.copying_broadcasts import drives_broadcast
from ptb_bucket.tools.transfer.export_format import EXPORT, VERSION, WITH_TIMERS
from ptb_bucket.tools.transfer.new_files import check_absent, written_whole
from ptb_bucket.tools.transfer.ptb_records import EXPORTED_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ptb_bucket.tools.state import State

__all__ = ["export_json"]


async def export_json(
    state: State,
    path: Path,
    *,
    types: Iterable[Any] = (),
    force: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> int:
    """Write everything as typed JSON, one record per line. :func:`read_memory` reads it.

    Broadcasts are left out, because their audiences are not records: ``copy`` moves them. With ``codec=json``, records
    are written as they are stored. Memory holds one document at a time.

    Args:
        state: The state to export.
        path: The new file, which only its owner may read.
        types: Needed with ``codec=pickle``; see :class:`ptb_bucket.BucketPersistence`.
        force: Replace an existing file.
        advance: Called with the number of records written since the last call.

    Returns:
        The number of records.

    Raises:
        RefusedError: The file exists.
        CannotLoadError: A record needs a class that is not registered.
        CannotStoreError: A record contains a value that JSON cannot express.
        StoreError, DocumentError: The state could not be read.
    """
    check_absent([path], force=force)
    convert = _converter(state, types)
    with ExitStack() as stack:
        spools: dict[Kind, IO[bytes]] = {
            kind: stack.enter_context(tempfile.TemporaryFile(dir=path.parent)) for kind in EXPORTED_KINDS
        }
        count = 0
        async for part in state.archive.parts(EXPORTED_KINDS):
            for record, encoded in part.records.items():
                if record.kind in spools and not drives_broadcast(record):
                    spools[record.kind].write(_line(record, convert(record, encoded), spools[record.kind]))
                    count += 1
            advance(len(part.records))
        with written_whole(path, force=force) as file:
            _gather(file, state.bot_id, spools)
    return count


def _converter(state: State, types: Iterable[Any]) -> Callable[[Record, bytes], bytes]:
    if state.archive.codec == "json":
        return lambda _, encoded: encoded
    from ptb_bucket.codecs import JsonCodec  # noqa: PLC0415  only for pickles
    from ptb_bucket.state import RecordMerger  # noqa: PLC0415  as above

    merger, codec = RecordMerger(state.codec), JsonCodec(types)
    state.codec.bot = codec.bot = late_bot(state.bot_id)

    def convert(record: Record, encoded: bytes) -> bytes:
        try:
            return codec.encode(merger.decode(record, encoded))
        except CannotStoreError as error:
            error.record = record.label
            raise

    return convert


def _line(record: Record, encoded: bytes, before: IO[bytes]) -> bytes:
    if record == BOT_DATA:
        return encoded
    comma = b",\n" if before.tell() else b""
    return comma + json.dumps(record.id).encode() + b": " + encoded


def _gather(file: IO[bytes], bot_id: str, spools: dict[Kind, IO[bytes]]) -> None:
    version = WITH_TIMERS if spools[Kind.TIMER].tell() else VERSION
    file.write(f'{{"{EXPORT}": {version}, "bot_id": {json.dumps(bot_id)}'.encode())
    for kind, spool in spools.items():
        if spool.tell():
            opening, closing = (b"", b"") if kind is Kind.BOT else (b"{\n", b"\n}")
            file.write(f',\n"{kind.value}": '.encode() + opening)
            spool.seek(0)
            shutil.copyfileobj(spool, file)
            file.write(closing)
    file.write(b"\n}\n")
