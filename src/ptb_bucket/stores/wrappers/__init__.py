"""Stores in front of another store: retries for reads, a meter and a prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports
from ptb_bucket.stores.wrappers.base import InterceptingStore, StoreWrapper, wrapped, wrapping
from ptb_bucket.stores.wrappers.meter import Meter, MeteredStore
from ptb_bucket.stores.wrappers.retry import RetryingStore

if TYPE_CHECKING:
    from ptb_bucket.stores.wrappers.prefix import PrefixStore

__all__ = [
    "InterceptingStore",
    "Meter",
    "MeteredStore",
    "PrefixStore",
    "RetryingStore",
    "StoreWrapper",
    "wrapped",
    "wrapping",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.stores.wrappers.prefix": ("PrefixStore",),
    },
)
