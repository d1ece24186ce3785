"""Tests of ``ptb-bucket verify`` on real servers: honest ones, one that lies, and one that stores half an upload."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest
from light_server import certificate

from ptb_bucket.cli import main
from ptb_bucket.errors import AccessError
from ptb_bucket.stores import promises
from ptb_bucket.testing.proxy import FaultProxy, WireFault
from ptb_bucket.tools import QUICK_EFFORT, verify

SMALL = replace(QUICK_EFFORT, processes=2, races=2, lost=1, torn=1)


def run(capsys, *arguments):
    """Run the verb in this process; return its exit code, its JSON, and stderr without the waits for a slow server."""
    code = main(["verify", *arguments, "--quick", "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else None, re.sub(r"ptb-bucket: Waiting for a response: .*\n", "", err)


def test_moto_is_safe_with_both_clients(moto, client, capsys):
    bucket = moto.bucket()
    moto.client.put_object(Bucket=bucket, Key="bot/state.json", Body=b"the bot's")
    code, found, err = run(capsys, moto.uri(bucket, "bot", client=client), "--measured-by", "Ada")
    assert (code, found["problems"], found["safe"], err) == (0, [], True, "")
    assert found["races"] == {"rounds": 6, "right": 6, "broken": ""}
    lost = found["lost_answers"]
    assert (lost["cuts"], lost["right"], lost["applied"]) == (6, 6, 4)
    assert moto.objects(bucket) == ["bot/state.json"]
    shape = f"`s3://BUCKET/PREFIX?client={client}&endpoint_url=http://HOST:PORT&region=us-east-1`"
    assert found["row"].startswith("| Werkzeug | ")
    assert f" | {shape} | Ada | " in found["row"]
    assert bucket not in found["row"]


def test_a_server_that_ignores_conditions_fails_loudly(liar, capsys):
    bucket = liar.bucket()
    os.environ.update(AWS_ACCESS_KEY_ID="S3RVER", AWS_SECRET_ACCESS_KEY="S3RVER")
    try:
        assert main(["verify", liar.uri(bucket, "bot"), "--quick"]) == 1
    finally:
        os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing")
    out, err = capsys.readouterr()
    assert "Bot state is not safe here." in err
    assert "it ignores conditions on puts. Multiple instances would overwrite each other" in " ".join(err.split())
    assert "**refused**: ignores conditions" in out
    assert liar.objects(bucket) == []


def test_a_server_that_stores_half_an_upload_is_found(ministack, capsys):
    bucket = ministack.bucket()
    code, found, err = run(capsys, ministack.uri(bucket, "bot"))
    assert (code, found["safe"]) == (1, False)
    assert "the request was cut in the middle, but the object has changed" in err
    assert [one for one in found["conformance"] if not one["kept"]] == []
    assert ministack.objects(bucket) == []


async def test_old_versions_go_too(moto, monkeypatch):
    few = {"update replaces": promises.update_replaces, "delete": promises.delete_removes_only_that_object}
    # Not all: moto cannot list the versions of the oddest keys.
    monkeypatch.setattr("ptb_bucket.tools.verification.verifying.promises_of", lambda _: few)
    bucket = moto.bucket(versioning=True)
    found = await verify(moto.uri(bucket, "bot"), effort=replace(SMALL, lost=0, torn=0))
    left = moto.client.list_object_versions(Bucket=bucket)
    names = {one["Key"].rpartition("/")[2] for one in left.get("Versions", []) + left.get("DeleteMarkers", [])}
    assert (found.left, found.note) == ("", "")
    assert names == set()


@pytest.mark.long  # tests/cli/verbs/test_verify.py interrupts verifications of a directory in each run
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interruption_leaves_nothing(moto, interruptible, name):
    bucket = moto.bucket()
    command = [sys.executable, "-m", "ptb_bucket.cli", "verify", moto.uri(bucket, "bot"), "--quick"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not any("/races/" in key for key in moto.objects(bucket)):  # other processes run
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "ptb-bucket: Interrupted"
    assert moto.objects(bucket) == []


def _denied(proxy, **when):
    body = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    proxy.plan(WireFault.ANSWER_403, times=None, body=body, content_type="application/xml", **when)


async def test_without_permission_to_delete_nothing_is_written(moto):
    bucket = moto.bucket()
    with FaultProxy(moto.url) as proxy:
        _denied(proxy, method="DELETE")
        with pytest.raises(AccessError, match=r"^Nothing was written.*ptb-bucket-verify-\*.*s3:DeleteObject"):
            await verify(moto.uri(bucket, "bot", endpoint_url=proxy.url), effort=SMALL)
        assert proxy.count("PUT") == 0
    assert moto.objects(bucket) == []


async def test_what_cannot_be_cleaned_is_named(moto, monkeypatch):
    few = {"update replaces": promises.update_replaces}
    monkeypatch.setattr("ptb_bucket.tools.verification.verifying.promises_of", lambda _: few)
    bucket, left = moto.bucket(), []
    with FaultProxy(moto.url) as proxy:
        _denied(proxy, method="DELETE", when=lambda request: "nothing" not in request.path)
        effort = replace(SMALL, lost=0, torn=0)
        found = await verify(moto.uri(bucket, "bot", endpoint_url=proxy.url), effort=effort, report_left=left.append)
    prefix = moto.objects(bucket)[0].split("/")[1]
    assert left == [found.left]
    assert left[0].startswith(f"Remove s3://{bucket}/bot/{prefix}/ by hand. ")


async def _pump(reader, writer):
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def behind_tls(target, context):
    """Run a server that ends TLS in front of a plain one, and yield its URL."""

    async def connected(reader, writer):
        host, port = target.removeprefix("http://").split(":")
        answers, to = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_pump(reader, to), _pump(answers, writer))
        with suppress(OSError):
            await asyncio.gather(to.wait_closed(), writer.wait_closed())

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_answers_are_lost_below_tls(moto, either_client, tmp_path, monkeypatch):
    few = {"update replaces": promises.update_replaces}
    monkeypatch.setattr("ptb_bucket.tools.verification.verifying.promises_of", lambda _: few)
    bundle, context = certificate(tmp_path, "localhost")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))
    bucket = moto.bucket()
    async with behind_tls(moto.url, context) as url:
        uri = moto.uri(bucket, "bot", endpoint_url=url, client=either_client)
        found = await verify(uri, effort=replace(SMALL, lost=2, torn=1))
    lost = found.lost_answers
    assert (found.problems, lost.cuts, lost.right, lost.applied) == ([], 6, 6, 4)
    assert moto.objects(bucket) == []
