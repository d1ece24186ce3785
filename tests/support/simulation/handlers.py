"""Handlers that change a bot's data. Every change is a token that exists once in the world."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ptb_bucket.state import BOT_DATA, MISSING, Record
from support.simulation.model import EVERYBODY, Change, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

RECORDS = (BOT_DATA, Record.user(1), Record.user(2), Record.chat(-5))
NAMED = Record.user(3)
"""Where some write without looking: somebody whose name is there, and who is never dropped."""
NAME = ("first",)
CONVERSATIONS = 4


class Handlers:
    """The part of an instance that changes its live objects."""

    drops = 0.2

    async def _handle(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(self.world.size.handled))
            if not await self._meet() or self.still or self.at_work:
                continue
            change = Change(made=asyncio.get_running_loop().time())
            self.rng.choice(ACTIONS if not self.world.updates else WITHOUT_CHARACTERS)(self, change)
            self.world.model.changes.append(change)
            self.changes.append(change)

    def _token(self, change: Change) -> str:
        self.world.made += 1
        token = f"t{self.world.made}"
        change.adds.append(token)
        return token

    async def _meet(self) -> bool:
        """Return whether an update can be handled."""
        return True

    def _choose(self, records: Sequence[Record]) -> Record:
        return self.rng.choice(records)

    def _record(self, change: Change) -> dict[str, Any]:
        record = change.record = self._choose(self.world.records)
        self.dirty.add(record)
        return self.live[record]

    def add_key(self, change: Change) -> None:
        data = self._record(change)
        data[f"key{self.world.made}"] = self._token(change)

    def add_pair(self, change: Change) -> None:
        data = self._record(change).setdefault("nested", {}).setdefault("deep", {})
        for _ in range(2):
            data[f"key{self.world.made}"] = self._token(change)

    def append(self, change: Change) -> None:
        self._record(change).setdefault("log", []).append(self._token(change))

    def append_item(self, change: Change) -> None:
        self._record(change).setdefault("items", []).append({"id": self._token(change), "open": True})

    def add_character(self, change: Change) -> None:
        """Add a character without an ID to a list, and make it the current one too."""
        data = self._record(change)
        character = {"name": self._token(change)}
        before = data.get("current")
        if before is not None and not any(before is other for other in data.get("party", ())):
            change.deletes += tokens_of(before)
        data.setdefault("party", []).append(character)
        data["current"] = character

    def level_up(self, change: Change) -> None:
        """Add a unique key to a character, through the list or through the name of the current one."""
        data = self._record(change)
        found = [character for character in (*data.get("party", ()), data.get("current", {})) if "name" in character]
        if found:
            character = self.rng.choice(found)
            change.part_of = character["name"]
            character[f"level{self.world.made}"] = self._token(change)

    def add_member(self, change: Change) -> None:
        self._record(change).setdefault("tags", set()).add(self._token(change))

    def count(self, change: Change) -> None:
        record = self.live[BOT_DATA]
        if "count" in record:
            record["count"] += 1
            change.count = 1
            self.dirty.add(BOT_DATA)

    def delete_something(self, change: Change) -> None:
        data = self._record(change)
        for name in ("log", "tags", "items"):
            if data.get(name) and self.rng.random() < 0.5:
                victim = self.rng.choice(sorted(data[name], key=str))
                data[name].remove(victim)
                change.deletes.append(victim["id"] if isinstance(victim, dict) else victim)
        keys = [key for key in data if key.startswith("key")]
        if keys:
            change.deletes.append(data.pop(self.rng.choice(keys)))

    def drop_record(self, change: Change) -> None:
        if self.rng.random() < self.drops:
            record = change.record = self._choose(RECORDS[1:])
            change.deletes += self._tokens_in(record, change)
            self.live[record] = {}
            self.dirty.add(record)
            self.replica.stage(record, None)

    def _conversation(self) -> Record:
        whose = self.number if self.rng.random() < 0.5 else EVERYBODY
        return Record.of_conversation("talk", (whose, self.rng.randrange(CONVERSATIONS)))

    def _tokens_in(self, record: Record, change: Change) -> Iterable[str]:
        """Return everything that is dropped with this record."""
        return tokens_of(self.live[record])

    def converse(self, change: Change) -> None:
        key = self._conversation()
        state = MISSING if self.rng.random() < 0.3 else self.world.made + self.rng.randrange(1000)
        self.states[key.id] = state
        self.world.model.states.setdefault(key.id, []).append((state, change))
        self.replica.stage(key, state)


ACTIONS = (
    Handlers.add_key, Handlers.add_pair, Handlers.append, Handlers.append_item, Handlers.add_character,
    Handlers.level_up, Handlers.level_up, Handlers.add_member, Handlers.count,
    Handlers.delete_something, Handlers.drop_record, Handlers.converse,
)  # fmt: skip

WITHOUT_CHARACTERS = [action for action in ACTIONS if action not in (Handlers.add_character, Handlers.level_up)]
"""Of two instances that begin with different ones, only one's stays where updates have emptied what both knew."""
