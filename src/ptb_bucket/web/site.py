"""The parts that all pages share: the state, the settings, the catalog of what was found, and the templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from ptb_bucket.errors import CorruptDocumentError
from ptb_bucket.state import BOT_DATA, Kind, Record, check_id
from ptb_bucket.web.queries import Catalog

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ptb_bucket.tools import State
    from ptb_bucket.web.queries import Job
    from ptb_bucket.web.security import Doorkeeper, Session

__all__ = ["Settings", "Site", "address_of", "record_in", "site_of"]

_PAGE: Final = 50
"""Rows of a list on one page."""


@dataclass(frozen=True)
class Settings:
    """The options of the verb.

    Attributes:
        name: The name of the state on the pages: the URI or the file.
        write: Changes are allowed.
        mask: Values are hidden until they are clicked.
        author: The name before the ID of each commit, such as ``web:alice``.
    """

    name: str
    write: bool = False
    mask: bool = False
    author: str = ""


@dataclass
class Site:
    """Everything that a page needs."""

    state: State
    settings: Settings
    door: Doorkeeper
    catalog: Catalog = field(init=False)
    searches: dict[str, tuple[str, Job]] = field(default_factory=dict)
    _templates: jinja2.Environment = field(init=False)

    def __post_init__(self) -> None:
        self.catalog = Catalog(self.state)
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("ptb_bucket.web"), autoescape=True, undefined=jinja2.StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._templates.filters |= {
            "size": _size, "when": _when, "ago": _ago, "lasting": _lasting, "iso": _iso, "writer": _writer,
            "commas": "{:,}".format,
        }  # fmt: skip
        shared = {"address": address_of, "settings": self.settings, "bot_id": self.state.bot_id, "Kind": Kind}
        self._templates.globals |= shared
        self._templates.globals["m"] = self._templates.get_template("macros.html").module

    def page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """Return a page, or a part of one. A page is called by its heading."""
        session: Session | None = request.scope["state"].get("session")
        values |= {"csrf": session.csrf if session else "", "path": request.url.path, "query": request.query_params}
        text = self._templates.get_template(template).render(values)
        if not template.startswith("parts/"):
            title = Markup(text.partition("<h1>")[2].partition("</h1>")[0]).striptags()  # noqa: S704  escaped already
            text = self._templates.get_template("base.html").render(values, title=title, body=Markup(text))  # noqa: S704
        return HTMLResponse(text, status)

    async def close(self) -> None:
        """Stop everything that goes on in the background."""
        await self.catalog.close()
        for _, job in self.searches.values():
            await job.close()


def site_of(request: Request) -> Site:
    """Return the site of a request."""
    site: Site = request.app.state.site
    return site


def record_in(values: Any) -> Record:
    """Return the record that a query or a form names with ``kind`` and ``id``.

    Raises:
        HTTPException: There cannot be such a record.
    """
    try:
        record = Record(Kind(values.get("kind", "")), values.get("id", ""))
        check_id(record)
    except (ValueError, CorruptDocumentError):
        raise HTTPException(404, "This is not a valid record. Check the address.") from None
    return record


def address_of(record: Record, page: str = "/record", **more: Any) -> str:
    """Return the address of a record's page."""
    if page == "/record" and not more:
        if record == BOT_DATA:
            return "/bot"
        if record.kind in (Kind.USER, Kind.CHAT) and record.id.lstrip("-").isdigit():
            return f"/{'person' if record.kind is Kind.USER or record.id[:1] != '-' else 'chat'}/{record.id}"
    return f"{page}?{urlencode({'kind': record.kind.value, 'id': record.id, **more})}"


def paged(request: Request, rows: list[Any]) -> dict[str, Any]:
    """Return the rows of a list that are on the page that is asked for, its number, and the number of all rows."""
    page = max(1, number_in(request.query_params, "page", 1))
    return {"rows": rows[(page - 1) * _PAGE : page * _PAGE], "page": page, "number": len(rows)}


def number_in(values: Any, name: str, default: int) -> int:
    """Return a whole number from a query, or the default if it is not one."""
    text = values.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else default  # noqa: PLR2004  digits


def _size(number: int) -> str:
    if number < 1000:  # noqa: PLR2004  as people write sizes
        return f"{number} B"
    for unit, factor in (("kB", 1e3), ("MB", 1e6)):
        if number < factor * 999.5:
            return f"{number / factor:.1f} {unit}" if number < factor * 10 else f"{number / factor:.0f} {unit}"
    return f"{number / 1e9:.1f} GB"


def _when(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%a %d %b %Y, %H:%M:%S UTC")


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ago(moment: datetime) -> str:
    """Return how long ago a moment is, or how far ahead, in its largest unit."""
    text = _lasting(moment)
    return f"in {text}" if moment > datetime.now(timezone.utc) else f"{text} ago"


def _lasting(moment: datetime) -> str:
    """Return the time between a moment and now, in days from two days on."""
    length = int(abs((datetime.now(timezone.utc) - moment).total_seconds()))
    for unit, factor, least in (("day", 86400, 2), ("hour", 3600, 2), ("minute", 60, 2)):
        if length >= least * factor:
            return f"{length // factor} {unit}s"
    return f"{length} second{'s' if length != 1 else ''}"


def _writer(text: str) -> str:
    """Return a writer as people know it: the tool or the author, or the instance's ID."""
    name, mark, _ = text.rpartition(":")
    return name if mark else f"bot {text[:8]}"
