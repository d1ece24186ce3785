"""Tests of ``history`` and ``restore`` on a place that keeps old versions or says how to turn them on."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import CorruptDocumentError
from ptb_bucket.stores import open_store
from ptb_bucket.testing.conformance.tools.base import ToolCase

if TYPE_CHECKING:
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["RestoreTests"]


class RestoreTests(ToolCase):
    """Tests of ``history`` and ``restore``."""

    @pytest.fixture
    def old(self, backend: Backend) -> Backend:
        """Return the place if it keeps old versions."""
        if not backend.supports_versions:
            pytest.skip("this place does not keep old versions; another test covers the refusal")
        return backend

    async def _started(self, uri: str) -> BucketPersistence:
        persistence: BucketPersistence = BucketPersistence(uri)
        persistence.set_bot(ExtBot(f"{self.BOT_ID}:offline"))
        return persistence

    async def _users(self, uri: str) -> dict[int, dict[object, object]]:
        persistence = await self._started(uri)
        users = await persistence.get_user_data()
        await persistence.flush()
        return users

    async def _change(self, uri: str, user_id: int, data: dict[object, object]) -> None:
        persistence = await self._started(uri)
        await persistence.get_user_data()
        await persistence.update_user_data(user_id, data)
        await persistence.flush()

    async def test_history_and_restore_say_how_to_keep_versions(self, backend: Backend, uri: str) -> None:
        """A place without old versions gives one clear line, not a traceback or an empty history."""
        if backend.supports_versions:
            pytest.skip("this place keeps old versions")
        await self.remember(uri)
        for verb in (("history", uri), ("restore", uri, "--at", "1s")):
            line = await self.fails(1, *verb)
            assert "keep" in line or "ersioning" in line
        found = await self.facts("explain", uri, "user", "42")
        assert (found["touches"], len(found["writers"])) == ([], 1)
        assert "keep" in found["problem"] or "ersioning" in found["problem"]

    async def test_restore_brings_back_what_history_lists(self, old: Backend, uri: str) -> None:
        """Records that were changed, dropped and added since are as before."""
        del old  # only that it keeps versions
        newest, first = await self._changed_twice(uri)
        assert (newest["current"], newest["sequence"], first["current"]) == (True, 3, False)
        await self.facts("restore", uri, "--version", first["version"], "--force")
        assert {key: user["name"] for key, user in (await self._users(uri)).items()} == {42: "Ada", 7: "Grace"}

    async def _changed_twice(self, uri: str) -> tuple[Any, Any]:
        """Store, change and add records; return the newest and the first version of the history."""
        await self.remember(uri)
        await self._change(uri, 42, {"name": "Eve"})
        await self._change(uri, 9, {"name": "new"})
        newest, *_, first = (await self.facts("history", uri))["versions"]
        return newest, first

    async def test_explain_names_the_commits_that_touched_a_record(self, old: Backend, uri: str) -> None:
        """It finds them in the versions that the place keeps."""
        del old
        await self._changed_twice(uri)
        found = await self.facts("explain", uri, "user", "42")
        assert [touch["last"] for touch in found["touches"]] == [2, 1]
        assert {change["path"] for change in found["touches"][0]["changes"]} >= {"name"}
        assert found["touches"][0]["writer"] != found["touches"][1]["writer"]

    @pytest.mark.detail
    async def test_a_restore_is_a_commit_that_a_restore_undoes(self, old: Backend, uri: str) -> None:
        """It notices the bot's writes, and a dry run changes nothing."""
        newest, first = await self._changed_twice(uri)
        after = await self._users(uri)
        assert "may still be running" in await self.fails(4, "restore", uri, "--version", first["version"])
        before = await old.read_raw("my-bot/state.json")
        dry = await self.facts("restore", uri, "--version", first["version"], "--dry-run")
        assert dry["objects"][0]["records"] == ["user_data[42]", "user_data[9]"]
        assert await old.read_raw("my-bot/state.json") == before
        await self.facts("restore", uri, "--version", first["version"], "--force")
        await self.facts("restore", uri, "--version", newest["version"], "--update-interval", "0")
        assert await self._users(uri) == after
        writers = [one["writer"].partition(":")[0] for one in (await self.facts("history", uri))["versions"]]
        assert writers[:2] == ["restore", "restore"]

    async def test_a_damaged_state_is_brought_back_by_the_command_of_the_error(self, old: Backend, uri: str) -> None:
        """The bot does not start and names a command; after it, the bot starts with the last good state."""
        await self.remember(uri)
        await self._change(uri, 42, {"name": "last"})
        whole = await self._users(uri)
        data = await old.read_raw("my-bot/state.json")
        assert data is not None
        await old.write_raw("my-bot/state.json", data[: len(data) // 2])
        with pytest.raises(CorruptDocumentError, match="ptb-bucket restore") as caught:
            await self._users(uri)
        assert caught.value.etag
        assert caught.value.etag in str(caught.value)
        _, _, command = str(caught.value).partition("ptb-bucket ")
        result = await self.run(*shlex.split(command))
        assert (result.returncode, result.stderr) == (0, ""), result
        assert await self._users(uri) == whole
        assert (await self.facts(*shlex.split(command)))["objects"] == []

    @pytest.mark.detail
    async def test_a_deleted_state_is_brought_back(self, old: Backend, uri: str) -> None:
        """The history shows the deletion, and the newest version before it is restored."""
        del old  # only that it keeps versions
        await self.remember(uri)
        whole = await self._users(uri)
        async with open_store(uri) as store:
            await store.delete("state.json")
        deleted, last, *_ = (await self.facts("history", uri))["versions"]
        assert (deleted["deleted"], last["deleted"], last["current"]) == (True, False, False)
        assert (await self.facts("restore", uri))["objects"][0]["version"] == last["version"]
        assert await self._users(uri) == whole
