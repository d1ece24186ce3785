"""A check for the stores of providers: a request on a kept connection that breaks is not sent a second time."""

from __future__ import annotations

import pytest

from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores import Create, Update
from ptb_bucket.testing.proxy import WireFault

OPERATIONS = ("create", "update", "delete", "get", "list")
FAULTS = (WireFault.RESET_AFTER, WireFault.CLOSE_AFTER, WireFault.CLOSE_BEFORE)


async def check_sent_once(store, proxy, operation):
    """Break the connection under an operation of a store that uses the proxy, in each of the ways."""
    etag = await store.put("key", b"1", Create())
    works = {
        "create": lambda: store.put("new", b"1", Create()),
        "update": lambda: store.put("key", b"2", Update(etag)),
        "delete": lambda: store.delete("gone"),
        "get": lambda: store.get("key"),
        "list": lambda: anext(store.list()),
    }
    for fault in FAULTS:
        proxy.clear()
        proxy.plan(fault)
        with pytest.raises(UnavailableError):
            await works[operation]()
        assert len(proxy.requests) == 1
