"""Tests of ``sweep`` on a real place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.state import Kind
from ptb_bucket.testing.conformance.tools.base import ToolCase
from ptb_bucket.tools import open_state

if TYPE_CHECKING:
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["SweepTests"]


class SweepTests(ToolCase):
    """Tests of removing dropped records."""

    async def test_what_was_dropped_is_swept(self, uri: str, backend: Backend) -> None:
        """Nothing else is removed. Without conditional deletes, it is refused unless it is confirmed."""
        await self.remember(uri, layout="per-record")
        await self.facts("rm", uri, "user_data", "42")
        before = set(await backend.keys_raw())
        arguments = ["sweep", uri, "--older-than", "0s"]
        if not backend.deletes_if:
            assert "--bot-stopped" in await self.fails(4, *arguments)
            assert set(await backend.keys_raw()) == before
            arguments.append("--bot-stopped")
        [swept] = (await self.facts(*arguments))["removed"]
        [gone] = before - set(await backend.keys_raw())
        assert gone.endswith(f"/{swept}")
        assert swept.endswith("/42.json")
        async with open_state(uri) as state:
            people = [record.id async for part in state.archive.parts([Kind.USER]) for record in part.records]
        assert people == ["7"]
