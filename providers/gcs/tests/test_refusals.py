"""Tests of what Google refuses: which error it becomes, and that nothing of it counts as empty."""

from __future__ import annotations

import json

import pytest

from ptb_bucket.errors import AccessError, LostRaceError, NotFoundError, UnavailableError, UnsupportedError
from ptb_bucket.stores import Create, Update
from ptb_bucket.testing.proxy import WireFault


def refusal(status, reason):
    error = {"code": status, "message": "No.", "errors": [{"reason": reason, "message": "No."}]}
    return status, {"Content-Type": "application/json"}, json.dumps({"error": error}).encode()


async def test_a_mistyped_bucket_is_never_empty(server, opened):
    async with opened(server.url, "no-such-bucket") as store:
        for operation in (
            store.get("a"),
            store.get("a", if_none_match="1"),
            store.delete("a"),
            store.put("a", b"1", Create()),
            store.put("a", b"1", Update("1")),
        ):
            with pytest.raises(AccessError, match="bucket 'no-such-bucket' does not exist"):
                await operation
        for listing in (store.list(), store.versions("a")):
            with pytest.raises(AccessError, match="bucket 'no-such-bucket' does not exist"):
                [item async for item in listing]


async def test_a_404_that_may_not_be_looked_into_is_not_empty(answering, opened):
    """No storage.objects.list: Google itself would answer 403 then."""

    def answer(_method, path, _headers):
        return refusal(404, "notFound") if "/o/" in path else refusal(403, "forbidden")

    with answering(answer) as google:
        async with opened(google.url) as store:
            with pytest.raises(AccessError, match=r"storage\.objects\.list"):
                await store.get("a")


async def test_an_update_of_what_is_gone_is_a_lost_race_also_where_that_is_a_404(answering, opened):
    def answer(method, _path, _headers):
        listing = 200, {"Content-Type": "application/json"}, b'{"kind": "storage#objects"}'
        return refusal(404, "notFound") if method == "POST" else listing

    with answering(answer) as google:
        store = opened(google.url)
        store._prove = False
        async with store:
            with pytest.raises(LostRaceError):
                await store.put("a", b"1", Update("7"))
            with pytest.raises(AccessError):
                await store.put("a", b"1", Create())
            with pytest.raises(LostRaceError):
                await store.put("a", b"1", Update("no generation"))


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (400, "invalid", (AccessError, "malformed")),
        (401, "authError", (AccessError, "credentials")),
        (403, "forbidden", (AccessError, r"storage\.objects\.create and storage\.objects\.delete")),
        (403, "rateLimitExceeded", (UnavailableError, "rateLimitExceeded")),
        (403, "accountDisabled", (AccessError, "accountDisabled")),
        (409, "conflict", (UnavailableError, "another operation")),
        (412, "conditionNotMet", (LostRaceError, "race")),
        (413, "uploadTooLarge", (UnsupportedError, "too large")),
        (429, "rateLimitExceeded", (UnavailableError, "one write per second")),
        (501, "notImplemented", (UnsupportedError, "501")),
        (502, "backendError", (UnavailableError, "502")),
    ],
)
async def test_what_google_answers_to_a_write(answering, status, reason, expected, opened):
    error, text = expected
    with answering(lambda *_: refusal(status, reason)) as google:
        store = opened(google.url)
        store._prove = False
        async with store:
            with pytest.raises(error, match=text) as caught:
                await store.put("a", b"1", Create())
    assert caught.value.key == "a"
    assert google.url not in str(caught.value)
    assert [seen.method for seen in google.seen if seen.method == "POST"] == ["POST"]


async def test_429_is_for_later_and_sent_once(proxy, bucket, opened):
    """fake-gcs-server knows no limits: the fault proxy answers."""
    async with opened(proxy.url, bucket) as store:
        await store.put("warm", b"1", Create())
        proxy.plan(WireFault.ANSWER_429, method="POST")
        with pytest.raises(UnavailableError, match="one write per second"):
            await store.put("a", b"1", Create())
        with pytest.raises(NotFoundError):
            await store.get("a")


PAYS = "Bucket is a requester pays bucket but no user project provided."


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", json.dumps({"error": {"code": 400, "message": PAYS, "errors": [{"reason": "required"}]}})),
        ("application/xml", "<Error><Code>UserProjectMissing</Code><Message>x</Message></Error>"),
        ("text/html", PAYS),
    ],
)
async def test_a_requester_pays_bucket_needs_a_project(answering, kind, body, opened):
    with answering(lambda *_: (400, {"Content-Type": kind}, body.encode())) as google:
        async with opened(google.url) as store:
            store._prove = False
            works = (store.get("a"), store.put("a", b"1", Create()), store.delete("a"), anext(store.list()))
            for work in works:
                with pytest.raises(AccessError, match="user_project=") as caught:
                    await work
                assert caught.value.about == "bucket"
