"""Tests of requests to the offline Telegram: how a bot gets its updates, and what is refused as Telegram refuses it."""

from __future__ import annotations

import asyncio
import threading

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError
from telegram.ext import Application

from ptb_bucket.offline_telegram import ApiError, OfflineTelegram, UnknownMethodError
from support.applications.talking_bot import with_handlers


async def polling(app: Application, telegram: OfflineTelegram, last: str) -> None:
    async with app:
        await app.start()
        await app.updater.start_polling(timeout=5)
        await telegram.wait_for(lambda line: line.text == last)
        await app.updater.stop()
        await app.stop()


async def test_polling_delivers_what_waits_and_what_comes(telegram, ada):
    app = with_handlers(telegram.builder())
    ada.post("/hello")
    talk = asyncio.create_task(polling(app, telegram, "36 is a good age."))
    await telegram.wait_for(lambda line: line.text == "What is your name?")
    ada.post("Ada")
    ada.post("36")
    await talk
    assert telegram.server.state.pending == []


async def test_polling_hears_another_thread_and_resolves_buttons(telegram, ada):
    app = with_handlers(telegram.builder())
    ada.post("/tea")
    talk = asyncio.create_task(polling(app, telegram, "('answer', 'Yes')"))
    await telegram.wait_for(lambda line: line.text == "Tea?")
    threading.Timer(0.05, ada.post_press, ["Yes"]).start()
    await talk


async def test_an_update_stays_until_its_offset_confirms_it(telegram, ada):
    async with telegram.builder().build() as app:
        ada.post("one")
        ada.post("two")
        for _ in range(2):
            assert [update.message.text for update in await app.bot.get_updates()] == ["one", "two"]
        assert [update.message.text for update in await app.bot.get_updates(limit=1)] == ["one"]
        assert [update.message.text for update in await app.bot.get_updates(offset=2)] == ["two"]
        assert await app.bot.get_updates(offset=3, timeout=0) == ()


async def test_the_last_updates_and_only_the_allowed(telegram, ada):
    async with telegram.builder().build() as app:
        for word in ("one", "two", "three"):
            ada.post(word)
        assert [update.message.text for update in await app.bot.get_updates(offset=-1)] == ["three"]
        assert await app.bot.get_updates(allowed_updates=["callback_query"]) == ()


async def test_a_long_poll_waits_without_looking_busily(telegram, ada, monkeypatch):
    rings = 0
    sleep = telegram.server.bell._sleep

    async def counted(*args):
        nonlocal rings
        rings += 1
        await sleep(*args)

    monkeypatch.setattr(telegram.server.bell, "_sleep", counted)
    async with telegram.builder().build() as app:
        poll = asyncio.create_task(app.bot.get_updates(timeout=5))
        await asyncio.sleep(0.05)
        assert rings == 1
        ada.post("at last")
        assert [update.message.text for update in await poll] == ["at last"]


async def test_an_unknown_method_is_loud_although_ptb_swallows_it(telegram, ada):
    async with with_handlers(telegram.builder()) as app:
        with pytest.raises(UnknownMethodError, match="does not know the Bot API method 'sendHologram'") as info:
            await ada.send(app, "/roll")
        assert info.value.method == "sendHologram"
        with pytest.raises(BadRequest, match="sendHologram"):
            await app.bot.do_api_request("sendHologram", {"chat_id": 42})


async def test_a_method_can_be_taught(telegram, ada):
    def dice(parameters):
        content = {"dice": {"emoji": "🎲", "value": 6}}
        return telegram.server.store_message(telegram.server.state.bot, parameters["chat_id"], content)

    telegram.answer("sendDice", dice)
    async with with_handlers(telegram.builder()) as app:
        assert (await app.bot.send_dice(ada.id)).dice.value == 6


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (ApiError("Forbidden: bot was blocked by the user", code=403), Forbidden),
        (ApiError("Bad Request: upgraded", parameters={"migrate_to_chat_id": -1007}), ChatMigrated),
        (ApiError("Bad Gateway", code=502), NetworkError),
    ],
)
async def test_refusals_become_ptbs_exceptions(telegram, ada, refusal, expected):
    def refuse(_):
        raise refusal

    telegram.answer("sendMessage", refuse)
    async with telegram.builder().build() as app:
        with pytest.raises(expected):
            await app.bot.send_message(ada.id, "hello")


async def test_messages_that_telegram_refuses(telegram, ada):
    async with telegram.builder().build() as app:
        bot = app.bot
        with pytest.raises(BadRequest, match=r"[Cc]hat not found"):
            await bot.send_message(99, "hello")
        with pytest.raises(BadRequest, match="text is empty"):
            await bot.send_message(ada.id, " ")
        with pytest.raises(BadRequest, match="too long"):
            await bot.send_message(ada.id, "x" * 4097)
        button = InlineKeyboardButton("b", callback_data="x" * 65)
        with pytest.raises(BadRequest, match=r"(?i)button_data_invalid"):
            await bot.send_message(ada.id, "hello", reply_markup=InlineKeyboardMarkup([[button]]))
        sent = await bot.send_message(ada.id, "hello")
        with pytest.raises(BadRequest, match="not modified"):
            await sent.edit_text("hello")
        assert await sent.delete()
        with pytest.raises(BadRequest, match="to edit not found"):
            await sent.edit_text("again")
        with pytest.raises(BadRequest, match=r"(?i)query is too old"):
            await bot.answer_callback_query("77")


async def test_webhook_and_commands(telegram):
    async with telegram.builder().build() as app:
        await app.bot.set_webhook("https://example.org/hook")
        assert (await app.bot.get_webhook_info()).url == "https://example.org/hook"
        with pytest.raises(Conflict):
            await app.bot.get_updates()
        await app.bot.delete_webhook()
        await app.bot.set_my_commands([("start", "Begin")])
        assert [command.command for command in await app.bot.get_my_commands()] == ["start"]
        assert (await app.bot.get_chat(telegram.user(5, "Cy").id)).first_name == "Cy"
        assert await app.bot.send_chat_action(5, "typing")


async def test_another_bots_token_and_a_closed_request_fail(telegram, ada):
    stranger = OfflineTelegram(bot_id=7)
    with pytest.raises(InvalidToken):
        await (
            Application.builder()
            .token(stranger.token)
            .request(telegram.builder().build().bot.request)
            .build()
            .initialize()
        )
    app = telegram.builder().build()
    async with app:
        pass
    with pytest.raises(NetworkError, match="not initialized"):
        await app.bot.send_message(ada.id, "too late")
