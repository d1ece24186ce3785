"""Fixtures for the secret that every entry point needs, and for an environment that fails on request."""

from __future__ import annotations

import pytest

from support.processes.preloaded import preloading
from support.serverless.counting_server import BotApi, Relay
from support.serverless.lambda_events import SECRET, Failing
from support.serverless.running_lambda import LambdaProcess


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", SECRET)


@pytest.fixture
def environment(tmp_path):
    """Make an environment with a bot in ``tmp_path / "bot"``."""
    return Failing(tmp_path / "bot")


@pytest.fixture
def bucket(tmp_path):
    """Return the bucket of an ASGI server's bot."""
    return f"file:{tmp_path}/bucket"


@pytest.fixture
def faults(tmp_path):
    """Return a file that names the faults of this bucket."""
    return tmp_path / "faults"


programs_are_preloaded = preloading("uvicorn", "starlette.applications")


@pytest.fixture
def start(tmp_path):
    """Start processes of a bot with a file: bucket, which end with the test."""
    running = []

    def begin(**environment):
        running.append(LambdaProcess(**{"BUCKET": f"file:{tmp_path}/bot", "TROUBLE": trouble, **environment}))
        return running[-1]

    trouble = tmp_path / "trouble"
    trouble.touch()
    yield begin
    for process in running:
        process.end()


@pytest.fixture
def bot_api():
    with BotApi() as running:
        yield running


@pytest.fixture(scope="module")
def moto():
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer  # noqa: PLC0415  takes a second

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


@pytest.fixture
def s3(moto, monkeypatch):
    """Return a relay before a bucket of S3, and the bot's settings for it."""
    import boto3  # noqa: PLC0415

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    boto3.client("s3", endpoint_url=f"http://127.0.0.1:{moto}", region_name="us-east-1").create_bucket(Bucket="init")
    with Relay(moto) as relay:
        relay.bucket = f"s3://init/{{bot_id}}?region=us-east-1&endpoint_url={relay.url}"
        yield relay
