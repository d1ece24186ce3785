"""A Telegram on which every method has something to work on, and the arguments that no annotation tells."""

from __future__ import annotations

import telegram as ptb

from ptb_bucket.offline_telegram import OfflineTelegram

GROUP, ADA, BO = -100, 42, 7
PHOTO = b"\x89PNG of a duck"


class World:
    """A Telegram in which each method has something to work on."""

    def __init__(self):
        self.telegram = OfflineTelegram(allowed_updates=["chat_member"])
        self.ada, self.bo = self.telegram.user(ADA, "Ada"), self.telegram.user(BO, "Bo")
        self.group = self.telegram.group(GROUP, "Ducks", forum=True)
        self.telegram.set_member(self.group, self.ada)
        self.telegram.set_member(self.group, self.bo, "administrator")
        self.telegram.server.state.member(GROUP, BO)["requested"] = True
        self.connection = self.telegram.business_account(self.bo).connection_id

    async def prepare(self, bot):
        post = {"chat_id": GROUP}
        self.topic = await bot.create_forum_topic(GROUP, "Ponds")
        self.text = await bot.send_message(GROUP, "text")
        self.business = await bot.send_message(ADA, "business", business_connection_id=self.connection)
        self.poll = await bot.send_poll(**post, question="Tea?", options=["Yes", "No"])
        self.photo = await bot.send_photo(**post, photo=PHOTO, caption="old")
        self.game = await bot.send_game(**post, game_short_name="duck")
        self.live = await bot.send_location(**post, latitude=1.0, longitude=2.0, live_period=60)
        self.link = await bot.create_chat_invite_link(GROUP)
        self.uploaded = self.telegram.upload(PHOTO, "duck.webp")
        self.set = "ducks_by_demo_bot"
        await bot.create_new_sticker_set(ADA, self.set, "Ducks", [sticker()])
        self.sticker = (await bot.get_sticker_set(self.set)).stickers[0].file_id
        await self.text.pin()
        payment = {"currency": "XTR", "total_amount": 5, "invoice_payload": "tea", "date": 1735732800}
        ids = {"telegram_payment_charge_id": "charge", "user": self.ada.user}
        self.telegram.server.state.payments.append(payment | ids)
        for kind in ("callback", "inline", "shipping", "pre_checkout"):
            self.telegram.server.state.queries[kind] = {"kind": f"{kind}_query", "chat_id": ADA}


def sticker():
    return ptb.InputSticker(PHOTO, ["🦆"], "static")


def article():
    return ptb.InlineQueryResultArticle("1", "Tea", ptb.InputTextMessageContent("*Tea*", parse_mode="MarkdownV2"))


def prices():
    return [ptb.LabeledPrice("Tea", 100)]


# Parameters by name; functions take the world. What is missing here follows from the annotation.
ARGUMENTS = {
    "accepted_gift_types": lambda _: ptb.AcceptedGiftTypes(*[True] * 5),
    "action": "typing",
    "added_user_ids": [ADA],
    "address": "1 Pond Lane",
    "allowed_updates": ["message"],
    "animation": PHOTO,
    "areas": [],
    "audio": PHOTO,
    "business_connection_id": lambda world: world.connection,
    "button": lambda _: ptb.KeyboardButton("b", request_contact=True),
    "callback_query_id": "callback",
    "can_manage_chat": True,
    "caption": "<b>A</b> duck",
    "certificate": PHOTO,
    "chat_id": GROUP,
    "checklist": lambda _: ptb.InputChecklist("To do", [ptb.InputChecklistTask(1, "swim")]),
    "commands": [("start", "Begin")],
    "content": lambda _: ptb.InputStoryContentPhoto(PHOTO),
    "correct_option_ids": [0],
    "country_codes": ["GB"],
    "cover": PHOTO,
    "creates_join_request": False,
    "currency": "EUR",
    "custom_emoji_ids": ["1"],
    "custom_title": "Duck",
    "description": "new",
    "document": PHOTO,
    "duration": 3,
    "emoji": "🎲",
    "emoji_list": ["🦆"],
    "errors": lambda _: [ptb.PassportElementErrorUnspecified("passport", "hash", "wrong")],
    "explanation_media": lambda _: ptb.InputMediaPhoto(PHOTO),
    "first_name": "Ada",
    "format": "static",
    "from_chat_id": GROUP,
    "game_short_name": "duck",
    "gift_id": "gift",
    "guest_query_id": "guest",
    "inline_query_id": "inline",
    "invite_link": lambda world: world.link.invite_link,
    "is_anonymous": False,
    "is_flexible": False,
    "link_preview_options": lambda _: ptb.LinkPreviewOptions(is_disabled=True),
    "live_photo": PHOTO,
    "mask_position": lambda _: ptb.MaskPosition("eyes", 1, 1, 1),
    "media": lambda _: ptb.InputMediaPhoto(PHOTO, caption="new"),
    "menu_button": lambda _: ptb.MenuButtonCommands(),
    "message_id": lambda world: world.text.message_id,
    "message_ids": lambda world: [world.text.message_id, world.photo.message_id],
    "message_thread_id": lambda world: world.topic.message_thread_id,
    "month_count": 3,
    "new_owner_chat_id": ADA,
    "offset": 0,
    "ok": True,
    "old_sticker": lambda world: world.sticker,
    "options": ["Yes", "No"],
    "parse_mode": "HTML",
    "payload": "payload",
    "permissions": lambda _: ptb.ChatPermissions(can_send_messages=True),
    "phone_number": "+49123",
    "photo": PHOTO,
    "position": 0,
    "pre_checkout_query_id": "pre_checkout",
    "prices": lambda _: prices(),
    "provider_token": "provider",
    "question": "Tea?",
    "reaction": "👍",
    "remove_caption": None,
    "reply_markup": lambda _: ptb.InlineKeyboardMarkup([[ptb.InlineKeyboardButton("b", callback_data="x")]]),
    "reply_parameters": lambda world: ptb.ReplyParameters(world.text.message_id, quote="text"),
    "result": lambda _: article(),
    "results": lambda _: [article()],
    "return_bots": True,
    "rights": lambda _: ptb.ChatAdministratorRights(*[True] * 11),
    "scope": lambda _: ptb.BotCommandScopeChat(GROUP),
    "score": 5,
    "sender_chat_id": GROUP,
    "shipping_options": lambda _: [ptb.ShippingOption("post", "Post", prices())],
    "shipping_query_id": "shipping",
    "sticker": lambda world: world.sticker,
    "sticker_format": "static",
    "stickers": lambda _: [sticker()],
    "suggested_post_parameters": lambda _: ptb.SuggestedPostParameters(ptb.SuggestedPostPrice("XTR", 5)),
    "suggested_tip_amounts": [1],
    "telegram_payment_charge_id": "charge",
    "text": "<i>new</i> text",
    "thumbnail": PHOTO,
    "timeout": 0,
    "title": "New",
    "type": "quiz",
    "url": "https://example.org",
    "user_id": ADA,
    "video": PHOTO,
    "video_note": PHOTO,
    "voice": PHOTO,
    "web_app_query_id": "app",
    "action_chat": None,
    "name": lambda world: world.set,
    "sticker_set_name": lambda world: world.set,
    "custom_emoji_id": "1",
    "icon_custom_emoji_id": "1",
    "story_id": 1,
    "thumb": None,
    "keep_original_details": True,
    "keywords": ["duck"],
    "show_caption_above_media": True,
    "expire_date": 1893456000,
    "until_date": 1893456000,
    "send_date": 1893456000,
    "emoji_status_expiration_date": 1893456000,
    "member_limit": 5,
    "active_period": 86400,
    "subscription_period": 2592000,
    "max_connections": 5,
}
_LIVE = {"message_id": lambda world: world.live.message_id}
_PHOTO = {"message_id": lambda world: world.photo.message_id}
_GAME = {"message_id": lambda world: world.game.message_id}
_BUSINESS = {"message_id": lambda world: world.business.message_id, "chat_id": ADA}


