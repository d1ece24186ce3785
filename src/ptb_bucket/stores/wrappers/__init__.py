"""Stores in front of another store: retries for reads, a meter and a prefix."""

from __future__ import annotations

from ptb_bucket.stores.wrappers.base import InterceptingStore, StoreWrapper
from ptb_bucket.stores.wrappers.meter import Meter, MeteredStore
from ptb_bucket.stores.wrappers.prefix import PrefixStore
from ptb_bucket.stores.wrappers.retry import RetryingStore

__all__ = ["InterceptingStore", "Meter", "MeteredStore", "PrefixStore", "RetryingStore", "StoreWrapper"]
