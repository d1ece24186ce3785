"""Changes, each in two steps: show the difference, then save it, or show what the bot did in the meantime."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from ptb_bucket import tools
from ptb_bucket.errors import ConfigurationError, RefusedError
from ptb_bucket.state import Kind, Record
from ptb_bucket.tools import OvertakenError, compact, tag_of
from ptb_bucket.web.queries import read_value
from ptb_bucket.web.routes.entry import checked_form, session_of
from ptb_bucket.web.site import Site, record_in, site_of
from ptb_bucket.web.tree import differences, type_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from ptb_bucket.tools import Edit

__all__ = ["routes"]

_ACTIONS: Final = {
    # the action → the kind of data, the heading, and the button that confirms it
    "set": (None, "Change a value", "Save"),
    "remove": (None, "Remove a value", "Remove"),
    "end": (Kind.CONVERSATION, "End a conversation", "End the conversation"),
    "drop": (Kind.CALLBACK, "Drop a keyboard", "Drop the keyboard"),
    "run": (Kind.TIMER, "Run a timer", "Make it due now"),
    "cancel": (Kind.TIMER, "Cancel a timer", "Cancel the timer"),
    "restore": (None, "Restore a record", "Restore"),
}


@dataclass(frozen=True)
class Planned:
    """A change that was shown and not confirmed yet."""

    action: str
    record: Record
    path: str = ""
    text: str = field(default="", repr=False)
    edit: Edit | None = None
    version: str = ""
    new_class: bool = False


def routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("/edit", _form), Route("/plan", _plan, methods=["POST"]), Route("/plan", _plan_link),
        Route("/save", _save, methods=["POST"]),
        Route("/erase/{number:int}", _erase_form), Route("/erase/{number:int}", _erase, methods=["POST"]),
        Route("/export/{number:int}", _export, methods=["POST"]),
    ]  # fmt: skip


def _site(request: Request) -> Site:
    site = site_of(request)
    if not site.settings.write:
        raise HTTPException(403, "These pages are read-only. To make changes, start 'ptb-bucket web' with --write.")
    return site


async def _form(request: Request) -> Response:
    """Show a value in a form that fits its type."""
    site, record, path = _site(request), record_in(request.query_params), request.query_params.get("path", "")
    value = await read_value(site.state, record)
    if value.text is None and value.exists:
        raise RefusedError(f"{value.problem} It cannot be edited here.")
    if not value.exists and record.kind not in (Kind.USER, Kind.CHAT, Kind.BOT):
        raise HTTPException(404, f"{record.label} does not exist.")
    try:
        part = value.part(path) if value.exists else {}
    except KeyError:
        raise HTTPException(404, f"{record.label} has no value at {path}. It may have changed.") from None
    return _shown_form(site, request, record, path, part)


def _shown_form(  # noqa: PLR0913, PLR0917  the form's fields
    site: Site, request: Request, record: Record, path: str, part: Any, text: str | None = None, problem: str = ""
) -> Response:
    widget = "text" if isinstance(part, str) else "bool" if isinstance(part, bool) else "json"
    if text is None:
        text = part if widget == "text" else json.dumps(part, indent=2, ensure_ascii=False)
    return site.page(
        request, "edit.html", status=422 if problem else 200, record=record, at=path, widget=widget, text=text,
        type=type_of(part), problem=problem,
    )  # fmt: skip


async def _plan(request: Request) -> Response:
    """Show the difference that a form's value makes, or the form again with what is wrong."""
    site, fields = _site(request), await checked_form(request)
    record, path, text = record_in(fields), fields.get("path", ""), fields.get("text", "").replace("\r\n", "\n")
    widget = fields.get("widget")
    notation = compact(text) if widget == "text" else text
    value = await read_value(site.state, record)
    try:
        part = value.part(path) if value.exists else {}
    except KeyError:
        part = None
    problem = _wrong(part, notation, may_differ="other_type" in fields or not value.exists)
    if not problem:
        try:
            plan = Planned("set", record, path, notation, new_class="class" in fields)
            return _shown_plan(site, request, replace(plan, edit=await _carried_out(site, plan, dry_run=True)))
        except (ConfigurationError, RefusedError) as error:
            problem = str(error)
    return _shown_form(site, request, record, path, part, text, problem)


