"""Tests of ``rekey`` on a real place."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

import pytest

from ptb_bucket.testing.conformance.tools.base import ToolCase

if TYPE_CHECKING:
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["RekeyTests"]

_FIRST, _SECOND = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
_KEYS: Final = "PTB_BUCKET_SIGNING_KEYS"


class RekeyTests(ToolCase):
    """Tests of changes from plain to signed, to another key, and back. The keys come from the environment."""

    @pytest.mark.detail
    async def test_rekey_seals_what_was_plain(self, uri: str, backend: Backend) -> None:
        """Afterwards no command opens it without the key."""
        await self.remember(uri)
        done = await self.facts("rekey", uri, "--from-plain", **{_KEYS: _FIRST})
        assert (done["bot_id"], done["written"], done["left"]) == (self.BOT_ID, ["state.json"], [])
        assert (await _raw(backend)).startswith(b'ptb-bucket sealed {"format": 1, "bot_id": "123456"')
        assert f"Set {_KEYS}" in await self.fails(1, "show", uri)

    @pytest.mark.detail
    async def test_rekey_seals_only_if_that_is_said(self, uri: str, backend: Backend) -> None:
        """A dry run seals nothing, and sealed documents open with the key."""
        await self.remember(uri)
        plain = await _raw(backend)
        assert "--from-plain" in await self.fails(1, "rekey", uri, **{_KEYS: _FIRST})
        planned = await self.facts("rekey", uri, "--from-plain", "--dry-run", **{_KEYS: _FIRST})
        assert (planned["written"], planned["dry_run"]) == (["state.json"], True)
        assert await _raw(backend) == plain
        await self.facts("rekey", uri, "--from-plain", **{_KEYS: _FIRST})
        assert (await self.facts("show", uri, **{_KEYS: _FIRST}))["bot_id"] == self.BOT_ID

    @pytest.mark.detail
    async def test_rekey_rotates_and_goes_back_to_plain(self, uri: str, backend: Backend) -> None:
        """Documents with the right seal stay unchanged, and removing protection needs a confirmation."""
        await self.remember(uri)
        plain = await _raw(backend)
        await self.facts("rekey", uri, "--from-plain", **{_KEYS: _FIRST})
        rotation = {_KEYS: f"{_SECOND},{_FIRST}"}
        assert (await self.facts("rekey", uri, **rotation))["written"] == ["state.json"]
        assert (await self.facts("rekey", uri, **{_KEYS: _SECOND}))["left"] == ["state.json"]
        back = {"PTB_BUCKET_OLD_SIGNING_KEYS": _SECOND}
        assert "--to-plain" in await self.fails(4, "rekey", uri, **back)
        assert (await self.facts("rekey", uri, "--to-plain", **back))["written"] == ["state.json"]
        assert await _raw(backend) == plain


async def _raw(backend: Backend) -> bytes:
    (key,) = await backend.keys_raw()
    return await backend.read_raw(key) or b""
