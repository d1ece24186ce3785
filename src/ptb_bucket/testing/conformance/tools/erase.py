"""Tests of ``erase-user`` on a real place, with and without old versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptb_bucket.testing.conformance.tools.base import ToolCase

if TYPE_CHECKING:
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["EraseTests"]


class EraseTests(ToolCase):
    """Tests of erasing a person."""

    @pytest.mark.parametrize("layout", ["single", pytest.param("per-record", marks=pytest.mark.detail)])
    async def test_erase_user_leaves_no_trace(self, uri: str, backend: Backend, layout: str) -> None:
        """Their records are removed, and all others stay."""
        await self.remember(uri, layout=layout)
        receipt = await self.facts("erase-user", uri, "42", "--force")
        assert [one["record"] for one in receipt["removed"]] == [
            "chat_data[42]", "conversations['order'][(42, 42)]", "user_data[42]",
        ]  # fmt: skip
        assert (receipt["mentions"], receipt["keyboards"]) == (["chat_data[-100]"], 1)
        left = b"".join([await backend.read_raw(key) or b"" for key in await backend.keys_raw()])
        assert b"Ada" not in left
        assert b"private" not in left
        assert b"Grace" in left

    @pytest.mark.detail
    @pytest.mark.parametrize("layout", ["single", "per-record"])
    async def test_erase_user_is_refused_while_a_bot_may_run(self, uri: str, backend: Backend, layout: str) -> None:
        """A running bot may hold them in memory and write them again."""
        await self.remember(uri, layout=layout)
        before = {key: await backend.read_raw(key) for key in await backend.keys_raw()}
        assert "--force" in await self.fails(4, "erase-user", uri, "42")
        assert {key: await backend.read_raw(key) for key in await backend.keys_raw()} == before

    @pytest.mark.detail
    async def test_erase_user_with_versions(self, uri: str, backend: Backend) -> None:
        """No version contains them afterwards, after a confirmation; without permission, nothing changes."""
        await self.remember(uri)
        if not backend.supports_versions:
            assert "old versions" in await self.fails(1, "erase-user", uri, "42", "--versions", "--yes", "--force")
            assert b"Ada" in await self._everything(backend)
            return
        await self.facts("set", uri, "user_data", "42", "name", '"Ada Lovelace"')
        line = await self.fails(4, "erase-user", uri, "42", "--versions", "--force")
        assert "permanently deletes 2 old versions of 1 object" in line
        command = ("erase-user", uri, "42", "--versions", "--yes", "--force")
        if backend.deletes_versions is False:
            await self.fails(1, *command)
            assert b"Ada" in await self._everything(backend)
            return
        receipt = await self.facts(*command)
        assert (receipt["old_versions"]["deleted"], receipt["old_versions"]["kept"]) == (2, 0)
        assert b"Ada" not in await self._everything(backend)

    async def _everything(self, backend: Backend) -> bytes:
        """Return the bytes of all versions of all objects."""
        found = [await backend.read_raw(key) or b"" for key in await backend.keys_raw()]
        if backend.supports_versions:
            async with backend.open() as store:
                for key in await backend.keys_raw():
                    versions = [one.version async for one in store.versions(key) if not one.deleted]
                    found += [(await store.get(key, version=version)).data for version in versions]
        return b"".join(found)
