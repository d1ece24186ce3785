"""What people do reaches the bot as Telegram sends it, and later calls see it."""

from __future__ import annotations

import pytest
import telegram as ptb
from telegram.error import BadRequest
from telegram.ext import (
    CallbackQueryHandler,
    ChosenInlineResultHandler,
    InlineQueryHandler,
    MessageHandler,
    PreCheckoutQueryHandler,
    ShippingQueryHandler,
    filters,
)


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


async def test_members_come_go_and_are_counted(app, seen, telegram, ada, group):
    bot = app.bot
    await ada.join(app, group)
    assert [update.message is not None for update in seen] == [True, False]
    assert seen[1].chat_member.new_chat_member.status == "member"
    assert await bot.get_chat_member_count(group.id) == 2
    await ada.leave(app, group)
    assert (await bot.get_chat_member(group.id, ada.id)).status == "left"
    assert await bot.get_chat_member_count(group.id) == 1
    telegram.set_member(group, ada, "creator")
    assert {one.user.id for one in await bot.get_chat_administrators(group.id)} == {ada.id, bot.id}


async def test_bans_and_restrictions_keep_people_from_writing(app, bot, ada, group):
    await ada.send(app, "hi", chat=group)
    await bot.restrict_chat_member(group.id, ada.id, ptb.ChatPermissions(can_send_messages=False))
    with pytest.raises(PermissionError, match="muted"):
        await ada.send(app, "hi", chat=group)
    assert (await bot.get_chat_member(group.id, ada.id)).can_send_messages is False
    await bot.restrict_chat_member(group.id, ada.id, ptb.ChatPermissions.all_permissions())
    await ada.send(app, "hi", chat=group)
    await bot.ban_chat_member(group.id, ada.id)
    with pytest.raises(PermissionError, match="banned"):
        await ada.send(app, "hi", chat=group)
    with pytest.raises(PermissionError, match="banned"):
        await ada.join(app, group)
    await bot.unban_chat_member(group.id, ada.id)
    await ada.join(app, group)
    await bot.set_chat_permissions(group.id, ptb.ChatPermissions.no_permissions())
    with pytest.raises(PermissionError, match="Only administrators"):
        await ada.send(app, "hi", chat=group)


async def test_only_administrators_may_rule(telegram, bot, ada):
    quiet = telegram.group(-200, "Quiet", supergroup=True, bot_is_admin=False)
    telegram.set_member(quiet, ada)
    with pytest.raises(BadRequest, match=r"(?i)not enough rights to restrict/unrestrict chat member"):
        await bot.ban_chat_member(quiet.id, ada.id)
    with pytest.raises(BadRequest, match=r"(?i)not enough rights to manage pinned messages"):
        await bot.pin_chat_message(quiet.id, (await bot.send_message(quiet.id, "x")).message_id)


async def test_promotions(telegram, bot, ada, group):
    telegram.set_member(group, ada)
    await bot.promote_chat_member(group.id, ada.id, can_delete_messages=True)
    await bot.set_chat_administrator_custom_title(group.id, ada.id, "Duck")
    member = await bot.get_chat_member(group.id, ada.id)
    assert (member.status, member.can_delete_messages, member.can_pin_messages, member.custom_title) == (
        "administrator", True, False, "Duck",
    )  # fmt: skip
    with pytest.raises(BadRequest, match=r"(?i)user is an administrator of the chat"):
        await bot.ban_chat_member(group.id, ada.id)


async def test_invite_links_and_requests(app, seen, ada, bo, group):
    bot = app.bot
    link = await bot.create_chat_invite_link(group.id, name="friends")
    await ada.join(app, group, link=link.invite_link)
    assert seen[1].chat_member.invite_link.name == "friends"
    asking = await bot.create_chat_invite_link(group.id, creates_join_request=True)
    await bo.join(app, group, link=asking.invite_link)
    assert seen[2].chat_join_request.from_user.id == bo.id
    await bot.approve_chat_join_request(group.id, bo.id)
    assert (await bot.get_chat_member(group.id, bo.id)).status == "member"
    with pytest.raises(BadRequest, match=r"(?i)hide_requester_missing"):
        await bot.approve_chat_join_request(group.id, bo.id)
    assert (await bot.revoke_chat_invite_link(group.id, link.invite_link)).is_revoked
    with pytest.raises(LookupError, match="no valid invite link"):
        await ada.join(app, group, link=link.invite_link)
    first = await bot.export_chat_invite_link(group.id)
    assert first == (await bot.get_chat(group.id)).invite_link
    assert await bot.export_chat_invite_link(group.id) != first
    with pytest.raises(LookupError, match="no valid invite link"):
        await ada.join(app, group, link=first)


