"""Users and chats: lists, the search, and one person or group on one page."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ptb_bucket import tools
from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state import OWNERS, Kind, Record, timer_outline
from ptb_bucket.web.queries import found_again, is_of_person, people_in, read_value, since_when, value_at, value_then
from ptb_bucket.web.routes.forms import checked_form
from ptb_bucket.web.site import Site, is_keyboard, number_in, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from ptb_bucket.tools import Found, State

__all__ = ["routes"]

_RESULTS: Final = 200
_SEARCHES: Final = 20
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}")
_AROUND: Final = 60
"""Characters that a search result shows around what was found."""


def routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("/people", _list), Route("/search", _search), Route("/parts/search/{name}", _results),
        Route("/search/{name}/stop", _stop, methods=["POST"]),
        Route("/person/{number}", _person), Route("/chat/{number}", _person),
        Route("/parts/states/{number}", _states), Route("/parts/keyboards/{number}", _keyboards),
    ]  # fmt: skip


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def _number(request: Request) -> int:
    text = request.path_params["number"]
    if not _NUMBER.fullmatch(text):
        raise HTTPException(404, "IDs of people and chats are numbers.")
    return int(text)


_ORDERS: Final[dict[str, Callable[[Found], tuple[object, ...]]]] = {
    "id": lambda one: (one.record.number,),
    "size": lambda one: (-one.size, one.record.number),
    "changed": lambda one: (-(one.changed.timestamp() if one.changed else 0), one.record.number),
}


async def _list(request: Request) -> Response:
    site, asked = _site(request), request.query_params
    kind = Kind.CHAT if asked.get("kind") == "chat_data" else Kind.USER
    job = await site.catalog.listed(kind).wait()
    found = [one for one in job.found if one.record.kind is kind]
    timed = any(one.changed for one in found[:100])
    order = asked.get("sort", "changed" if timed else "id")
    found.sort(key=_ORDERS.get(order, _ORDERS["id"]))
    page = max(1, number_in(asked, "page", 1))
    return site.page(
        request, "people.html", kind=kind, rows=found[rows_of(page)], number=len(found), page=page, job=job,
        order=order, timed=timed, lazy=site.catalog.lazy, Kind=Kind,
    )  # fmt: skip


async def _search(request: Request) -> Response:
    """Go to the person with an ID, or search the values of users and chats for a text."""
    site, text = _site(request), request.query_params.get("q", "").strip()
    if _NUMBER.fullmatch(text) and "everywhere" not in request.query_params:
        return RedirectResponse(f"/{'chat' if text[:1] == '-' else 'person'}/{int(text)}", 303)
    if not text:
        return site.page(request, "search.html", text="", name="", job=None, results=[])
    name = secrets.token_urlsafe(12)
    job = site.catalog.search((Kind.USER, Kind.CHAT, Kind.BOT), _containing(site.state, text), _RESULTS)
    site.searches[name] = (text, job)
    while len(site.searches) > _SEARCHES:
        site.searches.pop(next(iter(site.searches)))[1].stop()
    await job.wait()
    return site.page(request, "search.html", text=text, name=name, job=job, results=_shown(site, text, job.found))


def _containing(state: State, text: str) -> Callable[[Found], bool]:
    wanted = text.casefold()

    def contains(one: Found) -> bool:
        return one.record.kind in OWNERS and (wanted in one.record.id or _found_at(state, one, wanted) is not None)

    return contains


def _found_at(state: State, one: Found, wanted: str) -> str | None:
    """Return the text around the first place of a value where something is found."""
    try:
        text = tools.text_of(state, one.record, one.encoded or b"null")
    except CannotLoadError:
        return None
    at = text.casefold().find(wanted)
    return None if at < 0 else text[max(0, at - _AROUND) : at + len(wanted) + _AROUND]


def _shown(site: Site, text: str, found: list[Found]) -> list[tuple[Found, str]]:
    return [(one, _found_at(site.state, one, text.casefold()) or "") for one in found]


async def _results(request: Request) -> Response:
    site = _site(request)
    text, job = site.searches.get(request.path_params["name"], ("", None))
    if job is None:
        raise HTTPException(404, "This search is not known any more. Search again.")
    return site.page(
        request, "parts/results.html", text=text, name=request.path_params["name"], job=job,
        results=_shown(site, text, job.found),
    )  # fmt: skip


async def _stop(request: Request) -> Response:
    site = _site(request)
    await checked_form(request)
    _, job = site.searches.get(request.path_params["name"], ("", None))
    if job is not None:
        job.stop()
    return await _results(request)


def _records(number: int) -> list[Record]:
    return [Record.user(number), Record.chat(number)] if number > 0 else [Record.chat(number)]


async def _person(request: Request) -> Response:
    """Show everything of a person or a chat, now or as it was at a time."""
    site, number = _site(request), _number(request)
    records = _records(number)
    at = _time(request.query_params.get("at", ""))
    if at is not None:
        then = [await value_then(site.state, record, at) for record in records]
        return site.page(request, "person_then.html", number=number, then=then, at=at)
    values = [await read_value(site.state, record) for record in records]
    return site.page(
        request, "person.html", number=number, values=values, timers=await _timers(site, records), records=records,
    )  # fmt: skip


def _time(text: str) -> datetime | None:
    """Return the time of a form's field, which is in UTC."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise HTTPException(400, f"{text!r} is not a time. Write it as 2026-01-31T18:00.") from None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


