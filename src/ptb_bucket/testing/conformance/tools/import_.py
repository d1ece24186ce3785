"""Tests of ``import`` and ``export`` on a real place."""

from __future__ import annotations

import asyncio
import stat
from typing import TYPE_CHECKING, Any, Final

import pytest
from telegram.ext import ExtBot, PicklePersistence

from ptb_bucket.testing.conformance.tools.base import ToolCase

if TYPE_CHECKING:
    from pathlib import Path

    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["ImportTests"]

_ADDED: Final = {"user_data": 2, "chat_data": 1, "bot_data": 1, "conversations": 1, "callback_data": 2}


class ImportTests(ToolCase):
    """Tests of conversions from and to PTB's PicklePersistence."""

    @pytest.mark.detail
    async def test_import_and_export_are_each_others_inverse(self, uri: str, tmp_path: Path) -> None:
        """PTB can read the exported file."""
        path = await self._pickled(tmp_path / "bot.pickle")
        assert (await self.facts("import", str(path), uri, "--bot-id", self.BOT_ID))["added"] == _ADDED
        exported = tmp_path / "back.pickle"
        await self.facts("export", uri, str(exported), "--format", "pickle")
        assert await _everything(exported) == await _everything(path)
        assert stat.S_IMODE(exported.stat().st_mode) == 0o600

    @pytest.mark.detail
    async def test_import_adds_once(self, uri: str, backend: Backend, tmp_path: Path) -> None:
        """A dry run writes nothing, and a second import finds nothing to do."""
        path = await self._pickled(tmp_path / "bot.pickle")
        arguments = ("import", str(path), uri, "--bot-id", self.BOT_ID)
        assert (await self.facts(*arguments, "--dry-run"))["added"] == _ADDED
        assert await _contents(backend) == {}
        await self.facts(*arguments)
        again = await self.facts(*arguments)
        assert (again["added"], again["equal"]) == ({}, 7)

    @pytest.mark.detail
    async def test_import_asks_before_it_replaces_anything(self, uri: str, backend: Backend, tmp_path: Path) -> None:
        """Different records are named and left alone unless ``--overwrite`` is given."""
        await self.remember(uri)
        path = await self._pickled(tmp_path / "bot.pickle")
        before = await _contents(backend)
        assert "user_data[42]" in await self.fails(4, "import", str(path), uri)
        assert await _contents(backend) == before
        facts = await self.facts("import", str(path), uri, "--overwrite")
        assert "user_data[42]" in facts["replaced"]
        assert (await self.facts("show", uri))["sections"]["user_data"]["records"] == 3
        await self.facts("export", uri, str(tmp_path / "all.json"))
        assert '"42": {"name":"Ada of the file"}' in (tmp_path / "all.json").read_text("utf-8")

    async def _pickled(self, path: Path) -> Path:
        made = _persistence(path)
        await asyncio.gather(
            made.update_user_data(42, {"name": "Ada of the file"}),
            made.update_user_data(8, {1: {("a", 1)}}),
            made.update_chat_data(-5, {"b": b"\x00"}),
            made.update_bot_data({"total": 4}),
            made.update_callback_data(([("b" * 32, 2000.5, {"b1": ("buy", 3)})], {"q2": "b" * 32})),
            made.update_conversation("form", (42, 42), 0),
        )
        return path


def _persistence(path: Path) -> PicklePersistence[Any, Any, Any]:
    made: PicklePersistence[Any, Any, Any] = PicklePersistence(path)
    made.set_bot(ExtBot(f"{ToolCase.BOT_ID}:offline"))
    return made


async def _everything(path: Path) -> list[Any]:
    made = _persistence(path)
    data = [await made.get_user_data(), await made.get_chat_data(), await made.get_bot_data()]
    return [*data, await made.get_callback_data(), await made.get_conversations("form")]


async def _contents(backend: Backend) -> dict[str, bytes | None]:
    return {key: await backend.read_raw(key) for key in await backend.keys_raw()}