# What a method needs although PTB's signature does not say so, or differs from what others need.
SPECIAL = {
    "add_sticker_to_set": {"sticker": lambda _: sticker()},
    "answer_inline_query": {
        "button": lambda _: ptb.InlineQueryResultsButton("b", start_parameter="x"),
        "next_offset": "",
    },
    "answer_shipping_query": {"shipping_options": ARGUMENTS["shipping_options"]},
    "approve_chat_join_request": {"user_id": BO},
    "create_new_sticker_set": {"name": "geese_by_demo_bot"},
    "decline_chat_join_request": {"user_id": BO},
    "delete_business_messages": {"message_ids": lambda world: [world.business.message_id]},
    "edit_forum_topic": {"name": "Lakes"},
    "edit_general_forum_topic": {"name": "Lobby"},
    "edit_message_caption": {**_PHOTO, "caption": "new"},
    "edit_message_checklist": _BUSINESS,
    "edit_message_live_location": {**_LIVE, "latitude": 3.0, "longitude": 4.0},
    "edit_message_media": _PHOTO,
    "edit_message_reply_markup": {"reply_markup": ARGUMENTS["reply_markup"]},
    "get_file": {"file_id": lambda world: world.uploaded},
    "get_game_high_scores": _GAME,
    "promote_chat_member": {"can_manage_chat": True},
    "read_business_message": _BUSINESS,
    "replace_sticker_in_set": {"sticker": lambda _: sticker()},
    "save_prepared_inline_message": {},
    "send_chat_action": {"business_connection_id": None},
    "send_checklist": {"chat_id": ADA, "reply_parameters": None},
    "send_contact": {"phone_number": "+49123", "first_name": "Ada"},
    "send_invoice": {"provider_token": "p"},
    "create_invoice_link": {"provider_token": "p", "business_connection_id": None},
    "send_location": {"latitude": 1.0, "longitude": 2.0},
    "send_media_group": {"media": lambda _: [ptb.InputMediaPhoto(PHOTO), ptb.InputMediaPhoto(PHOTO)]},
    "send_paid_media": {"media": lambda _: [ptb.InputPaidMediaPhoto(PHOTO)]},
    "send_sticker": {"sticker": PHOTO},
    "send_venue": {"latitude": 1.0, "longitude": 2.0, "title": "Pond", "address": "1 Pond Lane"},
    "set_business_account_profile_photo": {"photo": lambda _: ptb.InputProfilePhotoStatic(PHOTO)},
    "set_chat_administrator_custom_title": {"user_id": BO},
    "set_chat_description": {"description": "new"},
    "set_chat_sticker_set": {},
    "set_game_score": _GAME,
    "set_my_profile_photo": {"photo": lambda _: ptb.InputProfilePhotoStatic(PHOTO)},
    "stop_message_live_location": _LIVE,
    "stop_poll": {"message_id": lambda world: world.poll.message_id},
    "unpin_chat_message": {"message_id": lambda world: world.text.message_id},
    "upload_sticker_file": {"sticker": PHOTO},
}
FIRST = {
    "reopen_forum_topic": lambda bot, world: bot.close_forum_topic(GROUP, world.topic.message_thread_id),
    "reopen_general_forum_topic": lambda bot, _: bot.close_general_forum_topic(GROUP),
    "unhide_general_forum_topic": lambda bot, _: bot.hide_general_forum_topic(GROUP),
    "delete_chat_photo": lambda bot, _: bot.set_chat_photo(GROUP, PHOTO),
}
