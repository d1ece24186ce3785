"""Import a file into a state: add missing records, and replace different ones only on request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._wording import pluralize
from ptb_bucket.codecs import same
from ptb_bucket.errors import CannotStoreError, RefusedError
from ptb_bucket.state import MISSING, Kind
from ptb_bucket.tools.transfer.ptb_records import EXPORTED_KINDS

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
    """The result of an import, or with ``dry_run`` the expected one.

    Attributes:
        added: The number of new records, by kind.
        equal: The number of records that were already stored.
        replaced: Stored records that differed from the file's.
        left_out: Values that cannot be stored, each with its path.
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
    """Write the records of a file into a bot's state in one commit, merged with the bot's changes.

    Nothing is written before the whole file was read and compared.

    Args:
        state: The destination, which may be new.
        memory: The file. It is read once.
        overwrite: Replace stored records that differ by the file's, each as a whole.
        leave_out: Leave out values that cannot be stored, and import the values beside them.
        dry_run: Only report the result.
        advance: Called with the number of records read since the last call.

    Raises:
        RefusedError: Records differ and ``overwrite`` is false, or values cannot be stored and ``leave_out`` is false.
            Nothing was written.
        CannotLoadError: The file is damaged, or a stored record needs a type that is not registered.
        StoreError, DocumentError: The state could not be read or written.
    """
    state.codec.bot = memory.bot
    replica, found = state.replica(EXPORTED_KINDS), Imported()
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
    """Compare one record and stage it. This writes nothing yet."""
    known = replica.values.load(record)
    if _is_equal(codec, known, value):
        found.equal += 1
        return
    if record.kind in _EMPTY_IS_ABSENT and same(value, {}):
        return  # an empty record is the default, not a request to delete
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
    """Tell whether two values have the same content, types, order, and shared objects."""
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
            f"{pluralize(len(found.left_out), 'record contains', 'records contain')} values that can't be stored: "
            f"{_some(found.left_out)}. Nothing was written. To import everything else, pass --leave-out."
        )
    if found.replaced and not overwrite:
        raise RefusedError(
            f"{pluralize(len(found.replaced), 'stored record differs', 'stored records differ')} from the file: "
            f"{_some([record.label for record in found.replaced])}. Nothing was written. To replace them, pass "
            "--overwrite."
        )


def _some(labels: list[str]) -> str:
    return "; ".join(labels[:_SHOWN]) + ("; ..." if len(labels) > _SHOWN else "")
