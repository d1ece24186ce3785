"""The methods about reactions and game scores: what people and bots attach to a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.api.common import require_right
from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import message_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.offline_telegram.api.common import Method
    from ptb_bucket.offline_telegram.json import JSON
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["REACTION_METHODS"]


def _react(server: Server, parameters: JSON) -> bool:
    message = server.state.message(parameters, "message to react not found")
    reactions = parameters.get("reaction") or []
    if len(reactions) > 1:
        raise ApiError("Bad Request: REACTIONS_TOO_MANY")
    if any(one["type"] == "paid" for one in reactions):
        raise ApiError("Bad Request: REACTION_INVALID")
    server.state.reactions.setdefault(message_key(message), {})[str(server.state.bot["id"])] = reactions
    return True


def _remove(server: Server, parameters: JSON) -> bool:
    message = server.state.message(parameters, "message not found")
    require_right(server, message["chat"], "can_delete_messages", "not enough rights to delete reactions")
    who = parameters.get("user_id") or parameters.get("actor_chat_id")
    server.state.reactions.get(message_key(message), {}).pop(str(who), None)
    return True


def _remove_all(server: Server, parameters: JSON) -> bool:
    chat = server.state.chat(parameters.get("chat_id"))
    who = parameters.get("user_id") or parameters.get("actor_chat_id")
    for key, given in server.state.reactions.items():
        if key.startswith(f"{chat['id']}:"):
            given.pop(str(who), None)
    return True


def _set_score(server: Server, parameters: JSON) -> JSON | bool:
    message = server.state.message(parameters, "message to set game score not found")
    if "game" not in message:
        raise ApiError("Bad Request: MESSAGE_ID_INVALID")
    user = server.state.user(parameters["user_id"])
    if user is None:
        raise ApiError("Bad Request: USER_ID_INVALID")
    scores = server.state.scores.setdefault(message_key(message), {})
    before = scores.get(str(user["id"]), {"score": -1})["score"]
    if parameters["score"] <= before and not parameters.get("force"):
        raise ApiError("Bad Request: BOT_SCORE_NOT_MODIFIED")
    scores[str(user["id"])] = {"user": user, "score": parameters["score"]}
    return True if "inline_message_id" in parameters else message


def _get_scores(server: Server, parameters: JSON) -> list[JSON]:
    message = server.state.message(parameters, "message to get game high scores not found")
    scores = server.state.scores.get(message_key(message), {}).values()
    ranked = sorted(scores, key=lambda one: -one["score"])
    return [{"position": number} | one for number, one in enumerate(ranked, 1)]


REACTION_METHODS: Mapping[str, Method] = {
    "setMessageReaction": _react,
    "deleteMessageReaction": _remove,
    "deleteAllMessageReactions": _remove_all,
    "setGameScore": _set_score,
    "getGameHighScores": _get_scores,
}
