"""Tests of requests, and of answers that fake-gcs-server never gives, which come from ``answering``."""

from __future__ import annotations

import base64
import hashlib
import json
from urllib.parse import parse_qs, urlsplit

import google_crc32c
import pytest
from google.cloud import storage

from ptb_bucket.errors import LostRaceError, NotFoundError, UnavailableError, UnsupportedError
from ptb_bucket.stores import NOT_MODIFIED, Blob, Create, Update
from ptb_bucket_gcs import GcsStore, Options


def media(data, generation):
    digest = base64.b64encode(google_crc32c.Checksum(data).digest()).decode()
    return 200, {"X-Goog-Generation": str(generation), "X-Goog-Hash": f"crc32c={digest}"}, data


def refusal(status, reason):
    error = {"code": status, "message": "No.", "errors": [{"reason": reason, "message": "No."}]}
    return status, {"Content-Type": "application/json"}, json.dumps({"error": error}).encode()


async def test_an_upload_is_one_request_however_large(proxy, bucket, opened):
    """Google's client would take a resumable upload, of several requests, above 8 MiB."""
    async with opened(proxy.url, bucket) as store:
        etag = await store.put("big", b"x" * (9 * 2**20), Create())
        await store.put("big", b"y" * (20 * 2**20), Update(etag))
    sent = [request for request in proxy.requests if request.method in {"POST", "PUT"} and request.size > 2**20]
    assert len(sent) == 2
    assert all("uploadType=multipart" in request.path and "ifGenerationMatch=" in request.path for request in sent)
    assert proxy.count("PUT") == 0


