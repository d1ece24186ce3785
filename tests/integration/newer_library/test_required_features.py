"""Tests of the needs that a bot's saves list in the header of its documents, for shared objects in JSON."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket.cli import main
from ptb_bucket.state import LAYOUTS
from support.applications.restarting_bot import opened
from support.documents.newer_documents import header_of


class Bucket:
    def __init__(self, root, layout="single", codec="json") -> None:
        self.root, self.uri = root, f"file:{root}?layout={layout}&codec={codec}"

    def bot(self, **options):
        return opened(self.uri, refresh_interval=0, **options)

    def needs(self, what: str = "") -> dict[str, object]:
        """Return the needs that each document with ``what`` in its name lists, without documents that list none."""
        paths = [path for path in self.root.rglob("*") if path.suffix in (".json", ".pkl")]
        headers = {path.name: header_of(path.read_bytes()) for path in paths if what in path.name}
        assert all((header["format"] == 2) == ("needs" in header) for header in headers.values())
        return {name: header["needs"] for name, header in headers.items() if "needs" in header}


def shared() -> dict:
    one = {"hp": 12}
    return {"characters": [one], "current": one}


@pytest.fixture(params=LAYOUTS)
def bucket(request, tmp_path) -> Bucket:
    return Bucket(tmp_path / "bot", request.param)


async def test_only_the_document_with_shared_objects_needs_them_and_only_while_it_has_them(bucket):
    bot = bucket.bot()
    await bot.update_bot_data({"n": 1})
    await bot.update_user_data(7, {"text": "$ref", "$ref": 1})
    assert bucket.needs() == {}
    await bot.update_user_data(42, shared())
    assert list(bucket.needs().values()) == [["refs"]]
    found = (await bucket.bot().get_user_data())[42]
    assert found["characters"][0] is found["current"]
    await bot.update_user_data(7, shared())
    await bot.drop_user_data(42)
    assert list(bucket.needs().values()) == [["refs"]]
    await bot.update_user_data(7, {"plain": 1})
    assert bucket.needs() == {}
    assert await bucket.bot().get_user_data() == {7: {"plain": 1}}


async def test_a_pickle_needs_nothing_for_them(tmp_path):
    bucket = Bucket(tmp_path / "bot", "single", "pickle")
    bot = bucket.bot()
    await bot.update_user_data(42, shared())
    found = (await bucket.bot().get_user_data())[42]
    assert found["characters"][0] is found["current"]
    assert bucket.needs() == {}


async def test_two_instances_list_what_either_of_them_needs(bucket):
    one, two = bucket.bot(), bucket.bot()
    await one.get_user_data()
    await two.get_user_data()
    await one.update_user_data(42, shared())
    await two.update_user_data(43, {"plain": 1})
    assert list(bucket.needs().values()) == [["refs"]]
    await two.update_user_data(44, shared())
    await one.update_user_data(42, {"plain": 1})
    assert list(bucket.needs().values()) == [["refs"]]
    assert len(await bucket.bot().get_user_data()) == 3


def test_tools_list_what_they_write_and_drop(tmp_path, bucket):
    async def fill() -> None:
        bot = bucket.bot()
        await bot.update_user_data(42, shared())
        await bot.update_user_data(43, {"plain": 1})
        await bot.flush()

    asyncio.run(fill())
    copied = Bucket(tmp_path / "copy", "per-record")
    assert main(["copy", bucket.uri, copied.uri]) == 0
    assert copied.needs("42") == {"42.json": ["refs"]}
    assert copied.needs("43") == {}
    assert main(["copy", bucket.uri, f"file:{tmp_path}/pickled?codec=pickle"]) == 0
    assert (
        main(["copy", f"file:{tmp_path}/pickled?codec=pickle", f"file:{tmp_path}/back?codec=json&layout=single"]) == 0
    )
    assert Bucket(tmp_path / "back").needs() == {"state.json": ["refs"]}
    for words in (["rm", "user_data", "42"], ["set", "user_data", "43", "a", "1"]):
        assert main([words[0], copied.uri, *words[1:]]) == 0
    assert copied.needs() == {}
    assert main(["erase-user", bucket.uri, "42", "--force"]) == 0
    assert bucket.needs() == {}
