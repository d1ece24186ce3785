"""Tests of tokens: a metadata server and Google's own host, both of this machine, and a bot that uses them."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from types import SimpleNamespace

import pytest

from ptb_bucket.errors import AccessError, UnavailableError
from ptb_bucket.stores import Create, open_store
from ptb_bucket_gcs._light import tokens as module
from support.answering_server import Reply, answering, certificate

FLAVOR = {"Metadata-Flavor": "Google", "Content-Type": "application/json"}
OBJECT = Reply(200, b"1", {"X-Goog-Generation": "7"})
STORED = Reply(200, b'{"generation": "8"}')


def token(text, seconds=3600, headers=FLAVOR):
    found = {"access_token": text, "expires_in": seconds, "token_type": "Bearer"}
    return Reply(200, json.dumps(found).encode(), headers)


def bearer(seen):
    return seen.headers.get("authorization", "").removeprefix("Bearer ")


def for_token(right):
    """Answer like Google if only this token is valid."""
    return lambda seen: OBJECT if bearer(seen) == right else Reply(401, b"{}")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "_PAUSES", (0.01, 0.01))


@pytest.fixture
def google(tmp_path, monkeypatch):
    """Run Google: a proxy leads to it as storage.googleapis.com. ``google.answer`` decides."""
    bundle, context = certificate(tmp_path, "storage.googleapis.com")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with answering(lambda seen: OBJECT if seen.method == "GET" else STORED, context) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        monkeypatch.setenv("HTTP_PROXY", server.url)  # through which nothing goes to the metadata server
        yield server


@pytest.fixture
def metadata(monkeypatch):
    """Run a metadata server. It hands out what is in ``metadata.replies``, one after the other."""
    replies = [token("first")]
    with answering(lambda _: replies.pop(0) if len(replies) > 1 else replies[0]) as server:
        server.replies = replies
        monkeypatch.setenv("GCE_METADATA_HOST", server.url.removeprefix("http://"))
        yield server


def hands_out(metadata, *replies):
    metadata.replies[:] = replies


async def test_a_token_is_fetched_once_and_sent_to_google(google, metadata):
    async with open_store("gs://bucket") as store:
        assert (await store.get("a b/ü")).data == b"1"
        assert await store.put("a", b"1", Create()) == "8"
    [asked] = metadata.seen
    path, _, query = asked.target.partition("?")
    assert (asked.method, path) == ("GET", "/computeMetadata/v1/instance/service-accounts/default/token")
    assert query == "scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fdevstorage.read_write"
    assert asked.headers["metadata-flavor"] == "Google"
    assert "authorization" not in asked.headers
    assert set(google.tunnels) == {"storage.googleapis.com:443"}
    assert [bearer(seen) for seen in google.seen] == ["first", "first"]


async def test_a_token_without_the_flavor_of_the_server_counts(google, metadata):
    """Some versions of GKE leave the header out, and google-auth does not look for it."""
    hands_out(metadata, token("first", headers={}))
    async with open_store("gs://bucket") as store:
        await store.get("a")
    assert bearer(google.seen[0]) == "first"


async def test_requests_at_once_wait_for_one_token(google, metadata):
    async with open_store("gs://bucket") as store:
        await asyncio.gather(*(store.get(f"{number}") for number in range(10)))
    assert len(metadata.seen) == 1
    assert len(google.seen) == 10


def test_another_event_loop_uses_the_same_token(google, metadata):
    store = open_store("gs://bucket")
    for _ in range(3):
        asyncio.run(store.get("a"))
    assert len(metadata.seen) == 1


async def test_a_token_is_renewed_before_its_end(google, metadata, monkeypatch):
    monkeypatch.setattr(module, "_PAUSE", -1.0)
    hands_out(metadata, token("first", 224), token("second"))
    async with open_store("gs://bucket") as store:
        for _ in range(3):
            await store.get("a")
    assert [bearer(seen) for seen in google.seen] == ["first", "second", "second"]


async def test_a_short_token_is_not_renewed_at_each_request(google, metadata):
    """The metadata server keeps a token until it has less than five minutes."""
    hands_out(metadata, token("first", 100))
    async with open_store("gs://bucket") as store:
        for _ in range(3):
            await store.get("a")
    assert len(metadata.seen) == 1


@pytest.mark.parametrize("failure", [Reply(503), Reply(404, b"", FLAVOR), Reply(200, b"no", FLAVOR)])
async def test_a_valid_token_is_kept_if_its_renewal_fails(google, metadata, monkeypatch, failure):
    monkeypatch.setattr(module, "_PAUSE", -1.0)
    hands_out(metadata, token("first", 100), failure)
    async with open_store("gs://bucket") as store:
        for _ in range(2):
            await store.get("a")
    assert [bearer(seen) for seen in google.seen] == ["first", "first"]
    assert len(metadata.seen) == 2, "a valid token is not worth several attempts"


async def test_a_failed_renewal_is_not_tried_again_at_each_request(google, metadata, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: now[0]))
    hands_out(metadata, token("first", 100), Reply(503))
    async with open_store("gs://bucket") as store:
        for now[0], asked in ((0.0, 1), (29.0, 1), (31.0, 2), (32.0, 2), (60.0, 2), (62.0, 3)):
            await store.get("a")
            assert len(metadata.seen) == asked, now


async def test_a_token_that_has_ended_is_not_sent(google, metadata):
    hands_out(metadata, token("first", 0), Reply(503))
    async with open_store("gs://bucket") as store:
        await store.get("a")
        with pytest.raises(UnavailableError, match="token"):
            await store.get("a")
    assert len(google.seen) == 1


@pytest.mark.parametrize("operation", ["get", "put"])
async def test_a_refused_token_is_replaced_once(google, metadata, operation):
    google.answer = lambda seen: STORED if seen.method == "POST" and bearer(seen) == "second" else right(seen)
    right = for_token("second")
    hands_out(metadata, token("first"), token("second"))
    async with open_store("gs://bucket") as store:
        await (store.get("a") if operation == "get" else store.put("a", b"1", Create()))
        await store.get("a")
    assert [bearer(seen) for seen in google.seen] == ["first", "second", "second"]


@pytest.mark.parametrize("second", [token("first"), token("second"), Reply(503)])
async def test_a_token_that_stays_refused_is_an_access_error(google, metadata, second):
    google.answer = for_token("another")
    hands_out(metadata, token("first"), second)
    async with open_store("gs://bucket") as store:
        with pytest.raises(AccessError, match="credentials") as caught:
            await store.put("a", b"1", Create())
    assert caught.value.about == "credentials"
    assert len(google.seen) == (2 if second == token("second") else 1)
    assert "first" not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "kind", "text"),
    [
        (Reply(404, b"", FLAVOR), AccessError, "without a service account"),
        (Reply(403, b"", FLAVOR), AccessError, "workload identity"),
        (token("rosebud", headers={"Metadata-Flavor": "Other"}), AccessError, "GCE_METADATA_HOST.*client=google"),
        (Reply(503, b"rosebud"), UnavailableError, "metadata server"),
        (Reply(429, b"rosebud"), UnavailableError, "metadata server"),
        (Reply(200, b"rosebud", FLAVOR), UnavailableError, "metadata server"),
        (Reply(200, b'["rosebud"]', FLAVOR), UnavailableError, "metadata server"),
        (Reply(200, b'{"access_token": 1, "expires_in": 1}', FLAVOR), UnavailableError, "metadata server"),
        (token("rosebud\r\nx:y"), UnavailableError, "metadata server"),
        (token(""), UnavailableError, "metadata server"),
        (token("rosebud", "soon"), UnavailableError, "metadata server"),
    ],
)
async def test_a_metadata_server_that_gives_no_token(google, metadata, reply, kind, text):
    hands_out(metadata, reply)
    async with open_store("gs://bucket") as store:
        with pytest.raises(kind, match=text) as caught:
            await store.get("a")
    assert getattr(caught.value, "about", "credentials") == "credentials"
    assert caught.value.key == "a"
    assert "rosebud" not in str(caught.value)
    assert google.seen == []
    assert len(metadata.seen) == (3 if reply.status >= 429 else 1)


async def test_a_metadata_server_that_starts_later(google, metadata):
    hands_out(metadata, Reply(503), Reply(500), token("first"))
    async with open_store("gs://bucket") as store:
        await store.get("a")
    assert len(metadata.seen) == 3


async def test_no_metadata_server_at_all(google, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("GCE_METADATA_HOST", f"127.0.0.1:{unused.getsockname()[1]}")
        async with open_store("gs://bucket") as store:
            with pytest.raises(UnavailableError, match="GOOGLE_APPLICATION_CREDENTIALS"):
                await store.get("a")
    assert google.seen == []


async def test_a_slow_metadata_server_counts(google, monkeypatch):
    """It is part of the operation, and is asked again after its own time limit."""
    monkeypatch.setattr(module, "_SECONDS", 0.1)
    finish = threading.Event()

    def answer(_):
        finish.wait(20)
        return token("late")

    with answering(answer) as metadata:
        monkeypatch.setenv("GCE_METADATA_HOST", metadata.url.removeprefix("http://"))
        for seconds, text in (("20", "metadata server"), ("0.2", "timed out after 0.2 seconds")):
            async with open_store(f"gs://bucket?timeout={seconds}") as store:
                with pytest.raises(UnavailableError, match=text):
                    await store.get("a")
        finish.set()
    assert google.seen == []


async def test_a_request_that_is_cancelled_leaves_the_token_to_the_next(google, monkeypatch):
    asked, finish = threading.Event(), threading.Event()

    def answer(_):
        asked.set()
        finish.wait(20)
        return token("first")

    with answering(answer) as metadata:
        monkeypatch.setenv("GCE_METADATA_HOST", metadata.url.removeprefix("http://"))
        async with open_store("gs://bucket") as store:
            first, second = (asyncio.ensure_future(store.get(name)) for name in "ab")
            await asyncio.to_thread(asked.wait, 20)
            first.cancel()
            finish.set()
            assert (await second).data == b"1"
    assert len(google.seen) == 1


async def test_another_server_gets_no_token(metadata, monkeypatch):
    with answering(lambda _: OBJECT) as stranger:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        async with open_store(f"gs://bucket?endpoint_url={stranger.url}") as store:
            await store.get("a")
    assert "authorization" not in stranger.seen[0].headers
    assert metadata.seen == []


async def test_a_redirection_is_not_followed(google, metadata):
    google.answer = lambda _: Reply(307, b"", {"Location": "https://evil.example/"})
    async with open_store("gs://bucket") as store:
        with pytest.raises(AccessError, match="redirected") as caught:
            await store.put("a", b"1", Create())
    assert caught.value.about == "server"
    assert google.tunnels == ["storage.googleapis.com:443"]
    assert len(google.seen) == 1


async def test_a_certificate_of_another_authority_is_refused(google, metadata, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    async with open_store("gs://bucket") as store:
        with pytest.raises(AccessError, match="certificate") as caught:
            await store.get("a")
    assert caught.value.about == "server"
    assert google.seen == []


async def test_no_log_line_has_the_token(google, metadata, caplog):
    caplog.set_level("DEBUG")
    hands_out(metadata, token("rosebud"))
    async with open_store("gs://bucket") as store:
        await store.get("a")
        await store.put("a", b"1", Create())
    assert bearer(google.seen[0]) == "rosebud"
    assert caplog.records
    assert not [record for record in caplog.records if "rosebud" in str(vars(record))]
