"""Every operation of the real S3 driver that a bot may need, in an order in which each finds its objects."""

from __future__ import annotations

import contextlib
import uuid

from ptb_bucket.stores import Create, NotModified, Update, open_store
from ptb_bucket_s3._permissions import with_kms

OPERATIONS = {name: actions for name, actions in with_kms().items() if name != "delete_version"}
"""What the module can grant: deleting old versions for good is nobody's whom it serves."""


async def every_operation(uri):
    """Run every operation, and raise the error of the first one that is refused."""
    key = f"{uuid.uuid4().hex}.json"  # a new key, as an earlier call may have left its blob behind
    async with opened(uri) as store:
        etag = await store.put(key, b"1", Create())
        assert (await store.get(key)).data == b"1"
        assert isinstance(await store.get(key, if_none_match=etag), NotModified)
        await store.put(key, b"2", Update(etag))
        assert key in [info.key async for info in store.list()]
        old = [version async for version in store.versions(key) if not version.current]
        assert (await store.get(key, version=old[0].version)).data == b"1"
        await store.delete(key)


@contextlib.asynccontextmanager
async def opened(uri):
    """A store, closed at the end."""
    store = open_store(uri)
    try:
        yield store
    finally:
        await store.close()
