"""Tests of documents from before the code was rearranged: today's code loads each value and changes one user only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ptb_bucket.codecs import same
from ptb_bucket.errors import SealError
from ptb_bucket.offline_telegram import OfflineTelegram
from support.documents.newer_documents import header_of
from support.documents.old_bots import (
    ADA,
    AXES,
    DROPPED,
    FIRST_UPDATE,
    GROUP,
    SEALINGS,
    UPDATES,
    build,
    expected,
    opened,
    read,
    with_bot,
)  # fmt: skip
from support.documents.old_documents import Step
from support.parameters import crossed

FIXTURES = Path(__file__).parents[2] / "fixtures" / "bots"


class OldBot:
    """A copy of the documents of one combination of layout, codec and sealing."""

    def __init__(self, root: Path, *combination: str) -> None:
        self.root, self.combination = root, combination
        self.layout, self.codec, self.how = combination
        shutil.copytree(FIXTURES.joinpath(*combination), root)

    def start(self):
        return with_bot(opened(self.root, *self.combination))

    def files(self) -> dict[str, bytes]:
        found = (path for path in self.root.rglob("*") if path.is_file() and path.name != ".lock")
        return {str(path.relative_to(self.root)): path.read_bytes() for path in found}


@pytest.fixture(params=crossed(*AXES))
def old(request, tmp_path) -> OldBot:
    return OldBot(tmp_path / "bot", *request.param)


async def test_every_value_loads(old):
    bot = old.start()
    assert same(await read(bot), expected())
    assert bot.stats.pending == ()


async def test_shared_objects_are_shared_within_a_record_and_never_between_records(old):
    found = await read(old.start())
    for number in (1, 2):
        data = found["users"][number]
        assert data["self"] is data
        assert data["stops"] is data["favourites"][0] is data["basket"][1, "a"]
        assert data["favourites"][1] is data["basket"]["first"]
    assert found["users"][1]["favourites"][1] is not found["users"][2]["favourites"][1]
    assert found["chats"][7]["log"] is found["chats"][7]["latest"]
    assert found["bot"]["archive"][0] is found["bot"]["archive"][1] is found["bot"]["prices"]


async def test_zones_load_with_their_names(old):
    data = (await old.start().get_user_data())[1]
    assert data["since"].tzinfo.key == "Europe/Berlin"
    assert data["seen"].utcoffset().total_seconds() == 0


async def test_a_changed_user_leaves_the_rest_unchanged(old):
    before, wanted = old.files(), expected()
    bot = old.start()
    users = (await read(bot))["users"]
    for changed in (users[1], wanted["users"][1]):
        changed["stops"].append("Rye")
        changed["step"] = Step.SIZE
    await bot.update_user_data(1, users[1])
    await bot.flush()
    found = await read(old.start())
    assert same(found, wanted)
    assert found["users"][1]["basket"][1, "a"] == ["Bath", "York", "Rye"]
    assert len({name for name, data in old.files().items() if data != before[name]}) == 1
    assert old.files().keys() == before.keys()


async def test_loading_and_saving_the_same_values_writes_nothing(old):
    before = old.files()
    bot = old.start()
    found = await read(bot)
    for number, value in found["users"].items():
        await bot.update_user_data(number, value)
    for number, value in found["chats"].items():
        await bot.update_chat_data(number, value)
    await bot.update_bot_data(found["bot"])
    await bot.update_callback_data(found["callback"])
    await bot.flush()
    assert old.files() == before


async def test_a_dropped_user_stays_dropped_and_may_come_back(old):
    bot = old.start()
    assert DROPPED not in await bot.get_user_data()
    await bot.update_user_data(DROPPED, {"name": "Back"})
    await bot.flush()
    assert (await old.start().get_user_data())[DROPPED] == {"name": "Back"}


async def test_a_handled_update_is_not_handled_again(old):
    """The next update is handled, and its conversation goes on from the stored state."""
    telegram = OfflineTelegram(first_update_id=FIRST_UPDATE + len(UPDATES) - 1)
    application = build(telegram, opened(old.root, *old.combination))
    ada = telegram.user(ADA, "Ada")
    async with application:
        await ada.send(application, "/count")  # under the id of the last update that was handled
        await ada.send(application, "/count")
        await ada.send(application, "big")
    found, wanted = await read(old.start()), expected()
    wanted["users"][ADA]["count"] = wanted["bot"]["count"] = 3
    assert same(found, wanted)


async def test_a_conversation_goes_on(old):
    bot = old.start()
    await read(bot)
    await bot.update_conversation("order", (GROUP, 7), None)
    await bot.flush()
    wanted = expected()
    del wanted["conversations"]["order"][GROUP, 7]
    assert same(await read(old.start()), wanted)


async def test_sealed_documents_open_with_their_key_only(old):
    for data in old.files().values():
        assert (b"Bath" not in data and b"tea" not in data) or old.how == "plain"
    if old.how == "sealed":
        with pytest.raises(SealError):
            await with_bot(opened(old.root, old.layout, old.codec, "plain")).get_user_data()


@pytest.mark.parametrize("codec", ["json", "pickle"])
def test_the_fixtures_have_what_these_tests_are_about(codec):
    """Headers with the ids of updates, needed features, and the empty document of a dropped user."""
    documents = {path.name: path.read_bytes() for path in (FIXTURES / "per-record" / codec / "plain").rglob("*.*")
                 if path.is_file()}  # fmt: skip
    headers = {name.partition(".")[0]: header_of(data) for name, data in documents.items()}
    assert headers[str(ADA)]["units"] == UPDATES[1:]
    assert headers["bot"]["units"] == UPDATES[1:]
    assert headers.get("1", {}).get("needs") == (["refs"] if codec == "json" else None)
    assert str(DROPPED) in headers
    assert set(SEALINGS) == {path.name for path in (FIXTURES / "single" / codec).iterdir()}
