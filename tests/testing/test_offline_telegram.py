from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from datetime import datetime, timezone

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    InvalidCallbackData,
    MessageHandler,
    filters,
)

from ptb_bucket import offline_telegram
from ptb_bucket.offline_telegram import ApiError, Line, OfflineTelegram, UnknownMethodError
from ptb_bucket.testing import telegram as documented

NAME, AGE = range(2)
Context = ContextTypes.DEFAULT_TYPE


@pytest.fixture
def telegram():
    return OfflineTelegram(bot_name="Pip")


@pytest.fixture
def ada(telegram):
    return telegram.user(42, "Ada")


async def ask_name(update: Update, _):
    await update.message.reply_text("What is your name?")
    return NAME


async def ask_age(update: Update, _):
    await update.message.reply_text(f"How old are you, {update.message.text}?")
    return AGE


async def goodbye(update: Update, _):
    await update.message.reply_text(f"{update.message.text} is a good age.")
    return ConversationHandler.END


async def offer(update: Update, _):
    keyboard = [[InlineKeyboardButton(label, callback_data=("answer", label)) for label in ("Yes", "No")]]
    await update.message.reply_text("Tea?", reply_markup=InlineKeyboardMarkup(keyboard))


async def pressed(update: Update, _):
    query = update.callback_query
    if isinstance(query.data, InvalidCallbackData):
        await query.answer("I have forgotten that button.")
        return
    await query.answer("Noted.")
    await query.edit_message_text(f"{query.data!r}")


async def roll(update: Update, context):
    await context.bot.do_api_request("sendHologram", {"chat_id": update.effective_chat.id}, return_type=Message)


def with_handlers(builder, **options) -> Application:
    app = builder.arbitrary_callback_data(64).build()
    words = filters.TEXT & ~filters.COMMAND
    talk = ConversationHandler(
        [CommandHandler("hello", ask_name)],
        {NAME: [MessageHandler(words, ask_age)], AGE: [MessageHandler(words, goodbye)]},
        [],
        **options,
    )
    app.add_handlers([talk, CommandHandler("tea", offer), CommandHandler("roll", roll), CallbackQueryHandler(pressed)])
    return app


def said(telegram):
    return [(line.who, line.kind, line.text) for line in telegram.transcript]


async def test_a_conversation_of_three_steps(telegram, ada):
    async with with_handlers(telegram.builder()) as app:
        assert [message.text for message in await ada.send(app, "/hello")] == ["What is your name?"]
        await ada.send(app, "Ada")
        [answer] = await ada.send(app, "36")

    assert answer.text == "36 is a good age."
    assert answer.chat.id == 42
    assert telegram.transcript[2] == Line("Ada", 42, "Ada")
    assert [line.text for line in telegram.transcript if line.from_bot] == [
        "What is your name?",
        "How old are you, Ada?",
        "36 is a good age.",
    ]


async def test_groups_and_private_chats_are_different_conversations(telegram, ada):
    friends = telegram.group(-100, "Friends")
    async with with_handlers(telegram.builder()) as app:
        await ada.send(app, "/hello", chat=friends)
        assert await ada.send(app, "Ada") == []
        [answer] = await ada.send(app, "Ada", chat=friends)
    assert (answer.chat.id, answer.chat.title, answer.chat.type) == (-100, "Friends", "group")


async def test_concurrent_users_get_their_own_answers(telegram):
    async with with_handlers(telegram.builder()) as app:
        people = [telegram.user(number, f"P{number}") for number in range(1, 6)]
        await asyncio.gather(*(person.send(app, "/hello") for person in people))
        answers = await asyncio.gather(*(person.send(app, person.name) for person in people))
    assert [[message.text for message in answer] for answer in answers] == [
        [f"How old are you, P{number}?"] for number in range(1, 6)
    ]


