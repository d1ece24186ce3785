"""Every method of the installed PTB, a Telegram on which to call it with arguments, and a check of the answer."""

from __future__ import annotations

import inspect
import re

import telegram as ptb
from telegram import Bot, TelegramObject

from ptb_bucket.offline_telegram import OfflineTelegram
from support.bot_arguments import ADA, ARGUMENTS, BO, GROUP, PHOTO, SPECIAL, sticker

OLD = ptb.__version_info__[:2] < (22, 8)
TRANSPORT = {"self", "api_kwargs", "read_timeout", "write_timeout", "connect_timeout", "pool_timeout"}
# Of each pair that excludes each other, the other one is passed.
EXCLUDED = {
    "inline_message_id", "reply_to_message_id", "allow_sending_without_reply", "disable_web_page_preview", "location",
    "venue", "contact", "correct_option_id", "close_date", "caption_entities", "entities", "text_entities",
    "question_entities", "explanation_entities", "description_entities", "error_message", "actor_chat_id",
    "current_offset", "is_closed", "live_period", "sticker_type", "direct_messages_topic_id",
}  # fmt: skip
NOT_OF_THE_BOT_API = {"initialize", "shutdown", "do_api_request"}
METHODS = [
    name
    for name, function in sorted(vars(Bot).items())
    if inspect.iscoroutinefunction(function) and not re.search("^_|[A-Z]", name) and name not in NOT_OF_THE_BOT_API
]


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


FIRST = {
    "reopen_forum_topic": lambda bot, world: bot.close_forum_topic(GROUP, world.topic.message_thread_id),
    "reopen_general_forum_topic": lambda bot, _: bot.close_general_forum_topic(GROUP),
    "unhide_general_forum_topic": lambda bot, _: bot.hide_general_forum_topic(GROUP),
    "delete_chat_photo": lambda bot, _: bot.set_chat_photo(GROUP, PHOTO),
}
IN_A_CHAT = re.compile(r"^(edit_message_|stop_message_|set_game_score|get_game_high_scores)")
FROM_ANNOTATION = {"bool": True, "int": 1, "str": "x", "float": 1.0}


def argument(method, parameter, world):
    own = SPECIAL.get(method, {})
    if parameter.name in own:
        value = own[parameter.name]
    elif parameter.name in ARGUMENTS:
        value = ARGUMENTS[parameter.name]
    else:
        text = inspect.formatannotation(parameter.annotation)
        value = next((value for kind, value in FROM_ANNOTATION.items() if re.search(rf"\b{kind}\b", text)), None)
    return value(world) if callable(value) else value


def arguments(method, world, *, full):
    found = {}
    for name, parameter in inspect.signature(getattr(Bot, method)).parameters.items():
        needed = parameter.default is parameter.empty or name in SPECIAL.get(method, {})
        needed = needed or (name in {"chat_id", "message_id"} and bool(IN_A_CHAT.match(method)))
        if name not in TRANSPORT and (needed or (full and name not in EXCLUDED)):
            found[name] = argument(method, parameter, world)
    if full and found.get("business_connection_id") and "chat_id" in found:
        found |= {"chat_id": ADA} | ({"reply_parameters": None} if "reply_parameters" in found else {})
        found |= {"business_connection_id": None, "chat_id": GROUP} if method not in _ONLY_BUSINESS else {}
    return found


_ONLY_BUSINESS = {"send_checklist", "edit_message_checklist", "read_business_message"}


def unparsed(value, path="answer"):
    """List the fields that PTB's class has no attribute for. Telegram is as new as the newest PTB."""
    if OLD:
        return []
    if isinstance(value, tuple | list):
        return [one for number, item in enumerate(value) for one in unparsed(item, f"{path}[{number}]")]
    if not isinstance(value, TelegramObject):
        return []
    here = [f"{path}.{key}" for key in value.api_kwargs]
    names = [name for kind in type(value).__mro__[:-1] for name in getattr(kind, "__slots__", ()) if name[0] != "_"]
    return here + [one for name in names for one in unparsed(getattr(value, name, None), f"{path}.{name}")]


def expected(method):
    """Return the class, or for several objects tuple, that the method promises."""
    annotation = inspect.signature(getattr(Bot, method)).return_annotation
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    if text.startswith("tuple"):
        return tuple
    names = [name.rpartition(".")[2] for name in re.findall(r"[\w.]+", text) if name != "Union"]
    return tuple({"bool": bool, "int": int, "str": str}.get(name) or getattr(ptb, name) for name in names)
