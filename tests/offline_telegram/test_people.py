"""What people send and do in a chat reaches the bot as Telegram sends it, and later calls see it."""

from __future__ import annotations

import pytest
from telegram.error import BadRequest
from telegram.ext import filters


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (kind, f"bytes of a {kind}".encode())
        for kind in ("photo", "document", "video", "animation", "audio", "voice", "video_note", "sticker")
    ],
)
async def test_each_file_can_be_filtered_and_downloaded(app, seen, ada, kind, content):
    await getattr(ada, f"send_{kind}")(app, content)
    message = seen[0].message
    wanted = {"animation": filters.ANIMATION, "document": filters.Document.ALL, "sticker": filters.Sticker.ALL}
    assert (wanted.get(kind) or getattr(filters, kind.upper())).check_update(seen[0])
    attachment = message.effective_attachment
    file = await (attachment[-1] if kind == "photo" else attachment).get_file()
    assert bytes(await file.download_as_bytearray()) == content


async def test_captions_names_and_fields_of_files(app, seen, ada):
    await ada.send_document(app, b"1,2", "t.csv", caption="#table")
    await ada.send_voice(app, b"ogg", duration=7)
    assert seen[0].message.document.file_name == "t.csv"
    assert seen[0].message.document.mime_type == "text/csv"
    assert seen[0].message.parse_caption_entities(["hashtag"])
    assert seen[1].message.voice.to_dict()["duration"] == 7


async def test_an_album_comes_as_one_update_each(app, seen, ada):
    await ada.send_album(app, [b"one", b"two"], caption="ducks")
    assert len({update.message.media_group_id for update in seen}) == 1
    assert [update.message.caption for update in seen] == ["ducks", None]


async def test_other_contents(app, seen, ada, bo):
    await ada.share_contact(app, "+49123")
    await ada.share_location(app, 52.5, 13.4)
    await ada.share_users(app, bo)
    await ada.send_dice(app, 6)
    await ada.send_web_app_data(app, "{}", "Shop")
    await ada.send_content(app, {"venue": {"location": {"latitude": 1, "longitude": 2}, "title": "P", "address": "L"}})
    contact, location, users, dice, data, venue = [update.message for update in seen]
    assert (contact.contact.user_id, location.location.longitude, users.users_shared.users[0].user_id) == (42, 13.4, 7)
    assert (dice.dice.value, data.web_app_data.button_text, venue.venue.title) == (6, "Shop", "P")


async def test_forwards_replies_and_edits(app, seen, ada, group):
    bot = app.bot
    answer = await bot.send_message(ada.id, "from the bot")
    await ada.forward(app, answer, chat=group)
    assert seen[0].message.forward_origin.sender_user.id == bot.id
    await ada.send(app, "hello #one", chat=group)
    await ada.edit(app, "hello #two", chat=group)
    assert list(seen[2].edited_message.parse_entities(["hashtag"]).values()) == ["#two"]
    assert seen[1].message.message_id == seen[2].edited_message.message_id
    with pytest.raises(LookupError, match="to reply to"):
        await ada.send(app, "x", chat=group, reply_to=answer)
    with pytest.raises(LookupError, match="has not written anything"):
        await ada.edit(app, "x")


async def test_votes_are_counted_and_seen_by_stop_poll(app, seen, ada, bo, group):
    bot = app.bot
    poll = await bot.send_poll(group.id, "Tea?", ["Yes", "No"], is_anonymous=False)
    await ada.vote(app, "Yes", chat=group)
    await bo.vote(app, "Yes", chat=group)
    await bo.vote(app, "No", chat=group)
    assert [update.poll_answer.option_ids for update in seen] == [(0,), (0,), (1,)]
    await bo.vote(app, chat=group)
    stopped = await bot.stop_poll(group.id, poll.message_id)
    assert ([one.voter_count for one in stopped.options], stopped.total_voter_count, stopped.is_closed) == (
        [1, 0],
        1,
        True,
    )
    with pytest.raises(BadRequest, match="already been closed"):
        await bot.stop_poll(group.id, poll.message_id)
    with pytest.raises(PermissionError, match="closed"):
        await bo.vote(app, "No", chat=group)


async def test_anonymous_polls_and_quizzes(app, seen, ada):
    bot = app.bot
    await bot.send_poll(ada.id, "Tea?", ["Yes", "No"], allows_multiple_answers=True)
    await ada.vote(app, "Yes", "No")
    assert [one.voter_count for one in seen[0].poll.options] == [1, 1]
    quiz = await bot.send_poll(ada.id, "2+2?", ["4", "5"], type="quiz", correct_option_ids=[0], explanation="_m_",
                               explanation_parse_mode="MarkdownV2")  # fmt: skip
    assert (quiz.poll.correct_option_ids, quiz.poll.explanation) == ((0,), "m")
    await ada.vote(app, "5")
    with pytest.raises(PermissionError, match="can't be changed"):
        await ada.vote(app, "4")
    with pytest.raises(LookupError, match="no option 'x'"):
        await ada.vote(app, "x")


async def test_reactions_have_their_history(app, seen, ada, group):
    bot = app.bot
    sent = await bot.send_message(group.id, "text")
    await ada.react(app, "👍", chat=group)
    await ada.react(app, "🔥", chat=group, message=sent)
    last = seen[1].message_reaction
    assert ([one.emoji for one in last.old_reaction], [one.emoji for one in last.new_reaction]) == (["👍"], ["🔥"])
    assert await sent.set_reaction("👍")


async def test_dice_can_be_loaded(telegram, bot, ada):
    telegram.server.dice += [6, 1]
    assert [(await bot.send_dice(ada.id)).dice.value for _ in range(2)] == [6, 1]
    assert 1 <= (await bot.send_dice(ada.id)).dice.value <= 6
