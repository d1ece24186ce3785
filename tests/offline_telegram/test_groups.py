"""Groups and channels: people come, go and are ruled by administrators, and topics and posts reach the bot."""

from __future__ import annotations

import pytest
import telegram as ptb
from telegram.error import BadRequest


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
