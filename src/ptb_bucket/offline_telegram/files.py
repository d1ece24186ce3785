"""Files: what bots and people upload, and the media that messages contain."""

from __future__ import annotations

import base64
import mimetypes
from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import JSON, picked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.offline_telegram.state import ServerState

__all__ = ["MEDIA", "file_answer", "media", "read_file", "store_file"]

_LARGEST_DOWNLOAD = 20_000_000
_SMALL = "-small"
_VISUAL = {"width": 1280, "height": 720}

# Kind of media → the fields that Telegram finds in the file. A call may give them too.
MEDIA: Mapping[str, JSON] = {
    "photo": {},
    "audio": {"duration": 1},
    "animation": {**_VISUAL, "duration": 1},
    "document": {},
    "video": {**_VISUAL, "duration": 1},
    "voice": {"duration": 1},
    "video_note": {"length": 240, "duration": 1},
    "sticker": {"width": 512, "height": 512, "type": "regular", "is_animated": False, "is_video": False},
    "live_photo": {**_VISUAL, "duration": 1},
}
_GIVEN = ("duration", "width", "height", "length", "title", "performer", "emoji", "start_timestamp")
_NAMED = {"audio", "animation", "document", "video"}
_TYPED = _NAMED | {"voice"}


def store_file(state: ServerState, content: bytes, name: str, mime_type: str = "") -> str:
    """Store an uploaded file.

    Args:
        state: The state that keeps it.
        content: Its bytes.
        name: Its name.
        mime_type: Its type; by default guessed from the name.

    Returns:
        Its file ID.

    Raises:
        ApiError: The file is empty.
    """
    if not content:
        raise ApiError("Bad Request: file must be non-empty")
    file_id = f"file-{state.count('next_file_id')}"
    kind = mime_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
    encoded = base64.b64encode(content).decode()
    state.files[file_id] = {"name": name, "mime_type": kind, "size": len(content), "content": encoded}
    return file_id


def read_file(state: ServerState, path: str) -> bytes:
    """Return the bytes of a stored file.

    Args:
        state: The state that keeps it.
        path: The ``file_path`` of getFile's answer.

    Returns:
        Its bytes.

    Raises:
        ApiError: The file does not exist.
    """
    if not (file := state.files.get(path.rpartition("/")[2].removesuffix(_SMALL))):
        raise ApiError("Not Found", code=404)
    return base64.b64decode(file["content"])


def file_answer(state: ServerState, file_id: str) -> JSON:
    """Return the File of getFile.

    Args:
        state: The state that keeps it.
        file_id: Its ID.

    Returns:
        The File.

    Raises:
        ApiError: The file was not uploaded here, or it is too large for a bot.
    """
    file = state.files.get(file_id.removesuffix(_SMALL))
    if file is None:
        raise ApiError("Bad Request: wrong file_id or the file is temporarily unavailable")
    if file["size"] > _LARGEST_DOWNLOAD:
        raise ApiError("Bad Request: file is too big")
    return _head(state, file_id) | {"file_path": f"files/{file_id}"}


def media(state: ServerState, kind: str, reference: str, given: Mapping[str, Any]) -> Any:
    """Return the content of a message for a file.

    Args:
        state: The state that keeps the files.
        kind: A kind of :data:`MEDIA`.
        reference: A file ID or URL. IDs of other Telegrams are accepted, because bots know some by heart; but such
            files cannot be downloaded.
        given: The parameters of the call, which may have a duration, a title and the like.

    Returns:
        Bot API JSON, such as an Audio; a list for a photo.

    Raises:
        ApiError: The reference is empty.
    """
    if not reference:
        raise ApiError(f"Bad Request: there is no {kind} in the request")
    if kind == "photo":
        return [_size(state, reference + _SMALL, 90, 51), _size(state, reference, 1280, 720)]
    content = _head(state, reference) | MEDIA[kind] | picked(given, *_GIVEN)
    if kind == "live_photo" and given.get("photo"):
        content["photo"] = media(state, "photo", given["photo"], {})
    if thumbnail := given.get("thumbnail"):
        content["thumbnail"] = _size(state, thumbnail, 90, 90)
    file = state.files.get(reference, {})
    named = {"file_name": file["name"]} if kind in _NAMED and "name" in file else {}
    typed = {"mime_type": file["mime_type"]} if kind in _TYPED and "mime_type" in file else {}
    return content | named | typed


def _size(state: ServerState, file_id: str, width: int, height: int) -> JSON:
    return _head(state, file_id) | {"width": width, "height": height}


def _head(state: ServerState, file_id: str) -> JSON:
    head: JSON = {"file_id": file_id, "file_unique_id": f"unique-{file_id}"}
    file = state.files.get(file_id.removesuffix(_SMALL))
    return head | ({"file_size": file["size"]} if file else {})
