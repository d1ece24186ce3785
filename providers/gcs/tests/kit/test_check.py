"""Tests of ``ptb-bucket check`` with a broken server."""

from __future__ import annotations

from ptb_bucket.stores import PROOF_NAME
from ptb_bucket.testing.proxy import FaultProxy
from ptb_bucket.tools import Verdict, check
from ptb_bucket_gcs import _store as module


async def results(uri):
    return {one.name: one for one in await check(uri)}


async def failed(uri):
    return {name: one.detail for name, one in (await results(uri)).items() if one.verdict is Verdict.FAILED}


async def test_a_liar_fails(liar):
    bucket = liar.bucket()
    found = await failed(f"gs://{bucket}/bot?endpoint_url={liar.url}")
    assert "In a test, a put of" in found["conditional puts"]
    assert liar.keys(bucket) == [f"bot/{PROOF_NAME}"]


async def test_a_liar_fails_also_if_it_was_believed(liar, monkeypatch):
    """As an emulator would be that stands at one of Google's addresses."""
    monkeypatch.setattr(module, "is_google", lambda _url: True)
    monkeypatch.setattr(module.GcsStore, "min_write_interval", 0.0)
    bucket = liar.bucket()
    found = await failed(f"gs://{bucket}/bot?endpoint_url={liar.url}")
    assert "ignores conditions on puts" in found["conditional puts"]
    assert liar.keys(bucket) == []


async def test_the_right_line_fails(server, bucket):
    assert "does not exist" in (await failed(f"gs://no-such-bucket/bot?endpoint_url={server.url}"))["bucket"]
    with FaultProxy(server.url) as proxy:
        nobody = proxy.url
    assert set(await failed(f"gs://{bucket}/bot?endpoint_url={nobody}&timeout=2")) == {"reachable"}


async def test_old_versions_are_read(server):
    kept = server.bucket(versioning=True)
    assert (await results(f"gs://{kept}/bot?endpoint_url={server.url}"))["versioning"].verdict is Verdict.OK
    lost = server.bucket()
    row = (await results(f"gs://{lost}/bot?endpoint_url={server.url}"))["versioning"]
    assert row.verdict is Verdict.WARNING
    assert "gcloud storage buckets update" in row.detail
