"""What handlers do to a bot's data; every change is a token that exists once in the world."""

from __future__ import annotations

import asyncio
from typing import Any

from ptb_bucket.state import BOT_DATA, MISSING, Record
from simulation.model import EVERYBODY, Change, tokens_of

RECORDS = (BOT_DATA, Record.user(1), Record.user(2), Record.chat(-5))
CONVERSATIONS = 4


class Handlers:
    """The part of an instance that changes its live objects."""

    async def _handle(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(self.world.size.handled))
            if self.still:
                continue
            change = Change()
            self.rng.choice(ACTIONS)(self, change)
            self.world.model.changes.append(change)
            self.changes.append(change)

    def _token(self, change: Change) -> str:
        self.world.made += 1
        token = f"t{self.world.made}"
        change.adds.append(token)
        return token

    def _record(self) -> dict[str, Any]:
        record = self.rng.choice(RECORDS)
        self.dirty.add(record)
        return self.live[record]

    def add_key(self, change: Change) -> None:
        data = self._record()
        data[f"key{self.world.made}"] = self._token(change)

    def add_pair(self, change: Change) -> None:
        data = self._record().setdefault("nested", {}).setdefault("deep", {})
        for _ in range(2):
            data[f"key{self.world.made}"] = self._token(change)

    def append(self, change: Change) -> None:
        self._record().setdefault("log", []).append(self._token(change))

    def append_item(self, change: Change) -> None:
        self._record().setdefault("items", []).append({"id": self._token(change), "open": True})

    def add_member(self, change: Change) -> None:
        self._record().setdefault("tags", set()).add(self._token(change))

    def count(self, change: Change) -> None:
        record = self.live[BOT_DATA]
        if "count" in record:
            record["count"] += 1
            change.count = 1
            self.dirty.add(BOT_DATA)

    def delete_something(self, change: Change) -> None:
        data = self._record()
        for name in ("log", "tags", "items"):
            if data.get(name) and self.rng.random() < 0.5:
                victim = self.rng.choice(sorted(data[name], key=str))
                data[name].remove(victim)
                change.deletes.append(victim["id"] if isinstance(victim, dict) else victim)
        keys = [key for key in data if key.startswith("key")]
        if keys:
            change.deletes.append(data.pop(self.rng.choice(keys)))

    def drop_record(self, change: Change) -> None:
        if self.rng.random() < 0.2:
            record = self.rng.choice(RECORDS[1:])
            change.deletes += tokens_of(self.live[record])
            self.live[record] = {}
            self.dirty.add(record)
            self.replica.stage(record, None)

    def converse(self, change: Change) -> None:
        whose = self.number if self.rng.random() < 0.5 else EVERYBODY
        key = Record.of_conversation("talk", (whose, self.rng.randrange(CONVERSATIONS)))
        state = MISSING if self.rng.random() < 0.3 else self.world.made + self.rng.randrange(1000)
        self.states[key.id] = state
        self.world.model.states.setdefault(key.id, []).append((state, change))
        self.replica.stage(key, state)


ACTIONS = (
    Handlers.add_key, Handlers.add_pair, Handlers.append, Handlers.append_item, Handlers.add_member, Handlers.count,
    Handlers.delete_something, Handlers.drop_record, Handlers.converse,
)  # fmt: skip
