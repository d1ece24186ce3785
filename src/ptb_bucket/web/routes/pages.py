"""Pages about the whole state: the overview, conversations, keyboards, timers, and single records."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ptb_bucket import tools
from ptb_bucket.state import BOT_DATA, CALLBACK_QUERIES, Kind, Record
from ptb_bucket.web.queries import funnels, history_of, overview_of, people_in, read_value, timers_in, value_at
from ptb_bucket.web.site import number_in, paged, record_in, site_of
from ptb_bucket.web.tree import node_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from ptb_bucket.tools import Found

__all__ = ["routes"]

_STUCK: Final = {3600: "an hour", 86400: "a day", 7 * 86400: "a week", 30 * 86400: "30 days"}
_TIMERS: Final = 50
"""Timers that are read one by one, where each record has its own document."""
_AT_FIRST, _AT_ONCE = 20, 500
"""Conversations that are read, where each has its own document: for a page, and each time when it asks for more."""


def routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("/", _overview), Route("/conversations", _conversations), Route("/conversations/in", _conversations),
        Route("/keyboards", _keyboards), Route("/timers", _timers),
        Route("/bot", _record), Route("/record", _record), Route("/parts/history", _history), Route("/copy", _copy),
    ]  # fmt: skip


async def _overview(request: Request) -> Response:
    site = site_of(request)
    found = await overview_of(site.state, site.catalog)
    return site.page(request, "overview.html", found=found, archive=site.state.archive)


async def _conversations(request: Request) -> Response:
    """Show the funnel, or the people in one state of it. The page asks for more until all states were read."""
    site, asked = site_of(request), request.query_params
    job = await site.catalog.listed(Kind.CONVERSATION).wait()
    listed = [one for one in job.found if one.record.kind is Kind.CONVERSATION]
    most = 0 if not job.done else _AT_ONCE if "more" in asked else _AT_FIRST
    found, damaged = await site.catalog.with_values(listed, most)
    people = await people_in(site.state, site.catalog, job, found)
    left, funnel = sum(one.state is None for one in people), request.url.path == "/conversations"
    more, still = (f"?{urlencode({**asked, 'still': '', name: 1})}" for name in ("more", "still"))
    goes_on = not asked.get("still") and (left or not job.done)
    seconds = number_in(asked, "stuck", 86400 if funnel else 0)
    limit = timedelta(seconds=seconds)
    values: dict[str, Any] = {
        "job": job, "damaged": damaged, "left": left, "seconds": seconds, "choices": _STUCK,
        "again": more if goes_on else "", "toggle": still if goes_on else more,
    }  # fmt: skip
    if funnel:
        values |= {"funnels": funnels(people), "timed": any(one.since for one in people)}
        return site.page(request, "conversations.html", stuck=limit, **values)
    handler, state = asked.get("handler"), asked.get("state")
    chosen = [
        one for one in people
        if (one.record.conversation[0], one.state) == (handler, state) and (not limit or one.stuck_for(limit))
    ]  # fmt: skip
    far = datetime.now(timezone.utc)
    chosen.sort(key=lambda one: (one.since.time if one.since else far, one.record.id))
    return site.page(request, "in_state.html", handler=handler, state=state, **values, **paged(request, chosen))


async def _keyboards(request: Request) -> Response:
    site = site_of(request)
    job = await site.catalog.listed(Kind.CALLBACK).wait()
    listed = [one for one in job.found if one.record.kind is Kind.CALLBACK and one.record != CALLBACK_QUERIES]
    listed.sort(key=lambda one: (-(one.changed.timestamp() if one.changed else 0), one.record.id))
    shown = paged(request, listed)
    found, damaged = await site.catalog.with_values(shown["rows"], len(shown["rows"]))
    rows = [(one, *_keyboard(site.state, one)) for one in found]
    return site.page(request, "keyboards.html", **shown | {"rows": rows}, job=job, damaged=damaged)


def _keyboard(state: tools.State, one: Found) -> tuple[Any, datetime | None]:
    """Return a keyboard's tree, and the time when it was last used, which its value begins with."""
    value, used = value_at(state, one.record, one.encoded or b"").part(), None
    with suppress(TypeError, ValueError, OverflowError, IndexError, KeyError):
        used = datetime.fromtimestamp((tools.parts_of(value) or [])[0].value, timezone.utc)
    return (None if value is None else node_of(value, None, most=8)), used


async def _timers(request: Request) -> Response:
    site = site_of(request)
    armed = site.catalog.lazy and "all" not in request.query_params
    job = await (site.catalog.listed(Kind.TIMER) if armed else site.catalog.read([Kind.TIMER])).wait()
    found = [one for one in job.found if one.record.kind is Kind.TIMER]
    number, damaged = len(found), []
    if armed:
        read = await tools.read_again(site.state, [one.record for one in found[:_TIMERS]])
        found = [one for one in read if isinstance(one, tools.Found)]
        damaged = [one for one in read if isinstance(one, tools.Unreadable)]
    shown = paged(request, timers_in(site.state, found)) | {"number": number}
    return site.page(request, "timers.html", **shown, job=job, armed=armed, damaged=damaged)


async def _record(request: Request) -> Response:
    site, asked = site_of(request), request.query_params
    record = BOT_DATA if request.url.path == "/bot" else record_in(asked)
    path, start = asked.get("path", ""), number_in(asked, "from", 0)
    value = await read_value(site.state, record)
    try:
        node = value.node(path, start=start)
    except KeyError:
        raise HTTPException(404, f"{record.label} has no value at {path}. It may have changed.") from None
    return site.page(
        request, "record.html", record=record, value=value, node=node, at=path, start=start,
        sizes=[] if node is None else _sizes(value.part(path), path),
    )  # fmt: skip


def _sizes(value: Any, path: str) -> list[tuple[Any, int]]:
    """Return the parts of a value with their shares in percent, the largest first."""
    nodes = [
        node_of(part, tools.path_to(path, step), key=label, most=0) for label, step, part in tools.parts_of(value) or ()
    ]
    total = sum(one.size for one in nodes) or 1
    nodes.sort(key=lambda one: -one.size)
    return [(one, round(100 * one.size / total)) for one in nodes[:20]]


async def _history(request: Request) -> Response:
    site, names = site_of(request), request.query_params
    records: list[Record] = [record_in({"kind": kind, "id": names.get("id", "")}) for kind in names.getlist("kind")]
    if not records or len(records) > 3:  # noqa: PLR2004  a person's user data, chat data, and one more
        raise HTTPException(404, "There is no such page. Check the address.")
    moments, problem = await history_of(site.state, records)
    return site.page(request, "parts/history.html", moments=moments, problem=problem, several=len(records) > 1)


async def _copy(request: Request) -> Response:
    site = site_of(request)
    value = await read_value(site.state, record_in(request.query_params))
    gone = "There is no such value. The record may have changed."
    if value.text is None:
        raise HTTPException(404, value.problem or gone)
    try:
        part = value.part(request.query_params.get("path", ""))
    except KeyError:
        raise HTTPException(404, gone) from None
    if request.query_params.get("as") == "python":
        return PlainTextResponse(tools.python_text(tools.compact(part)))
    return PlainTextResponse(json.dumps(part, indent=2, ensure_ascii=False))
