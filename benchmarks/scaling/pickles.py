"""The same measurements with PTB's PicklePersistence: one file, and one file for each kind of data."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

from people import TOKEN
from telegram.ext import ExtBot, PicklePersistence

from ptb_bucket.offline_telegram import OfflineTelegram
from scaling.cases import FIRST, NAME, conversation, named, states, users_of
from scaling.commits import timed

if TYPE_CHECKING:
    from scaling.cases import Case

__all__ = ["KINDS", "measure"]

KINDS = {"PicklePersistence, one file": True, "PicklePersistence, several files": False}
CHANGED = (1, 10)
"""Each changed user writes everything again, so a thousand would take a hundred times as long as ten."""


async def measure(case: Case) -> dict[str, Any]:
    """Return the medians of commits and starts. ``case.layout`` is one of :data:`KINDS`."""
    path = Path(case.where) / "bot.pickle"
    path.parent.mkdir(parents=True, exist_ok=True)
    single = KINDS[case.layout]
    persistence = _opened(path, single)
    persistence.user_data, persistence.chat_data, persistence.bot_data = users_of(case), {}, {}
    persistence.conversations = {NAME: dict(states(case))}
    await persistence.flush()
    commits = {str(count): await _commit(case, persistence, count) for count in CHANGED if count <= case.users}
    started = [await _start(case, path, single) for _ in range(case.runs)]
    start = {"wall": statistics.median(one["wall"] for one in started), "reads": 0, "writes": 0}
    return {"commits": commits, "starts": {"start": start, "answer": started[0]["answer"]}}


def _opened(path: Path, single: bool) -> Any:  # noqa: FBT001  PTB's own setting
    persistence: Any = PicklePersistence(path, single_file=single)
    persistence.set_bot(ExtBot(TOKEN))
    return persistence


async def _commit(case: Case, persistence: Any, count: int) -> dict[str, float]:
    async def commit(number: int) -> None:
        for user in range(FIRST, FIRST + count):
            await persistence.update_user_data(user, {**persistence.user_data[user], "visits": 1000 + number})

    rounds = [await timed(lambda n=n: commit(n)) for n in range(case.runs)]  # type: ignore[misc]
    return {"wall": statistics.median(wall for wall, _ in rounds), "cpu": statistics.median(cpu for _, cpu in rounds)}


async def _start(case: Case, path: Path, single: bool) -> dict[str, Any]:  # noqa: FBT001  PTB's own setting
    telegram, answers = OfflineTelegram(), []
    app = telegram.builder().persistence(_opened(path, single)).build()
    app.add_handler(conversation())
    person = telegram.user(named(case), "somebody")

    async def go() -> None:
        await app.initialize()
        answers.extend(await person.send(app, "hello"))
        await app.update_persistence()

    wall, _ = await timed(go)
    await app.bot.shutdown()
    return {"wall": wall, "answer": answers[0].text}
