"""The commit loop of one document: the only place that sends a write again, reads it back, or recognises it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from ptb_bucket._aio import aside
from ptb_bucket.errors import LostRaceError, NewerDocumentError, StoreError, UnavailableError, UnsavedError, pluralize
from ptb_bucket.state.commit.preparation import prepare
from ptb_bucket.stores import Create, Update

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ptb_bucket._aio import Retries, RetryPolicy
    from ptb_bucket.errors import PTBBucketError
    from ptb_bucket.state.commit.attempt import Attempt
    from ptb_bucket.state.commit.ledger import Ledger
    from ptb_bucket.state.commit.tracked_document import TrackedDocument
    from ptb_bucket.state.records import Record

__all__ = ["commit_document", "lost_changes", "tell_failures", "write_document"]

LABELS: Final = 10
"""How many records a message names."""


async def commit_document(tracked: TrackedDocument, retry_policy: RetryPolicy) -> None:
    """Write until everything that was staged before the call is durable; what comes later is for the next commit.

    Raises:
        StoreError: It could not be written in time, or must not be. What is unsaved is still pending, and a write of
            unknown outcome is still remembered.
        UnsavedError: A record could not be merged with the bucket's; all others are saved.
        DocumentError: What lies there now cannot be used. It was not changed, and what is unsaved is still pending.
    """
    await write_document(tracked, retry_policy)
    tell_failures([tracked.ledger])


async def write_document(tracked: TrackedDocument, retry_policy: RetryPolicy) -> None:
    """Do as :func:`commit_document`, but leave records that could not be merged in ``ledger.failures``, untold."""
    try:
        await _commit(tracked, retry_policy)
    except NewerDocumentError as error:
        labels = sorted(record.label for record in tracked.ledger.pending)
        raise NewerDocumentError(
            f"{error} Unsaved, and still in memory: {', '.join(labels[:LABELS])}{', ...' if labels[LABELS:] else ''}.",
            key=error.key,
            etag=error.etag,
        ) from error


async def _commit(tracked: TrackedDocument, retry_policy: RetryPolicy) -> None:
    ledger = tracked.ledger
    async with tracked.lock.here():
        await _pace(tracked)  # the clock does not run while the store wants to be left alone
        retries = retry_policy.begin()
        leftover = ledger.attempt  # of an earlier commit: it carries nothing of what is staged
        unseen = ledger.dropped or (ledger.unloaded and tracked.asked is None)  # what is dropped goes as it is now
        if unseen or ledger.failures:  # what could not be merged perhaps can with what is there now
            await _look(tracked, retries)
        while True:
            await _pace(tracked)
            attempt = ledger.attempt or prepare(ledger)
            if attempt is None:
                break
            await _try(tracked, attempt, retries)
            if ledger.last_commit == attempt.commit.id and attempt is not leftover:
                break


def tell_failures(ledgers: Sequence[Ledger], lost: Mapping[Record, PTBBucketError] | None = None) -> None:
    """Raise if a record could not be merged with the bucket's, or has lost changes.

    Args:
        ledgers: The documents that were written.
        lost: The records that have lost changes, and why.

    Raises:
        UnsavedError: The records are named; all others are saved.
    """
    failures = {record: error for ledger in ledgers for record, error in ledger.failures.items()}
    if failures:
        keys = ", ".join(ledger.key for ledger in ledgers if ledger.failures)
        what = f"cannot be merged with {keys}"
        raise _unsaved({**failures, **(lost or {})}, what, "What is not merged stays in memory; all else is saved.")
    if lost:
        raise _unsaved(lost, "lost changes", "All else is saved.")


def _unsaved(failures: Mapping[Record, PTBBucketError], what: str, rest: str) -> UnsavedError:
    record, error = next(iter(failures.items()))
    records = pluralize(len(failures), "record", "records")
    made = UnsavedError(
        f"{records} {what}, such as {record.label}: {error}. {rest}",
        causes=list(failures.values()),
        records=[record.label for record in failures],
    )
    made.__cause__ = error
    return made


def lost_changes(record: Record) -> UnsavedError:
    """Return an error for changes by several updates, one of which another instance has saved."""
    return UnsavedError(
        f"{record.label}: another instance has saved one of the updates that changed it, and the changes of the others "
        "cannot be told from that one's. They are made when Telegram sends these updates again.",
        records=[record.label],
    )


async def _pace(tracked: TrackedDocument) -> None:
    """Keep the store's distance between two writes; waiting comes first, so that later changes join this commit."""
    interval = tracked.store.min_write_interval
    if interval and tracked.wrote is not None:
        await asyncio.sleep(tracked.wrote + interval - asyncio.get_running_loop().time())


async def _look(tracked: TrackedDocument, retries: Retries) -> None:
    """See what a change is to be merged with, before a put that would only be told that something is there."""
    try:
        await retries.deadline.within(tracked.read())
    except UnavailableError as error:
        await _find_out(tracked, retries, error)


async def _try(tracked: TrackedDocument, attempt: Attempt, retries: Retries) -> None:
    body = await aside(attempt.packed, size=attempt.document.size)
    unclear, attempt.unclear = attempt.unclear, True  # until an answer says otherwise; a cancelled put is unclear too
    try:
        etag = await retries.deadline.within(_send(tracked, attempt.condition, body))
    except (LostRaceError, UnavailableError) as error:
        await _find_out(tracked, retries, error)
    except StoreError:
        if not unclear:  # denied or unsupported: this send was not applied; an earlier one may have been
            tracked.ledger.failed()
        raise
    else:
        tracked.ledger.applied(etag)


async def _send(tracked: TrackedDocument, condition: str | None, body: bytes) -> str:
    tracked.wrote = asyncio.get_running_loop().time()
    mode = Create() if condition is None else Update(condition)
    return await tracked.store.put(tracked.ledger.key, body, mode)


async def _find_out(tracked: TrackedDocument, retries: Retries, error: Exception) -> None:
    """Neither a lost race nor silence proves anything: wait, then read what is there now (rule 4)."""
    while True:
        pause = retries.next_pause()
        if pause is None:
            raise error
        tracked.ledger.metrics.retried(tracked.ledger.key, error, pause)
        await asyncio.sleep(pause)
        try:
            return await retries.deadline.within(tracked.read())
        except UnavailableError as unreadable:
            error = unreadable