async def _timers(site: Site, owners: list[Record]) -> list[tuple[Record, datetime | None, str]]:
    """Return the timers of a person, from the documents of the owners, or with few documents from all."""
    found: dict[Record, bytes] = {}
    if site.catalog.lazy:
        parts = [await site.state.archive.part_of(owner) for owner in owners]
        pairs = [pair for part in parts if part for pair in part.records.items()]
        found = {record: value for record, value in pairs if record.kind is Kind.TIMER}
    else:
        job = await site.catalog.read([Kind.TIMER]).wait(2)
        found = {one.record: one.encoded for one in job.found if one.record.kind is Kind.TIMER and one.encoded}
    ids, rows = {owner.number for owner in owners}, []
    for record, value in found.items():
        try:
            timer = timer_outline(record, value, site.state.archive.codec)
        except CannotLoadError:
            continue
        if record.timer[0] in owners or ids & {timer.user_id, timer.chat_id}:
            due = None if timer.due is None else datetime.fromtimestamp(timer.due, timezone.utc)
            rows.append((record, due, timer.callback))
    return sorted(rows)


async def _states(request: Request) -> Response:
    """Show a person's conversations, once all conversations were listed."""
    site, number = _site(request), _number(request)
    job = await site.catalog.listed(Kind.CONVERSATION).wait()
    mine = [one.record for one in job.found if is_of_person(one.record, number)]
    if site.catalog.lazy:
        people = people_in(site.state, await found_again(site.state, mine[:100]), {})
    else:
        since = await since_when(site.state, job) if mine else {}
        people = people_in(site.state, [one for one in job.found if one.record in mine], since)
    return site.page(request, "parts/states.html", people=people, job=job, number=number)


async def _keyboards(request: Request) -> Response:
    """Show the keyboards whose buttons mention a person. No keyboard says whose it is."""
    site, number = _site(request), _number(request)
    if site.catalog.lazy and "look" not in request.query_params:
        return site.page(request, "parts/person_keyboards.html", number=number, found=None, job=None)
    job = await site.catalog.read([Kind.CALLBACK]).wait()
    pattern = re.compile(rf"(?<!\d){number}(?!\d)")
    found = []
    for one in job.found:
        if is_keyboard(one.record) and one.encoded is not None:
            value = value_at(site.state, one.record, one.encoded)
            if value.text is not None and pattern.search(value.text):
                found.append(value)
    return site.page(request, "parts/person_keyboards.html", number=number, found=found, job=job)