async def test_a_button_brings_back_its_arbitrary_data(telegram, ada):
    async with with_handlers(telegram.builder()) as app:
        [tea] = await ada.send(app, "/tea")
        sent = tea.reply_markup.inline_keyboard[0][0].callback_data
        assert isinstance(sent, str)
        assert len(sent) == 64
        [answer] = await ada.press(app, "No")

    assert (answer.message_id, answer.text, answer.reply_markup) == (tea.message_id, "('answer', 'No')", None)
    assert said(telegram)[1:] == [
        ("Pip", "message", "Tea?"),
        ("Ada", "press", "No"),
        ("Pip", "toast", "Noted."),
        ("Pip", "edit", "('answer', 'No')"),
    ]
    assert telegram.transcript[1].buttons == (("Yes", "No"),)
    assert telegram.transcript[3].chat == 42


async def test_the_newest_keyboard_is_pressed_unless_a_message_is_named(telegram, ada):
    async with with_handlers(telegram.builder()) as app:
        [first] = await ada.send(app, "/tea")
        [second] = await ada.send(app, "/tea")
        assert [m.message_id for m in await ada.press(app, "Yes")] == [second.message_id]
        assert [m.message_id for m in await ada.press(app, "No", message=first)] == [first.message_id]
        with pytest.raises(LookupError, match=r"Chat 42 has no button 'Yes'\. It has no inline keyboard\."):
            await ada.press(app, "Yes")


async def test_another_instance_continues_ids_and_does_not_know_foreign_buttons(telegram, ada):
    async with with_handlers(telegram.builder()) as app:
        [tea] = await ada.send(app, "/tea")
    later = OfflineTelegram.restore(telegram.snapshot())
    ada_later = later.user(42, "Ada")
    async with with_handlers(later.builder()) as app:
        assert await ada_later.press(app, "Yes") == []
        [hello] = await ada_later.send(app, "/hello")

    assert said(later)[1] == ("Pip", "toast", "I have forgotten that button.")
    assert hello.message_id > tea.message_id
    assert hello.date > tea.date
    assert ada_later.message_update("x")["update_id"] > ada.message_update("x")["update_id"]


async def test_ids_may_start_anywhere_and_the_clock_is_ours():
    noon = datetime(2026, 5, 4, 12, tzinfo=timezone.utc)
    telegram = OfflineTelegram(first_update_id=900, clock=lambda: noon)
    update = Update.de_json(telegram.user(7, "Bo", username="bo").message_update("hi"))
    assert (update.update_id, update.message.date, update.effective_user.username) == (900, noon, "bo")


def test_the_same_dialogue_gives_the_same_bytes():
    assert OfflineTelegram().user(1, "A").message_update("x") == OfflineTelegram().user(1, "A").message_update("x")


def test_commands_are_counted_in_utf16(ada):
    text = "🦆 /duck now, a/b is none, /pond@demo_bot"
    message = Update.de_json(ada.message_update(text)).message
    assert list(message.parse_entities(["bot_command"]).values()) == ["/duck", "/pond@demo_bot"]


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


async def test_keyboards_replies_and_edits(telegram, ada):
    async with telegram.builder().build() as app:
        markup = InlineKeyboardMarkup([[InlineKeyboardButton("b", callback_data="data")]])
        first = await app.bot.send_message(ada.id, "one", reply_markup=markup)
        second = await first.reply_text("two", do_quote=True)
        assert second.reply_to_message.text == "one"
        assert (await first.edit_reply_markup(None)).reply_markup is None
        with pytest.raises(LookupError):
            ada.press_update("b")


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


async def test_waiting_in_vain_shows_what_was_said(telegram, ada):
    ada.post("hello?")
    with pytest.raises(TimeoutError, match=r"Ada: hello\?"):
        await telegram.wait_for(lambda line: line.from_bot, timeout=0.01)


def test_it_needs_no_pytest():
    code = "import sys; import ptb_bucket.offline_telegram; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_documented_path_leads_to_the_same_classes():
    assert documented.__all__ == offline_telegram.__all__
    for name in documented.__all__:
        assert getattr(documented, name) is getattr(offline_telegram, name)
