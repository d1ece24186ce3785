"""The methods about business accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.offline_telegram.api.common import Method
    from ptb_bucket.offline_telegram.json import JSON
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["BUSINESS_METHODS"]


def _find(server: Server, parameters: JSON) -> JSON:
    if not (found := server.state.businesses.get(parameters["business_connection_id"])):
        raise ApiError("Bad Request: BUSINESS_CONNECTION_INVALID")
    return found


def _read(server: Server, parameters: JSON) -> bool:
    _find(server, parameters)
    server.state.message(parameters, "message to read not found")
    return True


def _set_name(server: Server, parameters: JSON) -> bool:
    user = _find(server, parameters)["user"]
    user["first_name"] = parameters["first_name"]
    user.pop("last_name", None)
    if last := parameters.get("last_name"):
        user["last_name"] = last
    return True


BUSINESS_METHODS: Mapping[str, Method] = {
    "getBusinessConnection": _find,
    "readBusinessMessage": _read,
    "setBusinessAccountName": _set_name,
}
