"""Every method of the installed PTB, the arguments with which tests call it, and a check of its answer."""

from __future__ import annotations

import inspect
import re

import telegram as ptb
from telegram import Bot, TelegramObject

from support.bot_arguments import ADA, ARGUMENTS, GROUP, SPECIAL

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
