"""The fault table on Google Cloud Storage: the proxy stands before fake-gcs-server."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from ptb_bucket.errors import LostRaceError, NotFoundError, UnavailableError
from ptb_bucket.stores import Create, Update
from ptb_bucket.testing.conformance import Answer, FaultConformance, WithdrawnConformance
from ptb_bucket.testing.proxy import WireFault
from ptb_bucket_gcs import GcsStore, Options


def answer(fault, reason, about):
    """Google's answers; only the reason may be repeated."""
    error = {"code": fault.status, "message": "Told.", "errors": [{"reason": reason, "message": "Told."}]}
    return Answer(fault, json.dumps({"error": error}).encode(), "application/json", about)


class TestFaults(FaultConformance):
    METHODS = FaultConformance.METHODS | {"create": "POST", "update": "POST"}
    ANSWERS: ClassVar = {
        "credentials expired": answer(WireFault.ANSWER_401, "authError", "credentials"),
        "account disabled": answer(WireFault.ANSWER_403, "accountDisabled", "permission"),
        "permission withdrawn": answer(WireFault.ANSWER_403, "forbidden", "permission"),
        "sent elsewhere": answer(WireFault.ANSWER_301, "movedPermanently", "server"),
        "bucket deleted": answer(WireFault.ANSWER_404, "notFound", "bucket"),
    }

    @pytest.fixture
    def backend(self, backend_on, client):
        return backend_on(client=client)


class TestWithdrawn(WithdrawnConformance):
    @pytest.fixture
    def backend(self, backend_on, client):
        return backend_on(client=client)


@pytest.fixture
async def store(proxy, bucket, either_client):
    """Through the proxy, with the proof behind it."""
    async with GcsStore(bucket, Options(endpoint_url=proxy.url, client=either_client)) as store:
        await store.put("warm", b"", Create())
        yield store


async def test_half_of_a_listing_is_none(server, proxy, bucket, store):
    for number in range(3):
        server.write(bucket, f"many/{number}", b"1")
    proxy.plan(WireFault.HALF_ANSWER, path="prefix=many")
    with pytest.raises(UnavailableError):
        [info async for info in store.list("many/")]


async def test_a_404_whose_reason_cannot_be_found_out_is_not_empty(proxy, bucket, store):
    """Missing object or missing bucket? The listing that would tell fails."""
    proxy.plan(WireFault.ANSWER_503, path="maxResults=1")
    with pytest.raises(UnavailableError):
        await store.get("nothing")
    with pytest.raises(NotFoundError):
        await store.get("nothing")


@pytest.mark.parametrize("fault", [WireFault.RESET_AFTER, WireFault.HALF_ANSWER])
async def test_sending_again_after_a_lost_answer_is_a_lost_race(server, proxy, bucket, store, fault):
    """Which is why nobody below the replica may send again."""
    etag = server.write(bucket, "old", b"1")
    proxy.plan(fault, method="POST")
    with pytest.raises(UnavailableError):
        await store.put("old", b"2", Update(etag))
    with pytest.raises(LostRaceError):
        await store.put("old", b"2", Update(etag))
    assert (await store.get("old")).data == b"2"


async def test_faults_during_the_proof_fail_the_put_and_prove_nothing(proxy, bucket):
    proxy.plan(WireFault.ANSWER_503, method="POST", skip=1)
    async with GcsStore(bucket, Options(endpoint_url=proxy.url)) as store:
        with pytest.raises(UnavailableError):
            await store.put("a", b"1", Create())
        with pytest.raises(NotFoundError):
            await store.get("a")
        await store.put("a", b"1", Create())
    # A create and an update that failed; then an update, two that must lose, the note; and the put itself.
    assert proxy.count("POST") == 2 + 4 + 1
