"""Users and chats: lists, the search, and one person or group on one page."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ptb_bucket import tools
from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state import CALLBACK_QUERIES, OWNERS, Kind, Record
from ptb_bucket.web.queries import Job, people_in, read_value, timers_in, value_at, value_then
from ptb_bucket.web.routes.entry import checked_form
from ptb_bucket.web.site import Site, paged, site_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from ptb_bucket.tools import Found, State
    from ptb_bucket.web.queries import TimerRow

__all__ = ["routes"]

_RESULTS: Final = 200
_SEARCHES: Final = 20
_CONVERSATIONS: Final = 100
"""Conversations of one person that are read."""
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}")
_AROUND: Final = 60
"""Characters that a search result shows around what was found."""


def routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("/people", _list), Route("/search", _search), Route("/search/{name}", _results, methods=["GET", "POST"]),
        Route("/person/{number}", _person), Route("/chat/{number}", _person),
        Route("/parts/states/{number}", _states), Route("/parts/keyboards/{number}", _keyboards),
    ]  # fmt: skip


def _number(request: Request) -> int:
    text = request.path_params["number"]
    if not _NUMBER.fullmatch(text):
        raise HTTPException(404, "The ID of a person or chat must be a number.")
    return int(text)


async def _list(request: Request) -> Response:
    site, asked = site_of(request), request.query_params
    kind = Kind.CHAT if asked.get("kind") == "chat_data" else Kind.USER
    job = await site.catalog.listed(kind).wait()
    found = [one for one in job.found if one.record.kind is kind]
    timed = any(one.changed for one in found[:100])
    order = asked.get("sort", "changed" if timed else "id")
    changes = await site.catalog.changes(job, kind) if order == "changed" else {}

    def rank(one: Found) -> float:
        if order == "changed":
            time = one.changed or (changes[one.record].time if one.record in changes else None)
            return -time.timestamp() if time else 0
        return -one.size if order == "size" else 0

    found.sort(key=lambda one: (rank(one), one.record.number))
    shown = paged(request, found)
    shown["rows"] = [(one, site.catalog.change(one, changes)) for one in shown["rows"]]
    return site.page(request, "people.html", kind=kind, job=job, order=order, lazy=site.catalog.lazy, **shown)


async def _search(request: Request) -> Response:
    """Go to the person with an ID, or search the values of users and chats for a text."""
    site, text = site_of(request), request.query_params.get("q", "").strip()
    if _NUMBER.fullmatch(text) and "everywhere" not in request.query_params:
        return RedirectResponse(f"/{'chat' if text[:1] == '-' else 'person'}/{int(text)}", 303)
    if not text:
        return site.page(request, "search.html", text="", job=None)
    name = secrets.token_urlsafe(12)
    wanted, source = text.casefold(), tools.read_records(site.state, OWNERS)
    job = Job().run(
        source, lambda one: wanted in one.record.id or _found_at(site.state, one, wanted) is not None, _RESULTS
    )
    site.searches[name] = (text, job)
    while len(site.searches) > _SEARCHES:
        site.searches.pop(next(iter(site.searches)))[1].stop()
    await job.wait()
    return _shown(request, "search.html", name)


def _found_at(state: State, one: Found, wanted: str) -> str | None:
    """Return the text around a place of a value that contains a text, written plainly or as JSON escapes it."""
    try:
        text = tools.text_of(state, one.record, one.encoded or b"null")
    except CannotLoadError:
        return None
    folded = text.casefold()
    at = max(folded.find(wanted), folded.find(tools.compact(wanted)[1:-1]))
    shown = text if len(text) == len(folded) else folded  # "ß" becomes "ss", which moves all that follows
    return None if at < 0 else shown[max(0, at - _AROUND) : at + len(wanted) + _AROUND]


def _shown(request: Request, template: str, name: str) -> Response:
    site = site_of(request)
    text, job = site.searches.get(name, ("", None))
    if job is None:
        raise HTTPException(404, "This search has expired. Search again.")
    results = [(one, _found_at(site.state, one, text.casefold()) or "") for one in job.found]
    full = len(results) == _RESULTS
    return site.page(request, template, text=text, name=name, job=job, results=results, full=full)


async def _results(request: Request) -> Response:
    """Show what a search has found so far. A form stops the search first."""
    name = request.path_params["name"]
    if request.method == "POST":
        await checked_form(request)
        if name in site_of(request).searches:
            await site_of(request).searches[name][1].close()
    return _shown(request, "parts/results.html" if "hx-request" in request.headers else "search.html", name)


async def _person(request: Request) -> Response:
    """Show everything of a person or a chat, now or as it was at a time."""
    site, number = site_of(request), _number(request)
    records = [Record.user(number), Record.chat(number)] if number > 0 else [Record.chat(number)]
    at = _time(request.query_params.get("at", ""))
    if at is not None:
        then = [await value_then(site.state, record, at) for record in records]
        return site.page(request, "person_then.html", number=number, then=then, at=at)
    values: list[Any] = [await read_value(site.state, record) for record in records]
    return site.page(request, "person.html", number=number, values=values, timers=await _timers(site, records))


def _time(text: str) -> datetime | None:
    """Return the time of a form's field, which is in UTC."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return found.astimezone(timezone.utc) if found.tzinfo else found.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        raise HTTPException(400, f"{text!r} is not a valid time. Use the form 2026-01-31T18:00.") from None


async def _timers(site: Site, owners: list[Record]) -> list[TimerRow]:
    """Return the timers of a person, from the documents of the owners, or with few documents from all."""
    if site.catalog.lazy:
        parts = [await site.state.archive.part_of(owner) for owner in owners]
        pairs = [pair for part in parts if part for pair in part.records.items()]
        found = [tools.Found(record, len(value), encoded=value) for record, value in pairs]
    else:
        found = (await site.catalog.read([Kind.TIMER]).wait(2)).found
    ids = {owner.number for owner in owners}
    return [row for row in timers_in(site.state, found) if row.record.timer[0] in owners or ids & row.people]


async def _states(request: Request) -> Response:
    """Show a person's conversations, once all conversations were listed. A key is (chat, user), (chat,) or (user,)."""
    site, number = site_of(request), _number(request)
    job = await site.catalog.listed(Kind.CONVERSATION).wait()
    listed = [one for one in job.found if one.record.kind is Kind.CONVERSATION]
    mine = [one for one in listed if number in one.record.conversation[1][:2]]
    found, damaged = await site.catalog.with_values(mine, _CONVERSATIONS)
    people = await people_in(site.state, site.catalog, job, found)
    return site.page(request, "parts/states.html", people=people, job=job, damaged=damaged, number=number)


async def _keyboards(request: Request) -> Response:
    """Show the keyboards whose buttons mention a person. No keyboard says whose it is."""
    site, number = site_of(request), _number(request)
    if site.catalog.lazy and "look" not in request.query_params:
        return site.page(request, "parts/person_keyboards.html", number=number, found=None, job=None)
    job = await site.catalog.read([Kind.CALLBACK]).wait()
    keyboards = [one for one in job.found if one.record.kind is Kind.CALLBACK and one.record != CALLBACK_QUERIES]
    values = [value_at(site.state, one.record, one.encoded or b"") for one in keyboards]
    mentions = re.compile(rf"(?<!\d){number}(?!\d)")
    found = [value for value in values if mentions.search(value.text or "")]
    return site.page(request, "parts/person_keyboards.html", number=number, found=found, job=job)
