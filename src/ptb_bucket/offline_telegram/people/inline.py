"""Inline mode: what a person asks in any chat, and the message that their choice becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.api import content_of
from ptb_bucket.offline_telegram.json import JSON, describe, picked
from ptb_bucket.offline_telegram.transcript import Line

if TYPE_CHECKING:
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["answered", "choose", "query"]

# A field that only this kind of InputMessageContent has → the method that sends the same. Venues also have a latitude.
_CONTENTS = {
    "message_text": "sendMessage",
    "phone_number": "sendContact",
    "payload": "sendInvoice",
    "address": "sendVenue",
    "latitude": "sendLocation",
}
_KINDS = {"gif": "animation", "mpeg4_gif": "animation"}
_PLAIN = {"contact": "sendContact", "venue": "sendVenue", "location": "sendLocation", "game": "sendGame"}


def query(server: Server, user: JSON, text: str, offset: str = "") -> JSON:
    """Ask the bot inline, and return the update."""
    asked = {"id": server.next_query_id(user["id"], "inline_query"), "from": user, "query": text, "offset": offset}
    server.note(Line(user["first_name"], user["id"], text, "query"))
    return server.make_update("inline_query", asked)


def answered(server: Server, user_id: int) -> tuple[str, list[JSON]]:
    """Return the newest inline query of a person that was answered: its ID and the results.

    Raises:
        LookupError: The bot has not answered.
    """
    for query_id, asked in reversed(server.state.queries.items()):
        if asked["kind"] == "inline_query" and asked["chat_id"] == user_id:
            if "answer" not in asked:
                break
            results: list[JSON] = asked["answer"].get("results", [])
            return query_id, results
    raise LookupError(f"The bot has not answered an inline query from person {user_id}.")


def choose(server: Server, user: JSON, result_id: str, chat_id: int, text: str) -> JSON:
    """Send a result to a chat, and return the update ``chosen_inline_result``.

    Raises:
        LookupError: The bot's answer has no such result.
    """
    _query_id, results = answered(server, user["id"])
    result = next((one for one in results if one["id"] == result_id), None)
    if result is None:
        raise LookupError(f"The bot's answer has no result {result_id!r}. It has {[one['id'] for one in results]}.")
    content = _content(server, result) | picked(result, "reply_markup") | {"via_bot": server.state.bot}
    message = server.store_message(user, chat_id, content)
    inline = f"inline-{server.state.count('next_query_id')}"
    server.state.inline[inline] = [chat_id, message["message_id"]]
    server.note(Line(user["first_name"], chat_id, describe(message), "choice"))
    chosen = {"result_id": result_id, "from": user, "query": text}
    if "reply_markup" in result:
        chosen["inline_message_id"] = inline
    return server.make_update("chosen_inline_result", chosen)


def _content(server: Server, result: JSON) -> JSON:
    if given := result.get("input_message_content"):
        method = next(method for field, method in _CONTENTS.items() if field in given)
        return content_of(server, method, given | {"text": given.get("message_text", "")})
    own = str(result["type"])
    if own in _PLAIN:
        return content_of(server, _PLAIN[own], result)
    kind = _KINDS.get(own, own)
    reference = result.get(f"{own}_file_id") or result.get(f"{own}_url") or ""
    return content_of(server, "send" + kind.title().replace("_", ""), result | {kind: reference})
