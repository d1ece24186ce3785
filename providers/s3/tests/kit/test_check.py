"""Tests of ``ptb-bucket check`` with a broken server, and when it is interrupted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from ptb_bucket.stores import PROOF_NAME
from ptb_bucket.testing.proxy import FaultProxy, WireFault
from ptb_bucket.tools import Verdict, check


async def failed(uri):
    return {one.name: one.detail for one in await check(uri) if one.verdict is Verdict.FAILED}


async def test_a_server_that_ignores_conditions_fails_despite_a_remembered_proof(liar, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "S3RVER")
    bucket = liar.bucket()
    assert "In a test, a put of" in (await failed(liar.uri(bucket, "bot")))["conditional puts"]
    note = {"proof": 1, "server": liar.url, "state": "proved", "style": "quoted"}
    liar.client.put_object(Bucket=bucket, Key=f"bot/{PROOF_NAME}", Body=json.dumps(note).encode())
    found = await failed(liar.uri(bucket, "bot"))
    assert "ignores conditions on puts" in found["conditional puts"]
    assert liar.keys(bucket) == []


async def test_the_right_line_fails(moto, monkeypatch):
    assert "does not exist" in (await failed(moto.uri("mistyped-bucket", "bot")))["bucket"]
    with FaultProxy(moto.url) as proxy:
        url = proxy.url
    assert set(await failed(moto.uri(moto.bucket(), "bot", endpoint_url=url))) == {"reachable"}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert set(await failed(moto.uri(moto.bucket(), "bot"))) == {"credentials"}


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=lambda sent: sent.name)
def test_a_signal_in_the_middle_of_a_put(moto, sent):
    """Applied, and the answer does not come: the process ends, and nothing is left."""
    bucket = moto.bucket()
    with FaultProxy(moto.url) as proxy:
        proxy.plan(WireFault.HANG_AFTER, method="PUT", path="ptb-bucket-check", skip=1)
        uri = moto.uri(bucket, "bot", endpoint_url=proxy.url, timeout=3)
        command = [sys.executable, "-m", "ptb_bucket.cli", "check", uri]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while proxy.count("PUT", "ptb-bucket-check") < 2:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(sent)
        out, err = process.communicate(timeout=60)
    *waits, last = err.strip().splitlines()
    assert (process.returncode, out, last) == (130, "", "ptb-bucket: Interrupted")
    assert all("Waiting for a response" in line for line in waits)  # on a slow machine
    assert moto.keys(bucket) == []
