"""The commit loop of one document: the only code that sends a write again, reads it back, or recognises it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from ptb_bucket._aio import aside
from ptb_bucket._wording import pluralize
from ptb_bucket.errors import LostRaceError, NewerDocumentError, PTBBucketError, UnavailableError, UnsavedError
from ptb_bucket.state.commit.due_keys import WITHOUT_KEYS
from ptb_bucket.state.commit.preparation import prepare
from ptb_bucket.state.records import first_labels
from ptb_bucket.stores import Create, Update

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ptb_bucket._aio import Retries, RetryPolicy
    from ptb_bucket.state.commit.attempt import Attempt
    from ptb_bucket.state.commit.ledger import Ledger
    from ptb_bucket.state.commit.tracked_document import TrackedDocument
    from ptb_bucket.state.records import Record

__all__ = ["commit_document", "lost_changes", "tell_failures", "write_document"]


async def commit_document(tracked: TrackedDocument, retry_policy: RetryPolicy) -> None:
    """Write until all changes that were staged before the call are durable. Later ones are left to the next commit.

    Raises:
        StoreError: The document could not be written in time, or must not be. Unsaved changes are still pending, and a
            write of unknown outcome is still remembered.
        UnsavedError: A record could not be merged with the bucket's. All others are saved.
        DocumentError: The document in the bucket cannot be used. It was not changed, and unsaved changes are still
            pending.
    """
    await write_document(tracked, retry_policy)
    tell_failures([tracked.ledger])


async def write_document(tracked: TrackedDocument, retry_policy: RetryPolicy) -> None:
    """Commit like :func:`commit_document`, but only note records that could not be merged, in ``ledger.failures``."""
    try:
        await _commit(tracked, retry_policy)
    except NewerDocumentError as error:
        labels = first_labels(record.label for record in tracked.ledger.pending)
        raise NewerDocumentError(
            f"{error} These changes were not saved and stay in memory: {labels}.",
            key=error.key,
            etag=error.etag,
        ) from error


async def _commit(tracked: TrackedDocument, retry_policy: RetryPolicy) -> None:
    """Commit with the lock held.

    Rule "No commit answers for later changes": the attempt of an earlier commit carries nothing of what is staged, so
    its success does not end this one.
    """
    ledger = tracked.ledger
    obsolete: list[str] = []
    async with tracked.lock.here():
        await tracked.wait_for_turn(tracked.read)  # the deadline does not run while the store wants a pause
        retries = retry_policy.begin()
        leftover = ledger.attempt  # of an earlier commit
        unseen = ledger.dropped or (ledger.unloaded and tracked.asked is None)  # a drop removes what is there now
        if unseen or ledger.failures:  # a newer version may be one that can be merged
            await _look(tracked, retries)
        while True:
            await tracked.wait_for_turn(lambda: _look(tracked, retries))
            attempt = ledger.attempt or prepare(ledger)
            if attempt is None:
                break
            keys = await _try(tracked, attempt, retries)
            if ledger.last_commit == attempt.commit.id:
                obsolete += keys
                if attempt is not leftover:
                    break
    if obsolete:
        with suppress(UnavailableError):  # the changes are saved; a key that stays costs a look at its timer
            await retries.deadline.within(tracked.due_keys.delete(obsolete))


def tell_failures(ledgers: Sequence[Ledger], lost: Mapping[Record, PTBBucketError] | None = None) -> None:
    """Raise if a record could not be merged with the bucket's, or has lost changes.

    Args:
        ledgers: The ledgers of the documents that were written.
        lost: The records that have lost changes, and why.

    Raises:
        UnsavedError: It names the records. All others are saved.
    """
    failures = {record: error for ledger in ledgers for record, error in ledger.failures.items()}
    if failures:
        keys = ", ".join(ledger.key for ledger in ledgers if ledger.failures)
        what = f"could not be merged with {keys}"
        raise _unsaved(
            {**failures, **(lost or {})},
            what,
            "The unmerged changes stay in memory. Everything else was saved.",
        )
    if lost:
        raise _unsaved(lost, "lost changes", "Everything else was saved.")


def _unsaved(failures: Mapping[Record, PTBBucketError], what: str, rest: str) -> UnsavedError:
    record, error = next(iter(failures.items()))
    records = pluralize(len(failures), "record", "records")
    said = str(error).rstrip(".")
    example = said if said.startswith(record.label) else f"{record.label}: {said}"
    made = UnsavedError(
        f"{records} {what}. For example, {example}. {rest}",
        causes=list(failures.values()),
        records=[record.label for record in failures],
    )
    made.__cause__ = error
    return made


def lost_changes(record: Record) -> UnsavedError:
    """Return an error for changes of several updates, of which another instance has saved one."""
    return UnsavedError(
        f"{record.label} was changed by several updates, and another instance has already saved one of them. The "
        "remaining changes can't be saved separately. They will be repeated when Telegram resends the updates.",
        records=[record.label],
    )


async def _look(tracked: TrackedDocument, retries: Retries) -> None:
    """Read the version to merge with, instead of sending a put that could only lose."""
    try:
        await retries.deadline.within(tracked.read())
    except UnavailableError as error:
        await _read_back(tracked, retries, error)


async def _try(tracked: TrackedDocument, attempt: Attempt, retries: Retries) -> tuple[str, ...]:
    """Send an attempt, after the due keys that its timers need. Return those that are obsolete once it is applied."""
    body = await aside(attempt.packed, size=attempt.document.size)
    unclear, keys = attempt.unclear, WITHOUT_KEYS
    try:
        keys = tracked.due_keys.named(tracked.ledger.document, attempt.document)
        if keys.needed:
            await retries.deadline.within(tracked.due_keys.create(keys.needed, attempt.created))
        attempt.unclear = True  # until an answer tells; a cancelled put is unclear, too
        etag = await retries.deadline.within(_send(tracked, attempt.condition, body))
    except (LostRaceError, UnavailableError) as error:
        await _read_back(tracked, retries, error)
    except PTBBucketError:
        if not unclear:  # denied or unsupported: this send was not applied; an earlier one may have been
            tracked.ledger.failed()
        raise
    else:
        tracked.ledger.applied(etag)
    return keys.obsolete


async def _send(tracked: TrackedDocument, condition: str | None, body: bytes) -> str:
    mode = Create() if condition is None else Update(condition)
    etag = await tracked.store.put(tracked.ledger.key, body, mode)
    tracked.turns.written()
    return etag


async def _read_back(tracked: TrackedDocument, retries: Retries, error: Exception) -> None:
    """Wait, then read the document. The ledger, which gets it, decides what became of the attempt (``Ledger.loaded``).

    Rule "An attempt ends with proof": neither a lost race nor a missing answer proves anything. A denial proves that
    this send failed, but not that an earlier, unanswered one did.
    """
    ledger = tracked.ledger
    known = ledger.etag
    while True:
        pause = retries.next_pause()
        if pause is None:
            raise error
        ledger.metrics.retried(ledger.key, error, pause)
        await asyncio.sleep(pause)
        try:
            await retries.deadline.within(tracked.read())
        except UnavailableError as unreadable:
            error = unreadable
        else:
            break
    if ledger.etag != known:
        retries.overtaken()
