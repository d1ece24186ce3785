"""Generations as versions: where one ended and no other one began, the object was deleted."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ptb_bucket.errors import NotFoundError
from ptb_bucket.stores import Create
from ptb_bucket_gcs import GcsStore, Options
from ptb_bucket_gcs._requests import StoredGeneration
from ptb_bucket_gcs._versions import as_versions


def blob(generation, created, deleted=None):
    """Times are seconds of a minute."""
    begin = datetime(2026, 1, 1, 10, tzinfo=timezone.utc)
    ended = None if deleted is None else begin + timedelta(seconds=deleted)
    return StoredGeneration("state.json", generation, 3, begin + timedelta(seconds=created), ended)


@pytest.mark.parametrize(
    ("blobs", "expected"),
    [
        ([blob(1, 10, 20), blob(2, 20)], ["2", "1"]),
        ([blob(1, 10, 19.6), blob(2, 20)], ["2", "1"]),
        ([blob(1, 10, 15), blob(2, 20)], ["2", "1-deleted", "1"]),
        ([blob(2, 20, 30), blob(1, 10, 20)], ["2-deleted", "2", "1"]),
        ([], []),
    ],
)
def test_a_gap_is_a_deletion(blobs, expected):
    found = list(as_versions(blobs))
    assert [one.version for one in found] == expected
    assert [one.deleted for one in found] == [one.endswith("-deleted") for one in expected]
    assert [one.modified for one in found] == sorted([one.modified for one in found], reverse=True)


async def test_a_deletion_is_shown_and_cannot_be_read(server, either_client):
    options = Options(endpoint_url=server.url, client=either_client)
    async with GcsStore(server.bucket(versioning=True), options) as store:
        await store.put("a", b"1", Create())
        await store.delete("a")
        marker, old = [one async for one in store.versions("a")]
        assert (marker.deleted, old.deleted, marker.current, old.current) == (True, False, False, False)
        assert marker.modified >= old.modified
        assert (await store.get("a", version=old.version)).data == b"1"
        with pytest.raises(NotFoundError):
            await store.get("a", version=marker.version)
