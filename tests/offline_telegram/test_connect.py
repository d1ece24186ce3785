"""One call connects any builder, and the settings of the network that follow have no effect."""

from __future__ import annotations

import pytest
from telegram.error import ChatMigrated
from telegram.ext import ApplicationBuilder, CommandHandler
from telegram.request import HTTPXRequest

from ptb_bucket import BucketApplication, bucket_application


async def hello(update, context):
    context.user_data["count"] = context.user_data.get("count", 0) + 1
    await update.message.reply_text(f"hello {context.user_data['count']}")


def build(builder):
    """Build a bot as its author does, with all that production needs."""
    builder = builder.token("1:production").base_url("https://example.org/bot").connect_timeout(3).read_timeout(3)
    builder = builder.write_timeout(3).pool_timeout(3).media_write_timeout(3).connection_pool_size(3)
    builder = builder.get_updates_read_timeout(3).get_updates_connection_pool_size(3).get_updates_proxy("http://p")
    application = builder.http_version("2").concurrent_updates(concurrent_updates=True).build()
    application.add_handler(CommandHandler("hello", hello))
    return application


async def test_a_bucket_application_keeps_its_class_and_its_data(telegram, ada):
    for number in (1, 2):
        async with build(telegram.connect(bucket_application("memory:connected", save="update"))) as app:
            assert isinstance(app, BucketApplication)
            assert [answer.text for answer in await ada.send(app, "/hello")] == [f"hello {number}"]


async def test_a_builder_with_a_real_request_stays_offline(telegram, ada):
    builder = telegram.connect(ApplicationBuilder()).request(HTTPXRequest()).get_updates_request(HTTPXRequest())
    async with build(builder) as app:
        assert [answer.text for answer in await ada.send(app, "/hello")] == ["hello 1"]


async def test_other_builders_are_not_changed(telegram):
    telegram.connect(ApplicationBuilder())
    with pytest.raises(RuntimeError):
        ApplicationBuilder().token("1:a").request(HTTPXRequest()).connect_timeout(3)


async def test_a_group_becomes_a_supergroup(app, seen, telegram, ada):
    small = telegram.group(-5, "Small")
    await ada.send(app, "hi", chat=small)
    large = await telegram.upgrade(app, small, -1005)
    assert [update.message.migrate_to_chat_id for update in seen] == [None, -1005, None]
    assert seen[2].message.migrate_from_chat_id == -5
    with pytest.raises(ChatMigrated) as info:
        await app.bot.send_message(small.id, "hello")
    assert info.value.new_chat_id == large.id
    assert (await app.bot.get_chat_member(large.id, ada.id)).status == "member"
