"""Copy a bot's state to another place, layout, codec or bot, and read it back to verify it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ptb_bucket._aio import for_each
from ptb_bucket._wording import pluralize
from ptb_bucket.errors import CannotLoadError, CannotStoreError, RefusedError, UnsavedError
from ptb_bucket.state import Draft, Kind, WriterIdentity
from ptb_bucket.tools.transfer.copying_broadcasts import drives_broadcast, plan_broadcasts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from ptb_bucket.state import Part, Record, UnknownSections
    from ptb_bucket.tools.state import State
    from ptb_bucket.tools.transfer.copying_broadcasts import BroadcastPlan

    Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]
    Batch = dict[str, "_Share"]

__all__ = ["Copied", "copy"]

_BATCH = 500
_STEP = 1000
_LABELS = 5


@dataclass
class Copied:
    """The number of records ``copied``, ``skipped`` because they were equal, and ``replaced`` because they differed.

    ``broadcasts`` is the number of broadcasts, which are copied with their audiences, and ``left_out`` that of
    broadcasts that are not copied because the destination is another bot's.
    """

    copied: int = 0
    skipped: int = 0
    replaced: int = 0
    broadcasts: int = 0
    left_out: int = 0
    labels: list[str] = field(default_factory=list)

    def add(self, records: Mapping[Record, bytes], different: list[Record], missing: list[Record]) -> None:
        """Add one document to the figures."""
        self.copied += len(missing)
        self.replaced += len(different)
        self.skipped += len(records) - len(missing) - len(different)
        self.labels += [record.label for record in different[: max(0, _LABELS - len(self.labels))]]


@contextmanager
def _silent(total: int) -> Iterator[Callable[[int], None]]:
    del total
    yield _ignored


def _ignored(done: int) -> None:
    del done


async def copy(
    source: State, target: State, *, overwrite: bool = False, dry_run: bool = False, progress: Progress = _silent
) -> Copied:
    """Copy all records and the bot's broadcasts, and read each document back to compare.

    The source is not changed and may be in use: each of its documents is copied as it was at one moment. Records that
    exist only in the destination stay. If both sides have the same codec, records are copied in their encoded form.

    Args:
        source: The state to copy.
        target: The destination; see ``open_target``.
        overwrite: Replace records that differ in the destination.
        dry_run: Only count the records.
        progress: Called with the total number of steps, two for each record. Its context manager yields a function that
            is called with the number of steps done.

    Raises:
        RefusedError: Records of the destination differ; the message names the first. Or a document has a section that
            this ptb-bucket does not know, and the destination has another layout, codec or bot, or a different section
            of that name.
        CannotLoadError, CannotStoreError: A record cannot be converted to the other codec.
        UnsavedError: The records read back differ from those copied: something else writes to the destination.
        DocumentError, StoreError: A document could not be read or written. Run it again to continue from there.
    """
    work = _Work(source, target, overwrite=overwrite)
    planned = Copied(copied=await work.count()) if target.is_new else await work.compare()
    broadcasts = await plan_broadcasts(source, target)
    if dry_run:
        return _with_broadcasts(planned, broadcasts)
    if (planned.replaced or broadcasts.different) and not overwrite:
        raise _refused(planned, broadcasts)
    await broadcasts.write()  # before the timers that drive them
    with progress(2 * (planned.copied + planned.skipped + planned.replaced)) as step:
        return _with_broadcasts(await work.write(step), broadcasts)


def _with_broadcasts(found: Copied, plan: BroadcastPlan) -> Copied:
    is_own = plan.source.bot_id == plan.target.bot_id
    return replace(found, broadcasts=plan.number if is_own else 0, left_out=0 if is_own else plan.number)


def _refused(planned: Copied, broadcasts: BroadcastPlan) -> RefusedError:
    if planned.replaced:
        return RefusedError(_different(planned.replaced, planned.labels))
    return RefusedError(
        f"{', '.join(broadcasts.labels[:_LABELS])} in the destination differ from the source. Pass --overwrite to "
        "replace them: the broadcasts then go on where the source's have come."
    )


def _different(number: int, labels: list[str]) -> str:
    return (
        f"{pluralize(number, 'record in the destination differs', 'records in the destination differ')} from the "
        f"source, such as {', '.join(labels)}. Pass --overwrite to replace them."
    )


@dataclass
class _Share:
    """The records and sections to write into one document of the destination."""

    records: dict[Record, bytes] = field(default_factory=dict)
    unknown: UnknownSections = field(default_factory=dict)


def _sections(unknown: Mapping[str, object]) -> str:
    names = ", ".join(map(repr, unknown))
    return f"the section {names}" if len(unknown) == 1 else f"the sections {names}"


def _check_unknown(key: str, there: Mapping[str, object], share: _Share) -> None:
    """Refuse different versions of an unknown section: only a ptb-bucket that knows the section can choose."""
    different = {name: "" for name, section in share.unknown.items() if there.get(name, section) != section}
    if different:
        raise RefusedError(
            f"{key} in the destination contains {_sections(different)} with different content. This version of "
            "ptb-bucket does not support this section and can't merge it. Upgrade ptb-bucket, or choose an empty "
            "prefix."
        )


class _Work:
    """A copy in progress. It goes through the documents of the destination."""

    def __init__(self, source: State, target: State, *, overwrite: bool) -> None:
        self._source, self._target, self._overwrite = source, target, overwrite
        self._same_codec = source.archive.codec == target.archive.codec
        # Update IDs are per bot: the handled updates of one bot must not make another bot skip its own.
        own = source.bot_id == target.bot_id
        self._own, self._kinds = own, tuple(kind for kind in Kind if own or kind is not Kind.UPDATES)
        self._as_it_is = own and self._same_codec and source.archive.layout is target.archive.layout
        self._writer = WriterIdentity("copy")

    async def count(self) -> int:
        """Return the number of records to copy. This reads everything, so damage is found before the first write."""
        return sum([self._wanted(part.records) async for part in self._parts()])

    def _wanted(self, records: Mapping[Record, bytes]) -> int:
        return sum(map(self._is_wanted, records))

    def _is_wanted(self, record: Record) -> bool:
        return record.kind in self._kinds and (self._own or not drives_broadcast(record))

    async def _parts(self) -> AsyncIterator[Part]:
        """Yield the source's documents. Refuse unknown sections unless the destination can take them unchanged."""
        async for part in self._source.archive.parts(self._kinds):
            if part.unknown and not self._as_it_is:
                raise RefusedError(
                    f"This version of ptb-bucket does not support {_sections(part.unknown)} in {part.key}. Unsupported "
                    "sections can only be copied to the same layout, codec and bot. Upgrade ptb-bucket and copy again."
                )
            yield part

    async def compare(self) -> Copied:
        """Compare both sides, and write nothing."""
        found = Copied()

        async def look(item: tuple[str, _Share]) -> None:
            key, share = item
            part = await self._target.archive.part(key)
            _check_unknown(key, part.unknown if part else {}, share)
            found.add(share.records, *self._sides(part.records if part else {}, share.records))

        async for batch in self._batches(_ignored):
            await for_each(batch.items(), look)
        return found

    async def write(self, step: Callable[[int], None]) -> Copied:
        """Write the missing records, batch by batch, and read them back."""
        found = Copied()

        async def bring(item: tuple[str, _Share]) -> None:
            key, share = item
            found.add(share.records, *await self._bring(key, share))
            await self._verify(key, share, step)

        async for batch in self._batches(step):
            await for_each(batch.items(), bring)
        return found

    async def _batches(self, step: Callable[[int], None]) -> AsyncIterator[Batch]:
        """Yield the source's records by the destination's documents, in batches of a limited size."""
        layout = self._target.archive.layout
        batch: Batch = {}
        async for part in self._parts():
            steps = 0
            if part.unknown:
                batch.setdefault(part.key[: part.key.rindex(".")], _Share()).unknown.update(part.unknown)
            for record, encoded in part.records.items():
                if self._is_wanted(record):
                    share = batch.setdefault(layout.key(record), _Share())
                    share.records[record] = self._converted(record, encoded)
                    steps += 1
                if steps == _STEP:
                    step(steps)
                    steps = 0
                if layout.lazy and len(batch) == _BATCH:
                    yield batch
                    batch = {}
            step(steps)
        if batch:
            yield batch

    def _converted(self, record: Record, encoded: bytes) -> bytes:
        if self._same_codec:
            return encoded
        try:
            return self._target.codec.encode(self._source.codec.decode(encoded))
        except CannotStoreError as error:
            error.record = record.label
            raise
        except CannotLoadError as error:
            raise CannotLoadError(
                f"{record.label} cannot be loaded: {error}. Pass your bot's classes with --types."
            ) from error

    def _sides(
        self, theirs: Mapping[Record, bytes], records: Mapping[Record, bytes]
    ) -> tuple[list[Record], list[Record]]:
        """Return the records that differ in the destination, and those that are missing there."""
        missing = [record for record in records if record not in theirs]
        there = (record for record in records if record in theirs)
        return [record for record in there if not self._equal(theirs[record], records[record])], missing

    def _equal(self, one: bytes, other: bytes) -> bool:
        """Tell whether two encoded values are equal. If the codecs differ, compare the decoded values.

        Equal values may be encoded differently. The same places must share an object, or it would not be a copy.
        """
        codec = self._target.codec
        if one == other or self._same_codec:
            return one == other
        return codec.equality.identical(codec.decode(one), codec.decode(other))

    async def _bring(self, key: str, share: _Share) -> tuple[list[Record], list[Record]]:
        records = share.records
        draft = await Draft.open(self._target.archive, key, self._target.bot_id, self._writer)
        different, missing = self._sides(draft.records, records)
        if different and not self._overwrite:
            labels = [record.label for record in different[:_LABELS]]
            raise RefusedError(f"The destination changed during the copy. {_different(len(different), labels)}")
        _check_unknown(key, draft.unknown, share)
        draft.stage({record: records[record] for record in (*different, *missing)})
        draft.add_unknown(share.unknown)
        if different or any(record.kind is Kind.TIMER for record in missing):
            draft.replace_units()
        await draft.commit()
        return different, missing

    async def _verify(self, key: str, share: _Share, step: Callable[[int], None]) -> None:
        records = share.records
        part = await self._target.archive.part(key)
        _check_unknown(key, part.unknown if part else {}, share)
        different, missing = self._sides(part.records if part else {}, records)
        if wrong := [*different, *missing]:
            raise UnsavedError(
                f"{pluralize(len(wrong), 'record differs', 'records differ')} from the copy, such as "
                f"{wrong[0].label}. Another program is writing to the destination. Stop it and copy again."
            )
        for start in range(0, len(records), _STEP):
            step(min(_STEP, len(records) - start))
