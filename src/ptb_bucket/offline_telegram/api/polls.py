"""Polls: what they contain, votes and the end."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from telegram import Poll

from ptb_bucket.offline_telegram.api.common import formatted, keyboard
from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.files import media
from ptb_bucket.offline_telegram.json import JSON, copied, picked

if TYPE_CHECKING:
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["POLL_METHODS", "close_poll", "count_votes", "poll_content"]

_LONGEST_QUESTION = 300
_LONGEST_OPTION = 100
_MOST_OPTIONS = 12
_FLAGS = {
    "is_anonymous": True,
    "allows_multiple_answers": False,
    "is_closed": False,
    "allows_revoting": False,
    "members_only": False,
}
# PTB's releases before Bot API 9.6 know one right option only.
_SEVERAL_RIGHT = "correct_option_ids" in inspect.signature(Poll).parameters
_MORE = ("open_period", "close_date", "country_codes")


def poll_content(server: Server, parameters: JSON) -> JSON:
    """Return what a message contains for a poll.

    Raises:
        ApiError: Telegram refuses the poll, with the real reason.
    """
    options = [one if isinstance(one, dict) else {"text": one} for one in parameters.get("options") or []]
    _check(parameters, options)
    poll_id = f"poll-{server.state.next_message_id}"
    server.state.votes[poll_id] = {}
    poll = {"id": poll_id, "type": parameters.get("type", "regular"), "total_voter_count": 0}
    poll |= {name: parameters.get(name, default) for name, default in _FLAGS.items()}
    poll |= formatted(
        parameters, "question", entities="question_entities", mode="question_parse_mode", longest=_LONGEST_QUESTION
    )
    poll["options"] = [_option(server, number, one) for number, one in enumerate(options)]
    if right := _right_options(parameters):
        poll |= {"correct_option_ids": right} if _SEVERAL_RIGHT else {"correct_option_id": right[0]}
    return {"poll": poll | picked(parameters, *_MORE) | _texts(server, parameters)}


def _right_options(parameters: JSON) -> list[int]:
    one = parameters.get("correct_option_id")
    return parameters.get("correct_option_ids") or ([] if one is None else [one])


def _check(parameters: JSON, options: list[JSON]) -> None:
    if not parameters.get("question"):
        raise ApiError("Bad Request: poll question must be non-empty")
    if not options:
        raise ApiError("Bad Request: poll must have at least 1 option")
    if len(options) > _MOST_OPTIONS:
        raise ApiError(f"Bad Request: poll can't have more than {_MOST_OPTIONS} options")
    if len(parameters["question"]) > _LONGEST_QUESTION:
        raise ApiError(f"Bad Request: poll question length must not exceed {_LONGEST_QUESTION}")
    if any(not 1 <= len(one["text"]) <= _LONGEST_OPTION for one in options):
        raise ApiError(f"Bad Request: poll options length must not exceed {_LONGEST_OPTION}")
    right = _right_options(parameters)
    if parameters.get("type") == "quiz" and not right:
        raise ApiError("Bad Request: there is no correct option identifier in the quiz")
    if any(not 0 <= one < len(options) for one in right):
        raise ApiError("Bad Request: wrong correct option ID specified")


def _option(server: Server, number: int, given: JSON) -> JSON:
    said = formatted(given, entities="text_entities", mode="text_parse_mode")
    more = {"media": _poll_media(server, given["media"])} if given.get("media") else {}
    return said | {"voter_count": 0, "persistent_id": str(number)} | more


def _texts(server: Server, parameters: JSON) -> JSON:
    texts: JSON = {}
    for name in ("explanation", "description"):
        texts |= formatted(parameters, name, entities=f"{name}_entities", mode=f"{name}_parse_mode")
    for name in ("media", "explanation_media"):
        if given := parameters.get(name):
            texts[name] = _poll_media(server, given)
    return texts


def _poll_media(server: Server, given: JSON) -> JSON:
    kind = given["type"]
    if "media" in given:
        return {kind: media(server.state, kind, given["media"], given)}
    place = picked(given, "latitude", "longitude", "horizontal_accuracy")
    if kind == "venue":
        return {kind: {"location": place} | picked(given, "title", "address")}
    return {kind: place}


def count_votes(server: Server, poll_id: str) -> JSON:
    """Count the votes of a poll, in all messages that show it, and return the poll."""
    votes = server.state.votes[poll_id]
    found: JSON = {}
    for message in server.state.messages.values():
        if message.get("poll", {}).get("id") == poll_id:
            found = message["poll"]
            found["total_voter_count"] = sum(bool(chosen) for chosen in votes.values())
            for number, option in enumerate(found["options"]):
                option["voter_count"] = sum(number in chosen for chosen in votes.values())
    return found


def close_poll(server: Server, poll_id: str) -> None:
    """End a poll, in all messages that show it."""
    for message in server.state.messages.values():
        if message.get("poll", {}).get("id") == poll_id:
            message["poll"]["is_closed"] = True


def _stop_poll(server: Server, parameters: JSON) -> JSON:
    message = server.state.message(parameters, "message with poll to stop not found")
    if "poll" not in message:
        raise ApiError("Bad Request: message with poll to stop not found")
    if message["poll"]["is_closed"]:
        raise ApiError("Bad Request: poll has already been closed")
    ours = message.get("from", {}).get("id") == server.state.bot["id"] or "sender_business_bot" in message
    if not ours and message["chat"]["type"] != "channel":
        raise ApiError("Bad Request: poll can't be stopped")
    close_poll(server, message["poll"]["id"])
    message.pop("reply_markup", None)
    message.update(keyboard(parameters))
    server.note_bot(message, "edit")
    poll: JSON = copied(message["poll"])
    return poll


POLL_METHODS = {"stopPoll": _stop_poll}
