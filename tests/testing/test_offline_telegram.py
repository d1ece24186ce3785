"""Tests of dialogues on the offline Telegram: conversations, buttons with their data, and the same bytes each time."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import datetime, timezone

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update

from ptb_bucket import offline_telegram
from ptb_bucket.offline_telegram import Line, OfflineTelegram
from ptb_bucket.testing import telegram as documented
from support.applications.talking_bot import with_handlers


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


async def test_keyboards_replies_and_edits(telegram, ada):
    async with telegram.builder().build() as app:
        markup = InlineKeyboardMarkup([[InlineKeyboardButton("b", callback_data="data")]])
        first = await app.bot.send_message(ada.id, "one", reply_markup=markup)
        second = await first.reply_text("two", do_quote=True)
        assert second.reply_to_message.text == "one"
        assert (await first.edit_reply_markup(None)).reply_markup is None
        with pytest.raises(LookupError):
            ada.press_update("b")


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
