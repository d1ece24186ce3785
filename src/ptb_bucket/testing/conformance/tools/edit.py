"""Tests of ``set``, ``rm`` and ``end-conversation`` on a real place, also while a bot runs."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ptb_bucket.errors import NotFoundError
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.state import BOT_DATA, Record
from ptb_bucket.testing.conformance.tools.base import ToolCase
from ptb_bucket.testing.several import Instance, instances
from ptb_bucket.tools import inspect_record, open_state

if TYPE_CHECKING:
    from pathlib import Path

    from ptb_bucket.offline_telegram import Group, Person
    from ptb_bucket.testing.conformance.backend import Backend
    from ptb_bucket.testing.plugin import Count

__all__ = ["EditTests"]

_EDITOR = """
import pathlib, sys
file = pathlib.Path(sys.argv[1])
file.write_text(file.read_text().replace("Ada", "Eve"))
"""
_ADDITIONS = 3
"""The bot's updates while a command runs, which takes a while to start."""


class EditTests(ToolCase):
    """Tests of edits of a bot's state."""

    async def test_edit_saves_what_the_editor_wrote(self, uri: str, tmp_path: Path) -> None:
        """It opens the record in the editor of the environment."""
        await self.remember(uri)
        editor = tmp_path / "editor.py"
        editor.write_text(_EDITOR)
        done = await self.facts("edit", uri, "user_data", "42", EDITOR=f"{sys.executable} {editor}", VISUAL="")
        assert (done["before"]["name"], done["after"]["name"]) == ("Ada", "Eve")
        stored = await self._stored(uri, Record.user(42))
        assert isinstance(stored, dict)
        assert stored["name"] == "Eve"

    @pytest.mark.parametrize("layout", ["single", pytest.param("per-record", marks=pytest.mark.detail)])
    async def test_set_and_rm_change_one_place(self, uri: str, layout: str) -> None:
        """Only that value changes. IDs are written as people write them, values as in JSON documents."""
        await self.remember(uri, layout=layout)
        done = await self.facts("set", uri, "chat_data", "-100", "members", '{"$set": [5]}')
        assert (done["before"], done["after"]) == ({"$set": [1, 42]}, {"$set": [5]})
        await self.facts("rm", uri, "user_data", "42", "scores[0]")
        assert await self._stored(uri, Record.chat(-100)) == {"title": "Friends", "members": {"$set": [5]}}
        assert await self._stored(uri, Record.user(42)) == {"name": "Ada", "scores": [2.5, None]}

    @pytest.mark.detail
    async def test_what_is_not_there_is_not_found(self, uri: str) -> None:
        """The error is one clear line."""
        await self.remember(uri)
        assert "was not found" in await self.fails(3, "rm", uri, "user_data", "42", "scores[7]")

    @pytest.mark.detail
    async def test_a_dry_run_changes_nothing(self, uri: str, backend: Backend) -> None:
        """It reports what would change, and changes nothing."""
        await self.remember(uri)
        before = {key: await backend.read_raw(key) for key in await backend.keys_raw()}
        done = await self.facts("set", uri, "user_data", "42", "name", '"Eve"', "--dry-run")
        assert (done["before"], done["after"], done["dry_run"]) == ("Ada", "Eve", True)
        assert {key: await backend.read_raw(key) for key in await backend.keys_raw()} == before

    @pytest.mark.detail
    async def test_a_conversation_can_be_ended(self, uri: str) -> None:
        """Only that conversation ends."""
        await self.remember(uri, layout="per-type", codec="pickle")
        await self.facts("end-conversation", uri, "order", "42", "42")
        with pytest.raises(NotFoundError):
            await self._stored(uri, Record.of_conversation("order", (42, 42)))
        assert await self._stored(uri, Record.of_conversation("order", (7, 7))) == "name"

    @pytest.mark.parametrize("layout", ["single", pytest.param("per-record", marks=pytest.mark.detail)])
    async def test_a_timer_is_listed_made_due_and_cancelled(self, uri: str, layout: str) -> None:
        """Commands name it by its owner and its ID."""
        await self.remember(uri, layout=layout)
        tea = Record.of_timer(Record.user(42), "tea")
        async with open_state(uri) as state:
            replica = await state.loaded([tea])
            replica.stage(tea, {"callback": "remind", "nonce": "0a", "due": 4e9, "parked": "raised ValueError"})
            await replica.commit()
        [found] = (await self.facts("timers", uri, "--user", "42"))["timers"]
        assert (found["owner"], found["id"], found["problem"]) == ("user_data 42", "tea", "raised ValueError")
        await self.facts("timers", "run", uri, "user_data", "42", "tea")
        assert [one["id"] for one in (await self.facts("timers", uri, "--due", "1m"))["timers"]] == ["tea"]
        await self.facts("timers", "rm", uri, "user_data", "42", "tea")
        assert await self.facts("timers", uri) == {"timers": []}

    @pytest.mark.detail
    async def test_set_and_a_running_bot_lose_nothing(self, uri: str, count: Count) -> None:
        """While a bot adds to a chat, three commands at a time set and remove values in the same record."""
        telegram, times = OfflineTelegram(), count(1, 67)
        person, chat = telegram.user(1, "Ada"), telegram.group(-100, "Friends")
        async with instances(1, uri) as [bot]:
            await _add(bot, person, chat, 0)
            added = 1
            for number in range(times):
                working = asyncio.create_task(self._edit(uri, number))
                while not working.done() or added < _ADDITIONS * (number + 1):
                    await _add(bot, person, chat, added)
                    added += 1
                await working
        stored = await self._stored(uri, Record.chat(-100))
        marks = [f"mark {number}" for number in range(added)]
        assert stored == {
            **dict.fromkeys(marks, True), "log": marks, "count": added,
            **{f"tool {number}": number for number in range(times)},
        }  # fmt: skip
        assert (await self._stored(uri, BOT_DATA))["count"] == added

    async def _stored(self, uri: str, record: Record) -> Any:
        """Return the value of a record as JSON."""
        async with open_state(uri) as state:
            return json.loads((await inspect_record(state, record)).text)

    async def _edit(self, uri: str, number: int) -> None:
        """Set two values, and remove one again."""
        await asyncio.gather(
            *(
                self.facts("set", uri, "chat_data", "-100", f'["{name}"]', str(number))
                for name in (f"tool {number}", f"passing {number}")
            )
        )
        await self.facts("rm", uri, "chat_data", "-100", f'["passing {number}"]')


async def _add(bot: Instance, person: Person, chat: Group, number: int) -> None:
    assert await bot.send(person.message_update(f"/add mark {number}", chat)) == [f"mark {number}"]
