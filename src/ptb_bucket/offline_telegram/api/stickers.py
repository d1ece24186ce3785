"""The methods about sticker sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.files import file_answer, media
from ptb_bucket.offline_telegram.json import JSON, copied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.offline_telegram.api.common import Method
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["STICKER_METHODS"]


def _find(server: Server, parameters: JSON) -> JSON:
    if not (found := server.state.stickers.get(parameters["name"])):
        raise ApiError("Bad Request: STICKERSET_INVALID")
    return found


def _sticker(server: Server, given: JSON, name: str, kind: str) -> JSON:
    extra = {"is_animated": given["format"] == "animated", "is_video": given["format"] == "video", "type": kind}
    emoji = {"emoji": given["emoji_list"][0]}
    sticker: JSON = media(server.state, "sticker", given["sticker"], {})
    return sticker | extra | emoji | {"set_name": name}


def _create(server: Server, parameters: JSON) -> bool:
    name, kind = parameters["name"], parameters.get("sticker_type", "regular")
    if name in server.state.stickers:
        raise ApiError("Bad Request: sticker set name is already occupied")
    if not name.endswith(f"_by_{server.state.bot['username']}"):
        raise ApiError("Bad Request: invalid sticker set name is specified")
    stickers = [_sticker(server, one, name, kind) for one in parameters["stickers"]]
    head = {"name": name, "title": parameters["title"], "sticker_type": kind}
    server.state.stickers[name] = head | {"stickers": stickers}
    return True


def _add(server: Server, parameters: JSON) -> bool:
    found = _find(server, parameters)
    found["stickers"].append(_sticker(server, parameters["sticker"], found["name"], found["sticker_type"]))
    return True


def _of_sticker(server: Server, file_id: str) -> tuple[JSON, JSON]:
    for found in server.state.stickers.values():
        for sticker in found["stickers"]:
            if sticker["file_id"] == file_id:
                return found, sticker
    raise ApiError("Bad Request: STICKER_INVALID")


def _delete_sticker(server: Server, parameters: JSON) -> bool:
    found, sticker = _of_sticker(server, parameters["sticker"])
    found["stickers"].remove(sticker)
    return True


def _move(server: Server, parameters: JSON) -> bool:
    found, sticker = _of_sticker(server, parameters["sticker"])
    found["stickers"].remove(sticker)
    found["stickers"].insert(parameters["position"], sticker)
    return True


def _replace(server: Server, parameters: JSON) -> bool:
    found, sticker = _of_sticker(server, parameters["old_sticker"])
    place = found["stickers"].index(sticker)
    found["stickers"][place] = _sticker(server, parameters["sticker"], found["name"], found["sticker_type"])
    return True


def _set_emoji(server: Server, parameters: JSON) -> bool:
    _found, sticker = _of_sticker(server, parameters["sticker"])
    sticker["emoji"] = parameters["emoji_list"][0]
    return True


def _set_title(server: Server, parameters: JSON) -> bool:
    _find(server, parameters)["title"] = parameters["title"]
    return True


def _delete_set(server: Server, parameters: JSON) -> bool:
    del server.state.stickers[_find(server, parameters)["name"]]
    return True


def _upload(server: Server, parameters: JSON) -> Any:
    return copied(file_answer(server.state, parameters["sticker"]))


STICKER_METHODS: Mapping[str, Method] = {
    "getStickerSet": _find,
    "createNewStickerSet": _create,
    "addStickerToSet": _add,
    "deleteStickerFromSet": _delete_sticker,
    "setStickerPositionInSet": _move,
    "replaceStickerInSet": _replace,
    "setStickerEmojiList": _set_emoji,
    "setStickerSetTitle": _set_title,
    "deleteStickerSet": _delete_set,
    "uploadStickerFile": _upload,
}
