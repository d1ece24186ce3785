"""A proxy between an SDK and a server that makes the network and the server misbehave as planned.

It sees only HTTP, so it shows what an SDK really sends, how often, and how it reports a lost answer. It needs only the
standard library and works with any cloud::

    with FaultProxy(server_url) as proxy:
        store = open_store(f"s3://bucket?endpoint_url={proxy.url}")
        proxy.plan(WireFault.RESET_AFTER, method="PUT")
        ...  # the next PUT is applied, and its answer is a reset
        assert proxy.count("PUT") == 1
"""

from __future__ import annotations

from ptb_bucket.testing.proxy.faults import WireFault
from ptb_bucket.testing.proxy.plan import SeenRequest
from ptb_bucket.testing.proxy.proxy import FaultProxy

__all__ = ["FaultProxy", "SeenRequest", "WireFault"]
