"""Tests of ``show`` on a real place."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance.tools.base import ToolCase

__all__ = ["ShowTests"]


class ShowTests(ToolCase):
    """Tests of ``show``."""

    @pytest.mark.parametrize("layout", ["single", pytest.param("per-record", marks=pytest.mark.detail)])
    async def test_show_counts_what_there_is(self, uri: str, layout: str) -> None:
        """It shows the owner, the layout, and the amount of each kind of data."""
        await self.remember(uri, layout=layout)
        facts = await self.facts("show", uri)
        assert (facts["bot_id"], facts["layout"], facts["codec"]) == (self.BOT_ID, layout, "json")
        assert {name: one["records"] for name, one in facts["sections"].items()} == {
            "bot_data": 1, "chat_data": 2, "user_data": 2, "conversations": 2, "callback_data": 2,
        }  # fmt: skip

    @pytest.mark.detail
    async def test_show_lists_a_section_and_shows_a_record(self, uri: str) -> None:
        """It shows IDs in order, page by page, records with tags, and pickled records without their classes."""
        await self.remember(uri, layout="per-type", codec="pickle")
        first = await self.facts("show", uri, "user_data", "--limit", "1")
        assert ([one["id"] for one in first["records"]], first["total"], first["next"]) == ([["7"]], 2, "7")
        shown = await self.facts("show", uri, "chat_data", "-100")
        assert shown["value"] == {"title": "Friends", "members": {"$set": [1, 42]}}

    async def test_show_finds_people_and_addresses_values(self, uri: str) -> None:
        """It lists the records for which a condition holds, and shows one value of a record."""
        await self.remember(uri, layout="per-record")
        found = await self.facts("show", uri, "user_data", "--where", "name == 'Ada'")
        assert ([one["id"] for one in found["records"]], found["total"]) == ([["42"]], 1)
        assert (await self.facts("show", uri, "user", "42", "name"))["value"] == "Ada"

    @pytest.mark.detail
    async def test_show_says_when_nothing_is_there(self, uri: str) -> None:
        """An empty prefix does not count as an empty bot."""
        assert "No bot state" in await self.fails(3, "show", uri)
