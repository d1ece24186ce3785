"""Pages about the whole state: the overview, conversations, keyboards, timers, and single records."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ptb_bucket import tools
from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state import BOT_DATA, Kind, Record, timer_outline
from ptb_bucket.web.queries import (
    found_again,
    funnels,
    history_of,
    kept_versions,
    overview_of,
    people_in,
    read_value,
    since_when,
    value_text,
)
from ptb_bucket.web.site import Site, is_keyboard, number_in, pretty, record_in, rows_of
from ptb_bucket.web.tree import compact, node_of, parts_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from ptb_bucket.web.queries import Person

__all__ = ["routes"]

_STUCK: Final = {3600: "an hour", 86400: "a day", 7 * 86400: "a week", 30 * 86400: "30 days"}
_MOST_TIMERS: Final = 500
_LOOKED_AT: Final = 50
"""Timers that are read one by one, where each record has its own document."""


def routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("/", _overview), Route("/parts/overview", _overview_part),
        Route("/conversations", _conversations), Route("/conversations/in", _in_state),
        Route("/keyboards", _keyboards), Route("/timers", _timers),
        Route("/bot", _bot), Route("/record", _record), Route("/parts/history", _history), Route("/copy", _copy),
    ]  # fmt: skip


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


async def _overview(request: Request) -> Response:
    return await _shown_overview(request, "overview.html")


async def _overview_part(request: Request) -> Response:
    return await _shown_overview(request, "parts/overview.html")


async def _shown_overview(request: Request, template: str) -> Response:
    site = _site(request)
    (bot, found), kept = await asyncio.gather(overview_of(site.state, site.catalog), kept_versions(site.state))
    return site.page(request, template, bot=bot, found=found, kept=kept, archive=site.state.archive, Kind=Kind)


async def _people(request: Request) -> tuple[list[Person], Any]:
    site = _site(request)
    job = await site.catalog.read([Kind.CONVERSATION]).wait()
    since = await since_when(site.state, job) if job.done else {}
    return people_in(site.state, job.found, since), job


async def _conversations(request: Request) -> Response:
    people, job = await _people(request)
    seconds = number_in(request.query_params, "stuck", 86400)
    return _site(request).page(
        request, "conversations.html", funnels=funnels(people), job=job, stuck=timedelta(seconds=seconds),
        seconds=seconds, choices=_STUCK, timed=any(one.since for one in people),
    )  # fmt: skip


async def _in_state(request: Request) -> Response:
    people, job = await _people(request)
    asked = request.query_params
    handler, state, seconds = asked.get("handler"), asked.get("state"), number_in(asked, "stuck", 0)
    chosen = [
        one for one in people
        if one.record.conversation[0] == handler and state in (None, one.state)
        and (not seconds or one.stuck_for(timedelta(seconds=seconds)))
    ]  # fmt: skip
    far = datetime.now(timezone.utc)
    chosen.sort(key=lambda one: (one.since or far, one.record.id))
    page = max(1, number_in(asked, "page", 1))
    return _site(request).page(
        request, "in_state.html", people=chosen[rows_of(page)], number=len(chosen), page=page, job=job,
        handler=handler, state=state, seconds=seconds, choices=_STUCK,
    )  # fmt: skip


async def _keyboards(request: Request) -> Response:
    site = _site(request)
    job = await site.catalog.listed(Kind.CALLBACK).wait()
    page = max(1, number_in(request.query_params, "page", 1))
    found = [one for one in job.found if is_keyboard(one.record)]
    found.sort(key=lambda one: (one.changed is None, -(one.changed.timestamp() if one.changed else 0), one.record.id))
    rows = []
    for one in found[rows_of(page)]:
        value = value_text(site.state, one)
        if one.encoded is None:
            read = await read_value(site.state, one.record)
            value = None if read.text is None else read.part()
        rows.append((one, None if value is None else node_of(value, None, most=8)))
    return site.page(request, "keyboards.html", rows=rows, number=len(found), page=page, job=job)


async def _timers(request: Request) -> Response:
    site = _site(request)
    armed = site.catalog.lazy and "all" not in request.query_params
    job = await (site.catalog.listed(Kind.TIMER) if armed else site.catalog.read([Kind.TIMER])).wait()
    listed = [one for one in job.found if one.record.kind is Kind.TIMER]
    found = await found_again(site.state, [one.record for one in listed[:_LOOKED_AT]]) if armed else listed
    now = datetime.now(timezone.utc).timestamp()
    rows: list[tuple[float, Record, Any, str, str]] = []
    for one in found:
        try:
            timer = timer_outline(one.record, one.encoded or b"", site.state.archive.codec)
        except CannotLoadError as error:
            rows.append((0.0, one.record, None, "damaged", str(error)))
            continue
        late = timer.due is not None and timer.due < now
        word = "parked" if timer.parked else "paused" if not timer.enabled else "late" if late else "due"
        rows.append((timer.due or 0.0, one.record, timer, word, timer.parked or ""))
    rows.sort(key=lambda row: (row[0], row[1].id))
    shown = [(row[1], row[2], row[3], row[4], _moment(row[2])) for row in rows[:_MOST_TIMERS]]
    return site.page(request, "timers.html", rows=shown, number=len(listed), job=job, armed=armed)


def _moment(timer: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(timer.due, timezone.utc) if timer and timer.due is not None else None
    except (ValueError, OverflowError, OSError):
        return None


async def _bot(request: Request) -> Response:
    return await _value_page(request, BOT_DATA)


async def _record(request: Request) -> Response:
    return await _value_page(request, record_in(request.query_params))


async def _value_page(request: Request, record: Record) -> Response:
    site, path = _site(request), request.query_params.get("path", "")
    start = number_in(request.query_params, "from", 0)
    value = await read_value(site.state, record)
    try:
        node = value.node(path, start=start)
    except KeyError:
        raise HTTPException(404, f"{record.label} has no value at {path}. It may have changed.") from None
    sizes = [] if node is None else _sizes(value.part(path), path)
    return site.page(
        request, "record.html", record=record, value=value, node=node, at=path, start=start, sizes=sizes,
        whole=len(compact(value.part()).encode()) if value.text is not None else 0, Kind=Kind,
    )  # fmt: skip


def _sizes(value: Any, path: str) -> list[tuple[Any, int]]:
    """Return the parts of a value with their shares in percent, the largest first."""
    nodes = [
        node_of(part, None if step is None else (path + step).removeprefix("." if not path else ""), key=label, depth=6)
        for label, step, part in parts_of(value) or ()
    ]
    total = sum(one.size for one in nodes) or 1
    nodes.sort(key=lambda one: -one.size)
    return [(one, round(100 * one.size / total)) for one in nodes[:20]]


async def _history(request: Request) -> Response:
    site, names = _site(request), request.query_params
    records = [record_in({"kind": kind, "id": names.get("id", "")}) for kind in names.getlist("kind")]
    if not records or len(records) > 3:  # noqa: PLR2004  a person's user data, chat data, and one more
        raise HTTPException(404, "There is no such page.")
    moments, problem = await history_of(site.state, records)
    return site.page(request, "parts/history.html", moments=moments, problem=problem, several=len(records) > 1)


async def _copy(request: Request) -> Response:
    site = _site(request)
    value = await read_value(site.state, record_in(request.query_params))
    try:
        part = value.part(request.query_params.get("path", "")) if value.text is not None else None
    except KeyError:
        raise HTTPException(404, "There is no such value. It may have changed.") from None
    as_python = request.query_params.get("as") == "python"
    return PlainTextResponse(tools.python_text(compact(part)) if as_python else pretty(compact(part)))
