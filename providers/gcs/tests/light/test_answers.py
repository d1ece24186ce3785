"""Tests of what the light client sends, and of answers of Google that no emulator gives."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from datetime import datetime, timezone

import google_crc32c
import pytest

from ptb_bucket.errors import LostRaceError, NotFoundError, UnavailableError
from ptb_bucket.stores import NOT_MODIFIED, Blob, Create, Update, open_store
from ptb_bucket_gcs import GcsStore, Options
from ptb_bucket_gcs._light.client import _time
from ptb_bucket_gcs._light.upload import multipart
from support.answering_server import Reply, answering
from support.kept_connections import OPERATIONS, check_sent_once


def stored(data, *kinds, **headers):
    """Answer a read with the checksums of these bytes."""
    checksums = {
        "md5": hashlib.md5(data, usedforsecurity=False).digest(),
        "crc32c": google_crc32c.Checksum(data).digest(),
    }
    stated = ",".join(f"{kind}={base64.b64encode(checksums[kind]).decode()}" for kind in kinds)
    return {"X-Goog-Generation": "7", "X-Goog-Hash": stated, **headers}


def light(server, **options):
    return GcsStore("bucket", Options(endpoint_url=server.url, client="light", **options))


ODD = ["a b", "50%", "é", "a//b", "~", "a?b#c", "/", "a/../b", "+&=;", "\u2028", "..a", "a/./b", '"', "\\"]


@pytest.mark.parametrize("key", ODD)
async def test_an_odd_key_goes_to_its_own_object(server, bucket, key):
    """The side door writes what the client reads, and reads what it writes."""
    async with GcsStore(bucket, Options(endpoint_url=server.url, client="light")) as store:
        etag = server.write(bucket, key, b"outside")
        assert await store.get(key) == Blob(b"outside", str(etag))
        await store.put(key, b"inside", Update(str(etag)))
        assert server.read(bucket, key) == b"inside"
        assert [info.key async for info in store.list(key)] == [key]
        await store.delete(key)
        with pytest.raises(NotFoundError):
            await store.get(key)


@pytest.mark.parametrize("kinds", [("md5",), ("crc32c",), ("crc32c", "md5"), ()])
async def test_a_read_is_compared_with_what_is_stored(kinds):
    """Composed objects have no MD5. A server without checksums is trusted."""
    replies = [Reply(200, b"seven", stored(b"seven", *kinds)), Reply(200, b"sevem", stored(b"seven", *kinds))]
    with answering(lambda _: replies.pop(0)) as server:
        async with light(server) as store:
            assert (await store.get("a")).data == b"seven"
            if kinds:
                with pytest.raises(UnavailableError, match="damaged"):
                    await store.get("a")


async def test_each_checksum_may_be_in_a_header_of_its_own():
    """As Google sends them; none of the headers may hide another one."""
    headers = stored(b"seven", "md5", **{"x-goog-hash": "another=checksum"})
    replies = [Reply(200, b"seven", headers), Reply(200, b"sevem", headers)]
    with answering(lambda _: replies.pop(0)) as server:
        async with light(server) as store:
            assert (await store.get("a")).data == b"seven"
            with pytest.raises(UnavailableError, match="damaged"):
                await store.get("a")


async def test_an_object_that_google_unpacks_is_read():
    """Its checksums are those of the packed bytes."""
    headers = stored(gzip.compress(b"seven"), "md5", "crc32c", **{"X-Goog-Stored-Content-Encoding": "gzip"})
    with answering(lambda _: Reply(200, b"seven", headers)) as server:
        async with light(server) as store:
            assert (await store.get("a")).data == b"seven"
    assert server.seen[0].headers["accept-encoding"] == "identity"


async def test_a_known_generation_that_is_sent_again_is_not_modified():
    with answering(lambda _: Reply(200, b"1", stored(b"1", "md5"))) as server:
        async with light(server) as store:
            assert await store.get("a", if_none_match="7") is NOT_MODIFIED
            assert (await store.get("a", if_none_match="6")).etag == "7"


@pytest.mark.parametrize("data", [b"", b"1", b"\r\n--", bytes(range(256)) * 5000])
def test_an_upload_is_one_body(data):
    kind, body = multipart("käse", data)
    boundary = kind.partition('boundary="')[2].rstrip('"').encode()
    empty, properties, content, end = body.split(b"--" + boundary)
    assert (empty, end) == (b"", b"--")
    head, _, said = properties.partition(b"\r\n\r\n")
    assert head == b"\r\ncontent-type: application/json; charset=UTF-8"
    digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
    assert json.loads(said) == {
        "name": "käse",
        "contentType": "application/octet-stream",
        "cacheControl": "no-store",
        "md5Hash": digest,
    }
    assert content == b"\r\ncontent-type: application/octet-stream\r\n\r\n" + data + b"\r\n"
    assert multipart("käse", data)[0] != kind, "another boundary each time, so that no data contains it"


async def test_what_is_sent():
    answer = Reply(200, b'{"kind": "storage#objects", "generation": "8"}')
    with answering(lambda _: answer) as google:
        async with GcsStore("bucket", Options(endpoint_url=f"{google.url}/base/", client="light")) as store:
            await store._write("a/b c", b"1", Update("7"))
            await store.delete("a")
            assert [info async for info in store.list("é/")] == []
    put, delete, listing = google.seen
    assert (put.method, put.path) == (
        "POST",
        "/base/upload/storage/v1/b/bucket/o?uploadType=multipart&ifGenerationMatch=7",
    )
    assert put.headers["content-length"] == str(len(put.body))
    assert (delete.method, delete.path, delete.body) == ("DELETE", "/base/storage/v1/b/bucket/o/a", b"")
    assert listing.path.startswith("/base/storage/v1/b/bucket/o?prefix=%C3%A9%2F&fields=kind%2Citems")
    assert {seen.host for seen in google.seen} == {google.url.removeprefix("http://")}
    assert not [seen for seen in google.seen if "authorization" in seen.headers]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"error": {"code": 500}}',
        b'{"kind": "storage#object", "items": []}',
        b'{"kind": "storage#objects", "items": 1}',
        b'{"kind": "storage#objects", "items": [1]}',
        b'{"kind": "storage#objects", "items": [{}]}',
        b'{"kind": "storage#objects", "items": [{"name": "a"}]}',
    ],
)
async def test_a_listing_that_is_none_is_not_taken_for_all(body):
    with answering(lambda _: Reply(200, body)) as server:
        async with light(server) as store:
            with pytest.raises(UnavailableError):
                [info async for info in store.list()]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"generation": ""}'])
async def test_a_write_without_a_proper_answer_is_in_doubt(body):
    with answering(lambda _: Reply(200, body)) as server:
        store = light(server)
        store._prove = False
        async with store:
            with pytest.raises(UnavailableError):
                await store.put("a", b"1", Create())
    assert len(server.seen) == 1


@pytest.mark.parametrize("body", [b"", b"<html>412</html>", b'{"error": 1}', b'{"error": {"errors": [1]}}'])
async def test_a_refusal_without_a_reason_counts(body):
    with answering(lambda _: Reply(412, body)) as server:
        store = light(server)
        store._prove = False
        async with store:
            with pytest.raises(LostRaceError):
                await store.put("a", b"1", Create())


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [("2026-01-02T03:04:05Z", 0), ("2026-01-02T03:04:05.6Z", 600000), ("2026-01-02T03:04:05.678Z", 678000),
     ("2026-01-02T03:04:05.678901Z", 678901), ("2026-01-02T03:04:05.678901234Z", 678901),
     ("2026-01-02T08:34:05.678901+05:30", 678901), ("2026-01-01T22:04:05-05:00", 0)],
)  # fmt: skip
def test_a_time_has_any_number_of_digits_and_any_zone(text, microsecond):
    """fake-gcs-server writes times in the zone of its machine."""
    assert _time(text) == datetime(2026, 1, 2, 3, 4, 5, microsecond, timezone.utc)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_kept_connection_that_breaks_is_not_used_twice(proxy, bucket, operation, either_client):
    async with open_store(f"gs://{bucket}?endpoint_url={proxy.url}&client={either_client}") as store:
        await check_sent_once(store, proxy, operation)