@pytest.mark.parametrize("size", [0, 100, 9 * 2**20])
async def test_an_upload_says_what_its_bytes_are(answering, monkeypatch, size, opened):
    """Google refuses what was damaged on the way; fake-gcs-server would store it."""
    monkeypatch.setattr("ptb_bucket_gcs._store.is_google", lambda _url: True)  # which needs no proof
    answer = 200, {"Content-Type": "application/json"}, json.dumps({"generation": "7", "name": "a"}).encode()
    data = bytes(range(256)) * (size // 256)
    with answering(lambda *_: answer) as google:
        async with opened(google.url) as store:
            store.min_write_interval = 0.0
            assert await store.put("a", data, Create()) == "7"
    [upload] = google.seen
    said = json.loads(upload.body.split(b"\r\n\r\n", 2)[1].split(b"\r\n", 1)[0])
    crc32c, md5 = google_crc32c.Checksum(data).digest(), hashlib.md5(data, usedforsecurity=False).digest()
    stated = {"crc32c": base64.b64encode(crc32c).decode(), "md5Hash": base64.b64encode(md5).decode()}
    assert stated.items() & said.items()
    assert (said["name"], said["cacheControl"]) == ("a", "no-store")


@pytest.mark.parametrize(
    ("settings", "sent"),
    [({"versioning": {"enabled": True}}, True), ({"versioning": {"enabled": False}}, False), ({}, False)],
)
async def test_a_generation_is_deleted_only_where_old_ones_are_kept(answering, monkeypatch, settings, sent, opened):
    """If no old versions are kept, the named generation is the live object."""
    monkeypatch.setattr("ptb_bucket_gcs._store.is_google", lambda _url: True)

    def answer(method, _path, _headers):
        if method == "DELETE":
            return 204, {}, b""
        return 200, {"Content-Type": "application/json"}, json.dumps({"name": "bucket", **settings}).encode()

    with answering(answer) as google:
        async with opened(google.url) as store:
            if sent:
                await store.delete_version("a", "7")
            else:
                with pytest.raises(UnsupportedError, match="--versioning"):
                    await store.delete_version("a", "7")
    assert [parse_qs(urlsplit(seen.path).query)["generation"] for seen in google.seen if seen.method == "DELETE"] == (
        [["7"]] if sent else []
    )


async def test_each_operation_is_one_request(proxy, bucket, opened):
    async with opened(proxy.url, bucket) as store:
        await store.put("warm", b"1", Create())
        for operation, method in (
            (lambda: store.put("a", b"1", Create()), "POST"),
            (lambda: store.get("a"), "GET"),
            (lambda: store.delete("a"), "DELETE"),
        ):
            proxy.clear()
            await operation()
            assert [request.method for request in proxy.requests] == [method]
        proxy.clear()
        assert [info.key async for info in store.list()] == ["warm"]
        assert len(proxy.requests) == 1


async def test_the_conditions_of_a_read_are_sent_and_304_is_understood(answering, opened):
    """fake-gcs-server ignores them, so this is a fake that honours them."""

    def answer(_method, path, _headers):
        return (304, {}, b"") if "ifGenerationNotMatch=7" in path else media(b"seven", 7)

    with answering(answer) as google:
        async with opened(google.url) as store:
            assert await store.get("a", if_none_match="7") is NOT_MODIFIED
            assert await store.get("a", if_none_match="6") == Blob(b"seven", "7")
            assert await store.get("a", if_none_match="an ETag of S3") == Blob(b"seven", "7")
    assert ["ifGenerationNotMatch" in seen.path for seen in google.seen] == [True, True, False]


async def test_bytes_and_generation_come_from_one_answer(answering, opened):
    """Each answer is another version, so two requests would combine the bytes of one with the generation of another."""
    versions = iter(range(1, 99))

    def answer(_method, path, _headers):
        number = next(versions)
        if "alt=media" in path:
            return media(b"version %d" % number, number)
        return 200, {"Content-Type": "application/json"}, json.dumps({"generation": str(number)}).encode()

    with answering(answer) as google:
        async with opened(google.url) as store:
            blobs = [await store.get("a") for _ in range(5)]
    assert [blob.data for blob in blobs] == [b"version " + blob.etag.encode() for blob in blobs]
    assert len(google.seen) == 5


async def test_a_read_with_wrong_bytes_is_rejected(answering, opened):
    def answer(_method, _path, _headers):
        status, headers, _ = media(b"what was stored", 7)
        return status, headers, b"what has arrived"

    with answering(answer) as google:
        async with opened(google.url) as store:
            with pytest.raises(UnavailableError):
                await store.get("a")


async def test_a_read_without_a_generation_is_refused(answering, opened):
    with answering(lambda *_: (200, {}, b"1")) as google:
        async with opened(google.url) as store:
            with pytest.raises(UnsupportedError, match="generation"):
                await store.get("a")


async def test_a_conditional_delete_is_never_sent(proxy, bucket, opened):
    """Deleting is unconditional by contract. If the object is gone, one more request looks for the bucket."""
    async with opened(proxy.url, bucket) as store:
        await store.delete("nothing")
    assert [(request.method, "ifGeneration" in request.path) for request in proxy.requests] == [
        ("DELETE", False),
        ("GET", False),
    ]


@pytest.mark.parametrize("name", ["_do_resumable_upload", "_do_multipart_upload"])
async def test_a_client_that_may_send_a_write_in_parts_is_refused(proxy, bucket, monkeypatch, name):
    monkeypatch.delattr(storage.Blob, name)
    options = Options(endpoint_url=proxy.url, client="google-cloud-storage")
    async with GcsStore(bucket, options) as store:
        with pytest.raises(UnsupportedError, match="downgrade google-cloud-storage"):
            await store.put("a", b"1", Create())
    assert proxy.requests == []


async def test_options_arrive_in_the_requests(proxy, bucket, opened):
    key = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
    async with opened(proxy.url, bucket, user_project="payer", kms_key_name=key) as store:
        await store.put("a", b"1", Create())
        await store.get("a")
        await store.delete("a")
        assert [info async for info in store.list()] == []
    assert all("userProject=payer" in request.path for request in proxy.requests)
    posts = [request.path for request in proxy.requests if request.method == "POST"]
    assert all("kmsKeyName=projects" in path for path in posts)


async def test_no_request_reads_the_bucket_itself(proxy, bucket, opened):
    """This would need storage.buckets.get, which a bot may lack. Google's client would do it in a separate thread."""
    async with opened(proxy.url, bucket) as store:
        await store.put("a", b"1", Create())
        await store.get("a")
        await store.delete("a")
    assert not [request.path for request in proxy.requests if f"/b/{bucket}?" in request.path]


async def test_versions_without_permission_to_read_the_bucket_settings(answering, opened):
    def answer(_method, path, _headers):
        item = {"name": "a", "generation": "7", "size": "1", "timeCreated": "2026-01-01T00:00:00Z"}
        if "alt=media" in path:
            return media(b"7", 7)
        if "versions=" in path:
            return (
                200,
                {"Content-Type": "application/json"},
                json.dumps({"kind": "storage#objects", "items": [item]}).encode(),
            )
        return refusal(403, "forbidden")

    with answering(answer) as google:
        async with opened(google.url) as store:
            assert [version.version async for version in store.versions("a")] == ["7"]
            assert await store.get("a", version="7") == Blob(b"7", "7")
            with pytest.raises(NotFoundError):
                await store.get("a", version="no generation")


async def test_nothing_of_the_data_is_logged(store, caplog):
    """Google's libraries log requests at DEBUG, which this run records."""
    with caplog.at_level("DEBUG"):
        await store.put("a", b"rosebud", Create())
        await store.get("a")
    assert caplog.records
    assert not [record for record in caplog.records if "rosebud" in str(vars(record))]


async def test_diagnose(store, server, opened):
    findings = {finding.check: finding for finding in await store.diagnose()}
    assert not findings["uniform access"].ok
    assert "--versioning" in findings["versioning"].detail
    assert findings["retention"].ok
    async with opened(server.url, "no-such-bucket") as missing:
        assert [finding.check for finding in await missing.diagnose()] == ["bucket settings"]


async def test_a_listing_goes_on_to_the_last_page(answering, opened):
    """fake-gcs-server gives a thousand per page, as Google does; this fake gives two."""
    pages = {"": (["a", "b"], "1"), "1": (["c", "d"], "2"), "2": ([], "3"), "3": (["e"], None)}

    def answer(_method, path, _headers):
        token = parse_qs(urlsplit(path).query).get("pageToken", [""])[0]
        names, following = pages[token]
        items = [{"name": name, "size": "1"} for name in names]
        body = {"kind": "storage#objects", "items": items, "nextPageToken": following}
        return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()

    with answering(answer) as google:
        async with opened(google.url) as store:
            assert [info.key async for info in store.list()] == ["a", "b", "c", "d", "e"]
    assert len(google.seen) == 4


async def test_an_old_generation_is_deleted_by_its_number(answering, opened):
    """fake-gcs-server deletes the current one instead: refused there, and this is a fake of Google's answers."""
    left = {"5", "6"}

    def answer(method, path, _):
        if method == "GET":
            return (
                200,
                {"Content-Type": "application/json"},
                b'{"kind": "storage#objects", "versioning": {"enabled": true}}',
            )
        [generation] = parse_qs(urlsplit(path).query)["generation"]
        if generation not in left:
            return refusal(404, "notFound")
        left.remove(generation)
        return 204, {}, b""

    with answering(answer) as google:
        async with opened(google.url) as store:
            store._is_google = True
            for version in ("5", "5", "no generation"):
                await store.delete_version("a", version)
            assert left == {"6"}
            sent = [urlsplit(seen.path).path for seen in google.seen if seen.method == "DELETE"]
            assert sent == ["/storage/v1/b/bucket/o/a"] * 2


async def test_a_delete_on_a_condition_names_the_generation(answering, opened):
    """fake-gcs-server ignores the condition: refused there, and this is a fake of Google's answers."""
    there = {"a": "6"}

    def answer(method, path, _):
        if method == "GET":
            return 200, {"Content-Type": "application/json"}, b'{"kind": "storage#objects"}'
        [generation] = parse_qs(urlsplit(path).query)["ifGenerationMatch"]
        if "a" not in there:
            return refusal(404, "notFound")
        if generation != there["a"]:
            return refusal(412, "conditionNotMet")
        del there["a"]
        return 204, {}, b""

    with answering(answer) as google:
        async with opened(google.url) as store:
            with pytest.raises(UnsupportedError, match="Only Google's own servers"):
                await store.delete_if("a", "6")
            assert google.seen == []
            store._is_google = True
            for generation in ("5", "no generation"):
                with pytest.raises(LostRaceError):
                    await store.delete_if("a", generation)
            assert there
            for _ in range(2):
                await store.delete_if("a", "6")
            assert not there
