"""A file becomes part of a bot's state: what is missing is added, what differs is not touched unless asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs import same
from ptb_bucket.errors import CannotStoreError, RefusedError, pluralize
from ptb_bucket.state import MISSING, Kind
from ptb_bucket.tools.transfer.ptb_records import PTB_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.codecs import Codec
    from ptb_bucket.state import Record, Replica
    from ptb_bucket.tools.state import State
    from ptb_bucket.tools.transfer.memory_file import MemoryFile

__all__ = ["Imported", "import_memory"]

_SHOWN: Final = 3
_EMPTY_IS_ABSENT: Final = frozenset({Kind.BOT, Kind.CHAT, Kind.USER})
_STEP: Final = 100


@dataclass
class Imported:
    """What was written, or would be.

    Attributes:
        added: Records that were not there, by kind.
        equal: How many lay there already.
        replaced: Records that lay there and differed.
        left_out: What could not be stored, each with its path.
    """

    added: dict[Kind, int] = field(default_factory=dict)
    equal: int = 0
    replaced: list[Record] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


async def import_memory(  # noqa: PLR0913  each a decision of the caller's
    state: State,
    memory: MemoryFile,
    *,
    overwrite: bool = False,
    leave_out: bool = False,
    dry_run: bool = False,
    advance: Callable[[int], None] = lambda _: None,
) -> Imported:
    """Write what a file holds into a bot's state, in one commit, merged with what the bot writes meanwhile.

    Nothing is written before all of the file was read and compared.

    Args:
        state: Where to; it may be new.
        memory: What; it is read once.
        overwrite: Where a record lies there already and differs, the file's takes its place as a whole.
        leave_out: What cannot be stored is left out; what lies beside it is not.
        dry_run: Only say what would be done.
        advance: Told how many records were read since the last time.

    Raises:
        RefusedError: Records differ, or cannot be stored, and that was not asked for. Nothing was written.
        CannotLoadError: The file is damaged, or what lies there needs a type that is not registered.
        StoreError, DocumentError: The state could not be read or written.
    """
    state.codec.bot = memory.bot
    replica, found = state.replica(PTB_KINDS), Imported()
    await replica.documents.read_all()
    number = 0
    for number, (record, value) in enumerate(memory.records(), 1):
        _take(state.codec, replica, record, value, found)
        if number % _STEP == 0:
            advance(_STEP)
    advance(number % _STEP)
    _check(found, overwrite=overwrite, leave_out=leave_out)
    if not dry_run:
        await replica.commit()
    return found


def _take(codec: Codec, replica: Replica, record: Record, value: Any, found: Imported) -> None:
    """Stage one record; that writes nothing yet."""
    known = replica.values.load(record)
    if _is_equal(codec, known, value):
        found.equal += 1
        return
    if record.kind in _EMPTY_IS_ABSENT and same(value, {}):
        return  # says nothing, and is no wish to delete what is there
    try:
        replica.stage(record, value)
    except CannotStoreError as error:
        found.left_out.append(f"{error.record}{''.join(map(str, error.path))}: {error.reason}")
        value = replica.values.read(record)
    if known is MISSING:
        found.added[record.kind] = found.added.get(record.kind, 0) + (value is not MISSING)
    elif _is_equal(codec, known, value):
        found.equal += 1
    else:
        found.replaced.append(record)


def _is_equal(codec: Codec, known: Any, value: Any) -> bool:
    """Tell whether the file has what is there: content, types, order, and which places share an object."""
    if codec.equality.identical(known, value):
        return True
    try:
        # Attributes may come in another order from a file than from the bucket, where they are sorted.
        return codec.equality.same(known, value) and codec.encode(known) == codec.encode(value)
    except CannotStoreError:
        return False


def _check(found: Imported, *, overwrite: bool, leave_out: bool) -> None:
    if found.left_out and not leave_out:
        raise RefusedError(
            f"{pluralize(len(found.left_out), 'record has', 'records have')} something that cannot be stored: "
            f"{_some(found.left_out)}. Nothing was written. All the rest can be imported: --leave-out."
        )
    if found.replaced and not overwrite:
        raise RefusedError(
            f"{pluralize(len(found.replaced), 'record lies', 'records lie')} there already, not as in the file: "
            f"{_some([record.label for record in found.replaced])}. Nothing was written. --overwrite puts what is in "
            "the file in its place."
        )


def _some(labels: list[str]) -> str:
    return "; ".join(labels[:_SHOWN]) + ("; ..." if len(labels) > _SHOWN else "")
