"""The table of what messages contain: for each method that sends one kind of content, how it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.api.common import caption, formatted
from ptb_bucket.offline_telegram.api.polls import poll_content
from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.files import MEDIA, media
from ptb_bucket.offline_telegram.json import JSON, picked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ptb_bucket.offline_telegram.server import Server

__all__ = ["CONTENTS", "checklist", "content_of", "live_location", "media_of"]

_LOCATION = ("latitude", "longitude", "horizontal_accuracy", "live_period", "heading", "proximity_alert_radius")
_VENUE = ("title", "address", "foursquare_id", "foursquare_type", "google_place_id", "google_place_type")
_DICE = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}


def _text(_server: Server, parameters: JSON) -> JSON:
    if not str(parameters.get("text", "")).strip():
        raise ApiError("Bad Request: message text is empty")
    content = formatted(parameters)
    if not content["text"].strip():
        raise ApiError("Bad Request: message text is empty")
    return content | picked(parameters, "link_preview_options")


def media_of(server: Server, kind: str, parameters: JSON, reference: str) -> JSON:
    """Return what a message contains for a file, with its caption."""
    content = {kind: media(server.state, kind, reference, parameters)}
    if kind == "animation":
        shared = ("file_id", "file_unique_id", "file_size", "file_name", "mime_type", "thumbnail")
        content["document"] = picked(content[kind], *shared)
    return content | ({} if kind in {"sticker", "video_note"} else caption(parameters))


def _media(kind: str) -> Callable[[Server, JSON], JSON]:
    return lambda server, parameters: media_of(server, kind, parameters, parameters.get(kind, ""))


def live_location(parameters: JSON) -> JSON:
    """Return the Location of a call."""
    return picked(parameters, *_LOCATION)


def _venue(_server: Server, parameters: JSON) -> JSON:
    location = live_location(parameters)
    return {"location": location, "venue": {"location": location} | picked(parameters, *_VENUE)}


def _dice(server: Server, parameters: JSON) -> JSON:
    emoji = parameters.get("emoji", "🎲")
    if emoji not in _DICE:
        raise ApiError("Bad Request: DICE_EMOJI_INVALID")
    thrown = server.dice.pop(0) if server.dice else 1 + server.state.next_message_id * 7 % _DICE[emoji]
    return {"dice": {"emoji": emoji, "value": thrown}}


def _contact(_server: Server, parameters: JSON) -> JSON:
    return {"contact": picked(parameters, "phone_number", "first_name", "last_name", "vcard")}


def _game(server: Server, parameters: JSON) -> JSON:
    name = parameters["game_short_name"]
    picture = media(server.state, "photo", f"game-{name}", {})
    return {"game": {"title": name, "description": f"The game {name}.", "photo": picture}}


def _invoice(_server: Server, parameters: JSON) -> JSON:
    return {"invoice": invoice(parameters)} | caption(parameters)


def invoice(parameters: JSON) -> JSON:
    """Return the Invoice of a call.

    Raises:
        ApiError: It has no title, payload or price, or the provider's token is missing.
    """
    if not parameters.get("payload"):
        raise ApiError("Bad Request: INVOICE_PAYLOAD_INVALID")
    if parameters["currency"] != "XTR" and not parameters.get("provider_token"):
        raise ApiError("Bad Request: PAYMENT_PROVIDER_INVALID")
    prices = parameters.get("prices") or []
    total = sum(price["amount"] for price in prices)
    if not prices or total <= 0 or (parameters["currency"] == "XTR" and len(prices) != 1):
        raise ApiError("Bad Request: CURRENCY_TOTAL_AMOUNT_INVALID")
    start = {"start_parameter": parameters.get("start_parameter", "")}
    return picked(parameters, "title", "description", "currency") | start | {"total_amount": total}


def checklist(_server: Server, parameters: JSON) -> JSON:
    """Return what a message contains for a checklist."""
    given = parameters["checklist"]
    tasks = [picked(task, "id") | formatted(task, entities="text_entities") for task in given["tasks"]]
    more = picked(given, "others_can_add_tasks", "others_can_mark_tasks_as_done")
    return {"checklist": formatted(given, "title", entities="title_entities") | {"tasks": tasks} | more}


def _paid_media(server: Server, parameters: JSON) -> JSON:
    items = []
    for item in parameters["media"]:
        kind = item["type"]
        items.append({"type": kind, kind: media(server.state, kind, item["media"], item)})
    info = {"star_count": parameters["star_count"], "paid_media": items}
    return {"paid_media": info} | caption(parameters)


# The method of a kind of content → what the message contains. Media follow from the table of files.
CONTENTS: Mapping[str, Callable[[Server, JSON], JSON]] = {
    "sendMessage": _text,
    **{"send" + kind.title().replace("_", ""): _media(kind) for kind in MEDIA},
    "sendPaidMedia": _paid_media,
    "sendLocation": lambda _server, parameters: {"location": live_location(parameters)},
    "sendVenue": _venue,
    "sendContact": _contact,
    "sendDice": _dice,
    "sendGame": _game,
    "sendInvoice": _invoice,
    "sendPoll": poll_content,
    "sendChecklist": checklist,
}


def content_of(server: Server, method: str, parameters: Any) -> JSON:
    """Return what the message of a call contains."""
    return CONTENTS[method](server, parameters)
