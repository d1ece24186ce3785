"""Replicas that read on demand, on a layout with a document for each record, and helpers to see what they wrote."""

from __future__ import annotations

import random

from ptb_bucket._aio import Backoff, RetryPolicy
from ptb_bucket.codecs import open_codec
from ptb_bucket.state import DocumentSet, Kind, Record, RecordMerger, Replica, open_layout

LAYOUT = open_layout("per-record")
ADA, BO = Record.user(1), Record.user(2)


def replica_on(store, *, on_demand=True, **options) -> Replica:
    merger = RecordMerger(open_codec("json", []), defaults={Kind.USER: dict, Kind.CHAT: dict, Kind.BOT: dict})
    retry_policy = RetryPolicy(deadline=5, backoff=Backoff(random=random.Random(1)))
    layout = open_layout(options.pop("layout", "per-record"))
    documents = DocumentSet(
        store, layout, merger.codec, merger, "1", tuple(Kind), retry_policy=retry_policy, on_demand=on_demand, **options
    )
    return Replica(documents)


async def write(store, values, **options) -> None:
    """Write as another instance would."""
    other = replica_on(store, **options)
    await other.documents.refresh(values, None)
    for record, value in values.items():
        other.values.load(record)
        other.stage(record, value)
    await other.commit()


async def read(store, record, **options):
    reader = replica_on(store, **options)
    await reader.documents.refresh([record], None)
    return reader.values.load(record)