def _wrong(part: Any, notation: str, *, may_differ: bool) -> str:
    """Return why a text cannot replace a value: it is not JSON, or is of another type."""
    try:
        new = json.loads(notation)
    except (ValueError, RecursionError) as error:
        return f"This is not JSON: {error}. Write text in double quotes."
    before, after = type_of(part), type_of(new)
    same = (before, tag_of(part)[0]) == (after, tag_of(new)[0])
    if same or may_differ or {before, after} == {"int", "float"}:
        return ""
    return f"The type would change from {before} to {after}. If you want that, tick the box below."


async def _plan_link(request: Request) -> Response:
    """Show the difference that an action makes."""
    site, asked = _site(request), request.query_params
    record, action, path = record_in(asked), asked.get("action", ""), asked.get("path", "")
    kind = _ACTIONS.get(action, ("", "", ""))[0]
    if action not in _ACTIONS or action == "set" or kind not in (None, record.kind):
        raise HTTPException(404, "There is no such action. Check the address.")
    plan = Planned(action, record, path, version=asked.get("version", ""))
    return _shown_plan(site, request, replace(plan, edit=await _carried_out(site, plan, dry_run=True)))


def _shown_plan(site: Site, request: Request, plan: Planned) -> Response:
    before, after = (plan.edit.before, plan.edit.after) if plan.edit else (None, None)
    return site.page(
        request, "plan.html", plan=plan, changes=differences(before, after, place=plan.path),
        name=session_of(request).keep(plan), heading=_ACTIONS[plan.action][1], button=_ACTIONS[plan.action][2],
    )  # fmt: skip


async def _save(request: Request) -> Response:
    """Carry out a change that was shown. If the value has changed since, show what the bot wrote instead."""
    site, fields = _site(request), await checked_form(request)
    plan = session_of(request).pending.pop(fields.get("name", ""), None)
    if not isinstance(plan, Planned):
        raise HTTPException(409, "This change was already saved or has expired. Nothing was changed now. Start again.")
    try:
        edit = await _carried_out(site, plan, dry_run=False)
    except OvertakenError as error:
        theirs = differences(plan.edit.before if plan.edit else None, error.now, place=plan.path)
        return site.page(request, "conflict.html", status=409, plan=plan, theirs=theirs)
    finally:
        site.catalog.forget()
    merged = plan.action == "set" and plan.edit is not None and edit.after != plan.edit.after
    return site.page(request, "saved.html", plan=plan, heading=_ACTIONS[plan.action][1], merged=merged)


async def _carried_out(site: Site, plan: Planned, *, dry_run: bool) -> Edit:
    how: dict[str, Any] = {"dry_run": dry_run, "planned": plan.edit}
    if plan.action == "restore":
        return await tools.restore_record(site.state, plan.record, plan.version, **how)
    if plan.action == "run":
        return await tools.make_due(site.state, plan.record, **how)
    if plan.action == "set":
        how["new_class"] = plan.new_class
        return await tools.set_value(site.state, plan.record, plan.path, plan.text, **how)
    return await tools.remove(site.state, plan.record, plan.path, **how)


async def _erase_form(request: Request) -> Response:
    """Show what would be erased."""
    site, number = _site(request), request.path_params["number"]
    found = await tools.find_person(site.state, number)
    past = await tools.past_of(site.state, found)
    return site.page(request, "erase.html", number=number, found=found, past=past, receipt=None)


async def _erase(request: Request) -> Response:
    """Erase a person, and show the receipt."""
    site, number, fields = _site(request), request.path_params["number"], await checked_form(request)
    if fields.get("confirm", "").strip() != str(number):
        raise HTTPException(400, f"Nothing was erased. To confirm, enter {number} in the field.")
    found = await tools.find_person(site.state, number)
    past = await tools.past_of(site.state, found)
    try:
        versions = past if "versions" in fields else None
        deleted = await tools.erase(site.state, found, versions, force="force" in fields)
    finally:
        site.catalog.forget()
    receipt = {"deleted": deleted, "time": datetime.now(timezone.utc), "author": site.settings.author}
    left = await tools.past_of(site.state, found)
    return site.page(request, "erase.html", number=number, found=found, past=left, receipt=receipt)


async def _export(request: Request) -> Response:
    """Send everything that is stored under a person's ID, with a receipt of what it contains."""
    site, number = _site(request), request.path_params["number"]
    await checked_form(request)
    text = json.dumps(await tools.export_person(site.state, number), indent=1, ensure_ascii=False)
    name = f'attachment; filename="person-{number}.json"'
    return Response(text, media_type="application/json", headers={"Content-Disposition": name})
