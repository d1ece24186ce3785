"""The routes: each reads a request, asks the queries or the tools, and fills a template."""

from __future__ import annotations

from ptb_bucket.web.routes import entry, pages, people, writes

__all__ = ["ROUTES"]

ROUTES = (*entry.routes(), *pages.routes(), *people.routes(), *writes.routes())
