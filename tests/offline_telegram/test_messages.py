"""What later calls see of messages that the bot sent, changed, forwarded, copied, pinned and deleted."""

from __future__ import annotations

import pytest
import telegram as ptb
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter

from ptb_bucket.offline_telegram import ApiError, UnknownMethodError


def said(telegram):
    return [(line.who, line.kind, line.text) for line in telegram.transcript]


def refused(text):
    return pytest.raises(BadRequest, match=rf"(?i)^{text}")


async def test_a_file_comes_back_as_it_was_uploaded(bot, ada):
    for sent in (await bot.send_document(ada.id, b"1,2", filename="t.csv"), await bot.send_voice(ada.id, b"ogg")):
        file = await sent.effective_attachment.get_file()
        assert bytes(await file.download_as_bytearray()) in {b"1,2", b"ogg"}
    photo = await bot.send_photo(ada.id, b"duck")
    assert [bytes(await (await size.get_file()).download_as_bytearray()) for size in photo.photo] == [b"duck"] * 2
    again = await bot.send_photo(ada.id, photo.photo[-1].file_id)
    assert again.photo == photo.photo
    with refused("file must be non-empty"):
        await bot.send_document(ada.id, b"")
    with refused("wrong file_id"):
        await bot.get_file("of another telegram")


async def test_an_album_is_one_group_and_keeps_each_caption(bot, ada):
    media = [ptb.InputMediaPhoto(b"one", caption="first"), ptb.InputMediaVideo(b"two")]
    album = await bot.send_media_group(ada.id, media)
    assert len({message.media_group_id for message in album}) == 1
    assert [message.caption for message in album] == ["first", None]
    assert bytes(await (await album[1].video.get_file()).download_as_bytearray()) == b"two"
    with pytest.raises(BadRequest):
        await bot.send_media_group(ada.id, [ptb.InputMediaPhoto(b"one"), ptb.InputMediaDocument(b"two")])


async def test_edits_replace_what_they_name_and_nothing_else(bot, ada):
    keyboard = ptb.InlineKeyboardMarkup.from_button(ptb.InlineKeyboardButton("b", callback_data="x"))
    sent = await bot.send_photo(ada.id, b"duck", caption="one", reply_markup=keyboard)
    changed = await sent.edit_caption("two", reply_markup=keyboard)
    assert (changed.caption, changed.photo, changed.reply_markup) == ("two", sent.photo, keyboard)
    other = await sent.edit_media(ptb.InputMediaVideo(b"goose", caption="three"))
    assert (other.photo, other.caption, bool(other.video), other.reply_markup) == ((), "three", True, None)
    with refused("message is not modified: specified new message content and reply markup are exactly the same"):
        await other.edit_caption("three")
    with refused("there is no text in the message to edit"):
        await other.edit_text("x")
    text = await bot.send_message(ada.id, "text")
    with refused("there is no caption in the message to edit"):
        await text.edit_caption("x")


async def test_a_live_location_moves_and_stops(bot, ada):
    sent = await bot.send_location(ada.id, 1.0, 2.0, live_period=60)
    moved = await sent.edit_live_location(3.0, 4.0)
    assert moved.location.to_dict() == {"latitude": 3.0, "longitude": 4.0, "live_period": 60}
    assert "live_period" not in (await sent.stop_live_location()).location.to_dict()
    with refused("message can't be edited"):
        await sent.edit_live_location(5.0, 6.0)


async def test_forwards_name_their_origin_and_copies_do_not(bot, ada, group):
    sent = await bot.send_photo(ada.id, b"duck", caption="look")
    forwarded = await sent.forward(group.id)
    assert (forwarded.caption, forwarded.photo, forwarded.forward_origin.sender_user.id) == ("look", sent.photo, bot.id)
    assert (await forwarded.forward(ada.id)).forward_origin == forwarded.forward_origin
    copy = await sent.copy(group.id, caption="mine")
    assert await bot.edit_message_caption(group.id, copy.message_id, caption="again")
    ids = await bot.forward_messages(group.id, ada.id, [sent.message_id, 999])
    assert len(ids) == 1
    protected = await bot.send_message(ada.id, "secret", protect_content=True)
    with refused("message has protected content and can't be forwarded"):
        await protected.forward(group.id)
    with refused("message to copy not found"):
        await bot.copy_message(group.id, ada.id, 999)


async def test_pins_are_seen_by_get_chat_and_end_with_the_message(bot, group):
    one, two = [await bot.send_message(group.id, text) for text in ("one", "two")]
    await one.pin()
    await two.pin()
    assert (await bot.get_chat(group.id)).pinned_message.text == "two"
    await two.unpin()
    assert (await bot.get_chat(group.id)).pinned_message.text == "one"
    await one.delete()
    assert (await bot.get_chat(group.id)).pinned_message is None
    with refused("message to pin not found"):
        await one.pin()