async def test_topics_open_close_and_vanish_with_their_messages(app, seen, telegram, ada):
    bot = app.bot
    forum = telegram.group(-300, "Forum", forum=True)
    topic = await bot.create_forum_topic(forum.id, "Ponds")
    await ada.send(app, "splash", chat=forum.topic(topic.message_thread_id))
    assert (seen[0].message.message_thread_id, seen[0].message.is_topic_message) == (topic.message_thread_id, True)
    sent = await bot.send_message(forum.id, "quack", message_thread_id=topic.message_thread_id)
    assert await bot.close_forum_topic(forum.id, topic.message_thread_id)
    with pytest.raises(PermissionError, match="is closed"):
        await ada.send(app, "x", chat=forum.topic(topic.message_thread_id))
    with pytest.raises(BadRequest, match=r"(?i)topic_not_modified"):
        await bot.close_forum_topic(forum.id, topic.message_thread_id)
    assert await bot.delete_forum_topic(forum.id, topic.message_thread_id)
    with pytest.raises(BadRequest, match=r"(?i)message to edit not found"):
        await sent.edit_text("x")
    with pytest.raises(BadRequest, match=r"(?i)message thread not found"):
        await bot.send_message(forum.id, "x", message_thread_id=topic.message_thread_id)


async def test_posts_of_a_channel(app, seen, telegram, ada):
    bot = app.bot
    news = telegram.channel(-400, "News", username="pond_news")
    await ada.send(app, "first", chat=news)
    await ada.edit(app, "second", chat=news)
    assert (seen[0].channel_post.sender_chat.id, seen[0].channel_post.from_user) == (news.id, None)
    assert seen[1].edited_channel_post.text == "second"
    sent = await bot.send_message("@pond_news", "third")
    assert (sent.from_user, sent.sender_chat.title) == (None, "News")
    assert (await sent.edit_text("fourth")).text == "fourth"
    assert (await sent.forward(ada.id)).forward_origin.chat.id == news.id


async def test_business_messages(app, seen, telegram, ada, bo):
    bot = app.bot
    account = telegram.business_account(ada)
    await account.connect(app)
    chat = account.chat_with(bo)
    await bo.send(app, "are you open?", chat=chat)
    assert seen[0].business_connection.user.id == ada.id
    message = seen[1].business_message
    answer = await bot.send_message(bo.id, "yes", business_connection_id=message.business_connection_id)
    assert (answer.from_user.id, answer.sender_business_bot.id) == (ada.id, bot.id)
    await account.connect(app, enabled=False)
    with pytest.raises(BadRequest, match=r"(?i)business_connection_invalid"):
        await bot.send_message(bo.id, "?", business_connection_id=message.business_connection_id)


