"""A bucket whose documents a newer ptb-bucket changes, and a bot that works on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptb_bucket import BucketPersistence, errors
from ptb_bucket.errors import UnsavedError
from ptb_bucket.state import LAYOUTS
from ptb_bucket.stores import LocalStore
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.applications.restarting_bot import opened
from support.documents.newer_documents import FRAMES, JSON_BODY, body_of, header_of, newer

if TYPE_CHECKING:
    from pathlib import Path


SHORT = {("single", "json"), ("per-record", "pickle")}
LAYOUT_AND_CODEC = [
    pytest.param((layout, codec), marks=() if (layout, codec) in SHORT else pytest.mark.long, id=f"{layout}-{codec}")
    for layout in LAYOUTS
    for codec in ("json", "pickle")
]
BOT = "123456"


class Bucket:
    """A directory with a bot's documents, which a newer library changes."""

    def __init__(self, root: Path, layout: str, codec: str) -> None:
        self.root, self.options = root, {"layout": layout, "codec": codec}
        self.uri = f"file:{root}?layout={layout}&codec={codec}"

    def bot(self, **options) -> BucketPersistence:
        return opened(options.pop("store", self.uri), **{**self.options, **options})

    async def fill(self) -> None:
        bot = self.bot()
        await bot.update_bot_data({"n": 1})
        await bot.update_user_data(42, {"name": "Ada"})
        await bot.update_user_data(43, {"name": "Bo"})
        await bot.update_conversation("talk", (42, 42), "SIZE")
        await bot.flush()

    def documents(self) -> list[Path]:
        found = (path for path in self.root.rglob("*") if path.suffix in (".json", ".pkl"))
        return sorted(path for path in found if ".versions" not in path.parts)

    def change(self, how=newer, **what) -> None:
        """Rewrite every document as a newer library would."""
        for path in self.documents():
            path.write_bytes(how(path.read_bytes(), **what))

    def check_untouched(self, number: int | None = None) -> None:
        """Check that each document has all that the newer library has added, byte for byte."""
        documents = self.documents()
        assert len(documents) == number or number is None
        for path in documents:
            data = path.read_bytes()
            assert body_of(data) == (JSON_BODY if path.suffix == ".json" else FRAMES)
            header = header_of(data)
            assert (header["epoch"], header["note"]) == ([1, {"of": "the newer one"}], None)
            assert header["format"] == 1


async def change_everything(bot) -> None:
    await bot.get_user_data()
    await bot.get_bot_data()
    await bot.update_bot_data({"n": 2})
    await bot.update_user_data(42, {"name": "Ada", "age": 36})
    await bot.drop_user_data(43)
    await bot.update_conversation("talk", (42, 42), None)
    await bot.flush()


async def unsaved(bucket: Bucket, spool: Path) -> Path:
    """Let a bot end in an outage."""
    fault = None
    store = FaultyStore(LocalStore(bucket.root), lambda operation, _key: fault if operation == "put" else None)
    bot = bucket.bot(store=store, spool_dir=spool)
    bot._session.replica.documents.retry_policy.deadline = 0.05
    await bot.get_user_data()
    fault = Fault.UNAVAILABLE
    with pytest.raises(errors.PTBBucketError):
        await bot.update_user_data(42, {"late": 1})
    with pytest.raises(UnsavedError, match="kept in"):
        await bot.flush()
    return next(spool.glob("*.spool"))  # noqa: ASYNC240  nothing else runs
