"""HTTP for the light clients of providers: one pool of httpx's connections for each event loop.

python-telegram-bot has loaded httpx and httpcore anyway. Nothing of this package is imported before a provider uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports

if TYPE_CHECKING:
    from ptb_bucket.stores.http.clients import Clients, LoopClient
    from ptb_bucket.stores.http.connection import Answer, Http, Request, TimeLimits

__all__ = ["Answer", "Clients", "Http", "LoopClient", "Request", "TimeLimits"]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.stores.http.clients": ("Clients", "LoopClient"),
        "ptb_bucket.stores.http.connection": ("Answer", "Http", "Request", "TimeLimits"),
    },
)