async def test_payments_with_shipping_and_stars(stage, telegram, ada):
    seen = []

    async def shipping(update, _context):
        options = [ptb.ShippingOption("fast", "Fast", [ptb.LabeledPrice("Courier", 50)])]
        await update.shipping_query.answer(ok=True, shipping_options=options)

    async def check(update, _context):
        stocked = update.pre_checkout_query.invoice_payload != "sold out"
        await update.pre_checkout_query.answer(ok=stocked, error_message=None if stocked else "Sold out")

    async def paid(update, _context):
        seen.append(update.message.successful_payment)
        await update.message.reply_text("thanks")

    handlers = ShippingQueryHandler(shipping), PreCheckoutQueryHandler(check)
    async with stage(*handlers, MessageHandler(filters.SUCCESSFUL_PAYMENT, paid)) as app:
        tea = ("Tea", "A cup", "tea", "EUR", [ptb.LabeledPrice("Tea", 199)])
        await app.bot.send_invoice(
            ada.id, *tea[:3], provider_token="p", currency="EUR", prices=tea[4], is_flexible=True
        )
        assert [answer.text for answer in await ada.pay(app, shipping="Fast", tip=1)] == ["thanks"]
        assert (seen[0].total_amount, seen[0].shipping_option_id) == (250, "fast")
        star = [ptb.LabeledPrice("Star", 5)]
        await app.bot.send_invoice(ada.id, "T", "t", "sold out", currency="XTR", prices=star)
        assert await ada.pay(app) == []
        assert telegram.transcript[-1].text == "Sold out"
        link = await app.bot.create_invoice_link("T", "t", "club", currency="XTR", prices=star)
        await ada.pay(app, link=link)
        assert (await app.bot.get_my_star_balance()).amount == 5
        await app.bot.refund_star_payment(ada.id, seen[1].telegram_payment_charge_id)
        assert (await app.bot.get_my_star_balance()).amount == 0
        with pytest.raises(BadRequest, match=r"(?i)charge_already_refunded"):
            await app.bot.refund_star_payment(ada.id, seen[1].telegram_payment_charge_id)


async def test_a_payment_that_nobody_answers_is_loud(app, bot, ada):
    await bot.send_invoice(ada.id, "T", "t", "p", currency="XTR", prices=[ptb.LabeledPrice("Star", 5)])
    with pytest.raises(LookupError, match="did not answer the pre_checkout_query"):
        await ada.pay(app)


async def test_inline_results_are_chosen_and_can_be_edited(stage, ada):
    chosen = []

    async def answer(update, _context):
        button = ptb.InlineKeyboardMarkup.from_button(ptb.InlineKeyboardButton("more", callback_data="m"))
        text = ptb.InputTextMessageContent(update.inline_query.query.upper())
        photo = ptb.InlineQueryResultCachedPhoto("2", "photo-id", caption="duck")
        await update.inline_query.answer([ptb.InlineQueryResultArticle("1", "T", text, reply_markup=button), photo])

    async def pick(update, _context):
        chosen.append(update.chosen_inline_result.inline_message_id)

    async def more(update, _context):
        await update.callback_query.edit_message_text("more tea")

    async with stage(InlineQueryHandler(answer), ChosenInlineResultHandler(pick), CallbackQueryHandler(more)) as app:
        results = await ada.ask_inline(app, "tea")
        assert [one["id"] for one in results] == ["1", "2"]
        await ada.choose_inline(app, "2")
        await ada.choose_inline(app, "1")
        [edited] = await ada.press(app, "more")
        assert (edited.text, edited.via_bot.id) == ("more tea", app.bot.id)
        with pytest.raises(LookupError, match="no result '3'"):
            await ada.choose_inline(app, "3")
    assert chosen[0] is None
    assert chosen[1]
    async with stage() as app:
        with pytest.raises(LookupError, match="has not answered"):
            await ada.ask_inline(app, "tea")


async def test_game_buttons(stage, telegram, ada):
    async def play(update, _context):
        await update.callback_query.answer(url=f"https://example.org/{update.callback_query.game_short_name}")

    query = telegram.server.next_query_id(ada.id, "inline_query")
    async with stage(CallbackQueryHandler(play)) as app:
        with pytest.raises(BadRequest, match=r"(?i)query is too old"):
            await app.bot.answer_callback_query(query)
        button = ptb.InlineKeyboardButton("Play", callback_game=ptb.CallbackGame())
        await app.bot.send_game(ada.id, "duck", reply_markup=ptb.InlineKeyboardMarkup.from_button(button))
        await ada.press(app, "Play")


async def test_dice_can_be_loaded(telegram, bot, ada):
    telegram.server.dice += [6, 1]
    assert [(await bot.send_dice(ada.id)).dice.value for _ in range(2)] == [6, 1]
    assert 1 <= (await bot.send_dice(ada.id)).dice.value <= 6
