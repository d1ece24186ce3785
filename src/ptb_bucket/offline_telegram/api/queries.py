"""The methods that answer what people ask: buttons, inline queries and mini apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.api.common import check_writable, formatted, keyboard
from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.transcript import Line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.offline_telegram.api.common import Method
    from ptb_bucket.offline_telegram.json import JSON
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["QUERY_METHODS"]

_TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"
_MOST_RESULTS = 50
_LONGEST_TOAST = 200


def _asked(server: Server, query_id: str, kind: str) -> JSON:
    query = server.state.queries.get(query_id)
    if query is None or query["kind"] != kind:
        raise ApiError(_TOO_OLD)
    return query


def _toast(server: Server, chat_id: int, text: str) -> None:
    server.note(Line(server.state.bot["first_name"], chat_id, text, "toast", from_bot=True))


def _answer_callback(server: Server, parameters: JSON) -> bool:
    query = _asked(server, parameters.get("callback_query_id", ""), "callback_query")
    text = parameters.get("text", "")
    if len(text) > _LONGEST_TOAST:
        raise ApiError("Bad Request: MESSAGE_TOO_LONG")
    if text:
        _toast(server, query["chat_id"], text)
    return True


def _answer_inline(server: Server, parameters: JSON) -> bool:
    query = _asked(server, parameters.get("inline_query_id", ""), "inline_query")
    results = parameters.get("results", [])
    if len(results) > _MOST_RESULTS:
        raise ApiError("Bad Request: RESULTS_TOO_MUCH")
    if len({one["id"] for one in results}) < len(results):
        raise ApiError("Bad Request: RESULT_ID_DUPLICATE")
    for one in results:
        _check_result(one)
    query["answer"] = parameters
    return True


def _check_result(result: JSON) -> None:
    keyboard(result)
    content = result.get("input_message_content") or {}
    if "message_text" in content:
        formatted(content, "message_text")
    elif result["type"] == "article" and not content:
        raise ApiError("Bad Request: MESSAGE_EMPTY: an article needs input_message_content")


def _answer_shipping(server: Server, parameters: JSON) -> bool:
    query = _asked(server, parameters.get("shipping_query_id", ""), "shipping_query")
    if parameters.get("ok") and not parameters.get("shipping_options"):
        raise ApiError("Bad Request: SHIPPING_OPTIONS_EMPTY")
    return _decided(server, query, parameters)


def _answer_pre_checkout(server: Server, parameters: JSON) -> bool:
    query = _asked(server, parameters.get("pre_checkout_query_id", ""), "pre_checkout_query")
    return _decided(server, query, parameters)


def _decided(server: Server, query: JSON, parameters: JSON) -> bool:
    if not parameters.get("ok") and not parameters.get("error_message"):
        raise ApiError("Bad Request: error message must be non-empty")
    query["answer"] = parameters
    if not parameters.get("ok"):
        _toast(server, query["chat_id"], parameters["error_message"])
    return True


def _answer_web_app(server: Server, parameters: JSON) -> JSON:
    _check_result(parameters["result"])
    return {"inline_message_id": f"inline-{server.state.count('next_query_id')}"}


def _prepared(server: Server, parameters: JSON) -> JSON:
    check_writable(server, server.state.chat(parameters["user_id"]))
    _check_result(parameters["result"])
    return {"id": f"prepared-{server.state.count('next_query_id')}", "expiration_date": server.now() + 86_400}


QUERY_METHODS: Mapping[str, Method] = {
    "answerCallbackQuery": _answer_callback,
    "answerInlineQuery": _answer_inline,
    "answerShippingQuery": _answer_shipping,
    "answerPreCheckoutQuery": _answer_pre_checkout,
    "answerWebAppQuery": _answer_web_app,
    "savePreparedInlineMessage": _prepared,
}
