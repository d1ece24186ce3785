"""A cold start to the first answered update, and the updates after it, as for a serverless bot."""

from __future__ import annotations

import logging
import statistics
from typing import TYPE_CHECKING, Any

from ptb_bucket import BucketApplication, BucketPersistence
from ptb_bucket.offline_telegram import OfflineTelegram
from scaling.cases import FIRST, conversation, named, opened
from scaling.commits import timed

if TYPE_CHECKING:
    from ptb_bucket.stores import BlobStore
    from scaling.cases import Case, Place

__all__ = ["measure"]

STRIDE = 7
"""The step between the users that talk, which is unrelated to conversations."""


async def measure(case: Case, base: BlobStore | None = None) -> dict[str, Any]:
    """Return the medians of starts and updates with their requests, and the bot's actual and expected answers."""
    starts, updates = [], []
    for number in range(case.runs):
        async with opened(case, base) as place:
            begun, updated = await _life(case, place, number)
        starts.append(begun)
        updates += updated
    return {"start": _medians(starts), "update": _medians(updates), "answer": starts[0]["answer"]}


def _medians(found: list[dict[str, Any]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in found) for name in ("wall", "cpu", "reads", "writes")}


async def _life(case: Case, place: Place, number: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    telegram = OfflineTelegram()
    app = _build(telegram, case, place)
    begun = await _first(telegram, app, place, named(case), initialize=True)
    others = range(FIRST + number, FIRST + case.users, max(STRIDE, case.users // STRIDE))
    updated = [await _first(telegram, app, place, user) for user in others if user != named(case)]
    await app.shutdown()
    return begun, updated


def _build(telegram: OfflineTelegram, case: Case, place: Place) -> Any:
    persistence: BucketPersistence = BucketPersistence(place.far, layout=case.layout, codec=case.codec)
    builder = telegram.builder().application_class(BucketApplication, {"save": "update"})
    app = builder.persistence(persistence).build()
    app.add_handler(conversation())
    return app


async def _first(telegram: Any, app: Any, place: Place, user: int, *, initialize: bool = False) -> dict[str, Any]:
    person = telegram.user(user, f"User {user - FIRST}")
    meter, answers = place.meter.meter, []
    reads, writes = meter.reads, meter.writes

    async def go() -> None:
        if initialize:
            await app.initialize()
        answers.extend(await person.send(app, "hello"))

    logging.getLogger("ptb_bucket").setLevel(logging.ERROR)
    wall, cpu = await timed(go)
    made = {"wall": wall, "cpu": cpu, "reads": meter.reads - reads, "writes": meter.writes - writes}
    return {**made, "answer": answers[0].text if answers else None}
