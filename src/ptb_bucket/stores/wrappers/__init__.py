"""Stores around a store: retries for reads, a meter, and a prefix."""

from __future__ import annotations

from ptb_bucket.stores.wrappers.meter import Meter
from ptb_bucket.stores.wrappers.meter import MeteredStore
from ptb_bucket.stores.wrappers.prefix import PrefixStore
from ptb_bucket.stores.wrappers.retry import RetryingStore
from ptb_bucket.stores.wrappers.base import StoreWrapper

__all__ = ["Meter", "MeteredStore", "PrefixStore", "RetryingStore", "StoreWrapper"]
