"""Each method of the installed PTB is called, with as few and with as many arguments as it has, and its answer read."""

from __future__ import annotations

import warnings

import pytest
import telegram as ptb
from telegram.error import BadRequest

from ptb_bucket.offline_telegram import OfflineTelegram
from support.bot_arguments import ADA, FIRST, GROUP, World
from support.bot_methods import METHODS, OLD, arguments, expected, unparsed


@pytest.mark.parametrize("full", [False, True], ids=["minimal", "full"])
@pytest.mark.parametrize("method", METHODS)
async def test_ptb_reads_the_answer_and_no_field_is_left(method, full):
    world = World()
    async with world.telegram.builder().build() as app:
        await world.prepare(app.bot)
        if method in FIRST:
            await FIRST[method](app.bot, world)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecated parameters are called too
            answer = await getattr(app.bot, method)(**arguments(method, world, full=full))
    assert isinstance(answer, expected(method))
    assert unparsed(answer) == []
    assert answer is not False


@pytest.mark.parametrize("message", ["text", "poll", "photo", "game", "live", "business"])
async def test_what_others_see_of_a_message_is_read_completely(message):
    world = World()
    async with world.telegram.builder().build() as app:
        await world.prepare(app.bot)
        sent = getattr(world, message)
        assert unparsed(sent) == []
        if message != "business":
            forwarded = await app.bot.forward_message(ADA, GROUP, sent.message_id)
            assert unparsed(forwarded) == []
            assert unparsed(await forwarded.reply_text("re", do_quote=True)) == []


@pytest.mark.skipif(OLD, reason="older PTBs do not know all fields")
def test_the_check_for_unparsed_fields_can_fail():
    raw = {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private", "feathers": 3}}
    assert unparsed(ptb.Message.de_json(raw)) == ["answer.chat.feathers"]


async def test_a_chat_that_does_not_exist_is_refused_by_generated_answers_too():
    async with OfflineTelegram().builder().build() as app:
        with pytest.raises(BadRequest, match="Chat not found"):
            await app.bot.verify_chat(-5)
