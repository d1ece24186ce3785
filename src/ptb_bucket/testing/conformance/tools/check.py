"""Tests of ``check`` on a real place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ptb_bucket.testing.conformance.tools.base import ToolCase

if TYPE_CHECKING:
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["CheckTests"]

_TOKEN = "7:rosebud"  # noqa: S105  nobody's
_NEEDED = ("reachable", "credentials", "bucket", "read", "list", "create", "update", "conditional puts", "delete")


class CheckTests(ToolCase):
    """Tests of ``check``."""

    async def test_check_before_the_first_start(self, uri: str, backend: Backend) -> None:
        """On an empty prefix, it tests everything and leaves nothing behind."""
        rows = _rows(await self.facts("check", uri))
        assert {name: rows[name]["result"] for name in _NEEDED} == dict.fromkeys(_NEEDED, "ok"), rows
        assert rows["state"]["detail"].startswith("No state is stored yet")
        assert rows["cleaned up"]["result"] == "ok"
        assert min(rows["read latency"]["seconds"], rows["write latency"]["seconds"]) > 0
        async with backend.open() as store:
            assert rows["update"]["permissions"] == list(store.PERMISSIONS.get("put", ()))
        assert await backend.keys_raw() == []

    @pytest.mark.detail
    async def test_check_beside_a_bot(self, uri: str, backend: Backend) -> None:
        """It reports the owner, even if it is another bot, and changes none of the bot's data."""
        await self.remember(uri)
        before = {key: await backend.read_raw(key) for key in await backend.keys_raw()}
        state = _rows(await self.facts("check", uri))["state"]
        assert (state["bot_id"], state["layout"], state["codec"]) == (self.BOT_ID, "single", "json")
        result = await self.run("check", uri, "--json", TELEGRAM_BOT_TOKEN=_TOKEN)
        assert (result.returncode, _TOKEN in result.stdout + result.stderr) == (1, False)
        assert result.stderr.startswith("ptb-bucket: 1 of ")
        assert result.stderr.endswith(" checks failed: state.\n")
        assert before == {key: await backend.read_raw(key) for key in await backend.keys_raw()}


def _rows(facts: Any) -> dict[str, Any]:
    return {row["check"]: row for row in facts["checks"]}
