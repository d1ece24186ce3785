"""Tests of ``copy`` between a directory and a real place, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptb_bucket.testing.conformance.instances import with_options
from ptb_bucket.testing.conformance.tools.base import ToolCase

if TYPE_CHECKING:
    from pathlib import Path

    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["CopyTests"]


class CopyTests(ToolCase):
    """Tests of copies to and from a place, also with another layout."""

    async def test_copy_there_and_back(self, backend: Backend, uri: str, tmp_path: Path) -> None:
        """A copy to another layout and codec, to a directory and back loses nothing and copies nothing twice."""
        await self.remember(uri)
        before = await backend.read_raw("my-bot/state.json")
        inner = backend.uri("copy")
        inner = with_options(inner, "layout=per-record&codec=pickle")
        outer = f"file:{tmp_path / 'copy'}?layout=single&codec=json"
        broadcasts = {"broadcasts": 0, "broadcasts_left_out": 0}
        records = {"copied": 9, "skipped": 0, "different": 0, "dry_run": False, **broadcasts}
        assert await self.facts("copy", uri, inner) == records
        assert await self.facts("copy", backend.uri("copy"), outer) == records
        assert await self.facts("copy", outer, uri) == records | {"copied": 0, "skipped": 9}
        assert await backend.read_raw("my-bot/state.json") == before

    @pytest.mark.detail
    async def test_copy_refuses_the_same_place_and_another_bots(self, uri: str, backend: Backend) -> None:
        """Both are refused before anything is written."""
        await self.remember(uri)
        keys = sorted(await backend.keys_raw())
        assert "are the same" in await self.fails(4, "copy", uri, uri)
        assert "belongs to bot" in await self.fails(4, "copy", uri, uri, "--bot-id", "99")
        assert sorted(await backend.keys_raw()) == keys