async def test_the_pin_below_a_deleted_message_is_the_newest_one(bot, group):
    one, two = [await bot.send_message(group.id, text) for text in ("one", "two")]
    await one.pin()
    await two.pin()
    await two.delete()
    assert (await bot.get_chat(group.id)).pinned_message.text == "one"


async def test_a_message_of_a_hand_written_update_can_be_quoted(stage, telegram):
    async def answer(update, _context):
        await update.message.reply_text("yes", do_quote=True)

    person = {"id": 5, "is_bot": False, "first_name": "Cy"}
    message = {"message_id": 900, "date": 0, "chat": {"id": 5, "type": "private"}, "from": person, "text": "here?"}
    async with stage(answer) as app:
        [reply] = await telegram.deliver(app, telegram.make_update("message", message))
    assert reply.reply_to_message.text == "here?"


async def test_deleted_messages_are_gone_for_every_method(telegram, bot, ada):
    sent = await bot.send_message(ada.id, "text")
    assert await sent.delete()
    for call in (sent.delete, sent.pin, lambda: sent.edit_text("x"), lambda: sent.reply_text("x", do_quote=True)):
        with refused("message to .* not found"):
            await call()
    assert said(telegram)[-1] == ("Pip", "delete", "text")
    assert await bot.delete_messages(ada.id, [1, 2, 3])


async def test_replies_quotes_and_replies_from_another_chat(bot, ada, group):
    first = await bot.send_message(ada.id, "one two three")
    quoted = await bot.send_message(ada.id, "re", reply_parameters=ptb.ReplyParameters(first.message_id, quote="two"))
    assert (quoted.reply_to_message.text, quoted.quote.text, quoted.quote.position) == ("one two three", "two", 4)
    elsewhere = ptb.ReplyParameters(first.message_id, chat_id=ada.id)
    assert (await bot.send_message(group.id, "re", reply_parameters=elsewhere)).external_reply.chat.id == ada.id
    with refused("message to be replied not found"):
        await bot.send_message(ada.id, "re", reply_to_message_id=999)
    assert await bot.send_message(ada.id, "re", reply_to_message_id=999, allow_sending_without_reply=True)


async def test_the_bot_may_not_write_where_it_was_thrown_out(app, bot, ada, group):
    await ada.block(app)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(ada.id, "hello")
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_photo(ada.id, b"duck")
    await ada.unblock(app)
    assert await bot.send_message(ada.id, "hello")
    await ada.set_bot_status(app, group, "kicked")
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(group.id, "hello")


@pytest.mark.filterwarnings("ignore:.*retry_after:telegram.warnings.PTBDeprecationWarning")
async def test_refusals_can_be_planned(telegram, bot, ada):
    telegram.flood(7, times=2)
    for _ in range(2):
        with pytest.raises(RetryAfter, match="7"):
            await bot.send_message(ada.id, "hello")
    telegram.refuse(ApiError("Bad Request: x", parameters={"migrate_to_chat_id": -9}), method="sendPhoto")
    assert await bot.send_message(ada.id, "hello")
    with pytest.raises(ChatMigrated):
        await bot.send_photo(ada.id, b"duck")
    assert await bot.send_photo(ada.id, b"duck")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda bot: bot.send_message(42, "x" * 4097), "message is too long"),
        (lambda bot: bot.send_photo(42, b"duck", caption="x" * 1025), "message caption is too long"),
        (lambda bot: bot.send_message(99, "x"), "chat not found"),
        (lambda bot: bot.send_poll(42, "?", []), "poll must have at least"),
        (lambda bot: bot.send_dice(42, emoji="x"), "dice_emoji_invalid"),
        (lambda bot: bot.get_chat_member(-100, 5), "participant_id_invalid"),
        (lambda bot: bot.send_message(42, "x", reply_markup=ptb.InlineKeyboardMarkup.from_button(
            ptb.InlineKeyboardButton("b"))), "can't parse inline keyboard button: text buttons are unallowed"),
        (lambda bot: bot.send_invoice(42, "Tea", "t", "p", "EUR", [ptb.LabeledPrice("x", 1)]),
         "payment_provider_invalid"),
        (lambda bot: bot.set_my_commands([("Start", "x")]), "bot_command_invalid"),
        (lambda bot: bot.answer_inline_query("1", []), "query is too old and response timeout expired"),
    ],
)  # fmt: skip
async def test_calls_that_telegram_refuses(bot, ada, group, call, text):
    with refused(text):
        await call(bot)


