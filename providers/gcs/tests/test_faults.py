"""What the fault proxy does to each operation, and what the store makes of it.

The proxy stands before fake-gcs-server; a write that was refused by the proxy itself counts as sent.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ptb_bucket.errors import LostRaceError, NotFoundError, UnavailableError
from ptb_bucket.stores import Create, Update
from ptb_bucket.testing.proxy import WireFault
from ptb_bucket_gcs import GcsStore, Options

OPERATIONS = ("create", "update", "delete", "get", "list")
METHODS = {"create": "POST", "update": "POST", "delete": "DELETE", "get": "GET", "list": "GET"}


@pytest.fixture(scope="module")
def table():
    """What was measured; written to the file that GCS_FAULT_TABLE names."""
    cells = {}
    yield cells
    if path := os.environ.get("GCS_FAULT_TABLE"):
        lines = ["| fault | " + " | ".join(OPERATIONS) + " |", "|---" * 6 + "|"]
        for fault in WireFault:
            row = (cells.get((fault, operation), "") for operation in OPERATIONS)
            lines.append(f"| {fault.value} | " + " | ".join(row) + " |")
        Path(path).write_text("\n".join(lines) + "\n")


SLOW = {WireFault.HANG_BEFORE, WireFault.HANG_AFTER, WireFault.TRICKLE}


@pytest.fixture
async def store(request, proxy, bucket):
    """Through the proxy, and with the proof behind it.

    The timeout is short only where the fault is to take longer: a busy machine must not look like one.
    """
    async with GcsStore(bucket, Options(endpoint_url=proxy.url)) as store:
        await store.put("warm", b"", Create())
    fault = request.getfixturevalue("fault") if "fault" in request.fixturenames else None
    timeout = 0.8 if fault in SLOW else 30
    async with GcsStore(bucket, Options(endpoint_url=proxy.url, timeout=timeout)) as store:
        yield store


async def do(store, operation, etag):
    if operation == "create":
        await store.put("new", b"created", Create())
    elif operation == "update":
        await store.put("old", b"updated", Update(etag))
    elif operation == "delete":
        await store.delete("old")
    elif operation == "get":
        assert (await store.get("old")).data == b"data " * 100
    else:
        assert [info.key async for info in store.list()] == ["old", "warm"]


def applied(server, bucket, operation) -> bool:
    if operation == "create":
        return server.read(bucket, "new") == b"created"
    return server.read(bucket, "old") == (b"updated" if operation == "update" else None)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", WireFault, ids=lambda fault: fault.name)
async def test_cell(server, proxy, bucket, store, fault, operation, table):  # noqa: PLR0913, PLR0917  fixtures
    etag = server.write(bucket, "old", b"data " * 100)
    proxy.clear()
    proxy.plan(fault, method=METHODS[operation])
    error = None
    try:
        await do(store, operation, etag)
    except Exception as exc:  # noqa: BLE001  the table shows whatever it is
        error = exc
    outcome = type(error).__name__
    sent = proxy.count(METHODS[operation])
    table[fault, operation] = outcome
    assert sent == 1
    if operation in {"create", "update", "delete"}:
        was_applied = applied(server, bucket, operation)
        assert was_applied is fault.applies
        table[fault, operation] += f", {'applied' if was_applied else 'not applied'}"
    # Of a read: may be repeated. Of a write: outcome unknown. Never "not found", never "lost race", never Google's own.
    assert outcome == "UnavailableError"
    assert error.__cause__ is not None
    assert error.key == (None if operation == "list" else "new" if operation == "create" else "old")
    # The next one finds a connection that works.
    assert (await store.get("warm")).data == b""


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


@pytest.mark.parametrize("fault", [WireFault.RESET_AFTER, WireFault.HALF_ANSWER, WireFault.TRICKLE])
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