async def test_one_line_teaches_a_method_of_the_future(telegram, stage, ada):
    telegram.answer("sendHologram", lambda parameters: {"document": {"file_id": parameters["hologram"],
                                                                     "file_unique_id": "u"}})  # fmt: skip
    button = ptb.InlineKeyboardMarkup.from_button(ptb.InlineKeyboardButton("b", callback_data="x"))
    downloaded = []

    async def show(update, context):
        parameters = {"chat_id": update.effective_chat.id, "hologram": ptb.InputFile(b"duck"), "caption": "look"}
        await context.bot.do_api_request("sendHologram", parameters | {"reply_markup": button}, return_type=ptb.Message)

    async with stage(show) as app:
        [answer] = await ada.send(app, "go")
        downloaded.append(bytes(await (await answer.document.get_file()).download_as_bytearray()))
        assert ada.press_update("b")["callback_query"]["data"] == "x"
        assert (await answer.edit_caption("new")).caption == "new"
        assert await answer.delete()
    assert (answer.caption, downloaded) == ("look", [b"duck"])
    assert [line[1:] for line in said(telegram)] == [
        ("message", "go"), ("message", "[document] look"), ("press", "b"), ("edit", "[document] new"),
        ("delete", "[document] new"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "line"),
    [
        ("sendHologram", 'telegram.answer("sendHologram", lambda parameters: {"hologram": ...})'),
        ("getHologramSet", 'telegram.answer("getHologramSet", lambda parameters: ...)'),
        ("setHologram", 'telegram.answer("setHologram", lambda parameters: True)'),
    ],
)
async def test_an_unknown_method_says_what_to_write(bot, method, line):
    with pytest.raises(BadRequest) as info:
        await bot.do_api_request(method)
    assert line in str(UnknownMethodError(method))
    assert line in str(info.value)


async def test_a_chat_photo_title_and_description(bot, group):
    await bot.set_chat_photo(group.id, b"duck")
    await bot.set_chat_title(group.id, "Ducks")
    await bot.set_chat_description(group.id, "About ducks")
    chat = await bot.get_chat(group.id)
    assert (chat.title, chat.description, bool(chat.photo)) == ("Ducks", "About ducks", True)
    file = await chat.photo.get_big_file()
    assert bytes(await file.download_as_bytearray()) == b"duck"
    with refused("chat description is not modified"):
        await bot.set_chat_description(group.id, "About ducks")


async def test_the_profile_is_stored_by_scope_and_language(bot, ada):
    await bot.set_my_commands([("start", "Begin")])
    await bot.set_my_commands([("start", "Los")], language_code="de")
    await bot.set_my_commands([("admin", "Rule")], scope=ptb.BotCommandScopeChat(ada.id))
    assert [one.description for one in await bot.get_my_commands(language_code="de")] == ["Los"]
    assert [one.command for one in await bot.get_my_commands(scope=ptb.BotCommandScopeChat(ada.id))] == ["admin"]
    assert [one.description for one in await bot.get_my_commands()] == ["Begin"]
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()
    await bot.set_my_name("Pip the Great")
    await bot.set_my_description("Long")
    await bot.set_my_short_description("Short", language_code="de")
    assert (await bot.get_my_name()).name == "Pip the Great"
    assert (await bot.get_my_description(language_code="de")).description == "Long"
    assert (await bot.get_my_short_description(language_code="de")).short_description == "Short"
    await bot.set_chat_menu_button(ada.id, ptb.MenuButtonWebApp("Shop", ptb.WebAppInfo("https://example.org")))
    assert (await bot.get_chat_menu_button(ada.id)).text == "Shop"
    assert (await bot.get_chat_menu_button()).type == "commands"


async def test_games_have_high_scores(bot, ada, bo):
    game = await bot.send_game(ada.id, "duck")
    await bot.set_game_score(ada.id, 5, chat_id=ada.id, message_id=game.message_id)
    await bot.set_game_score(bo.id, 9, chat_id=ada.id, message_id=game.message_id)
    with refused("bot_score_not_modified"):
        await bot.set_game_score(ada.id, 4, chat_id=ada.id, message_id=game.message_id)
    scores = await bot.get_game_high_scores(ada.id, chat_id=ada.id, message_id=game.message_id)
    assert [(one.position, one.user.id, one.score) for one in scores] == [(1, 7, 9), (2, 42, 5)]


async def test_everything_survives_a_snapshot(telegram, bot, ada, group):
    sent = await bot.send_document(ada.id, b"1,2", filename="t.csv")
    poll = await bot.send_poll(ada.id, "Tea?", ["Yes", "No"])
    snapshot = telegram.snapshot()
    later = type(telegram).restore(snapshot)
    later.user(42, "Ada").updates.vote("Yes")
    async with later.builder().build() as app:
        assert bytes(await (await app.bot.get_file(sent.document.file_id)).download_as_bytearray()) == b"1,2"
        assert (await app.bot.stop_poll(ada.id, poll.message_id)).options[0].voter_count == 1
        assert await app.bot.get_chat_member_count(group.id) == 1
    assert type(telegram).restore(snapshot).server.state.votes == {poll.poll.id: {}}
