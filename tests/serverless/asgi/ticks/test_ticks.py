"""Tests of ``POST /tick``: what it runs, which requests it refuses, and a shared secret."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.serverless.asgi import SharedSecret, asgi_webhook
from support.serverless.asgi_server import SECRET, TICK, logs, post, running, serving, talking_to

RIGHT = {"Authorization": f"Bearer {TICK}"}


@pytest.fixture
async def client(bot):
    async with running(asgi_webhook(bot.build_application, deadline=5, tick=SharedSecret())) as client:
        yield client


# ---------------------------------------------------------------- what it runs


async def test_it_runs_what_is_due_and_says_how_much(client, bucket):
    assert await post(client, "remind 0", 1) == 200
    assert await post(client, "remind 0", 2) == 200
    assert await logs(bucket) == {}
    answer = await client.post("/tick", headers=RIGHT)
    assert (answer.status_code, answer.json()) == (200, {"ran": 2, "left": False})
    assert await logs(bucket) == {1: ["reminded"], 2: ["reminded"]}
    assert (await client.post("/tick", headers=RIGHT)).json() == {"ran": 0, "left": False}


async def test_two_ticks_at_once_run_a_job_once(client, bucket):
    assert await post(client, "remind 0.2") == 200
    answers = await asyncio.gather(*(client.post("/tick", headers=RIGHT) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert await logs(bucket) == {7: ["reminded"]}


async def test_two_servers_run_a_job_once(bot, client, bucket):
    assert await post(client, "remind 0.2") == 200
    async with running(asgi_webhook(bot.build_application, deadline=5, tick=SharedSecret())) as other:
        await asyncio.gather(client.post("/tick", headers=RIGHT), other.post("/tick", headers=RIGHT))
    assert await logs(bucket) == {7: ["reminded"]}


async def test_a_bucket_that_cannot_be_written_is_503_and_the_job_runs_later(client, bucket, faults, caplog):
    assert await post(client, "remind 0") == 200
    faults.write_text("put DENIED\n")
    answer = await client.post("/tick", headers=RIGHT)
    assert (answer.status_code, "Returned HTTP 503 for a tick" in caplog.text) == (503, True)
    faults.unlink()
    assert (await client.post("/tick", headers=RIGHT)).json() == {"ran": 1, "left": False}
    assert await logs(bucket) == {7: ["reminded"]}


async def test_a_bucket_that_cannot_be_read_is_503(client, faults):
    faults.write_text("get DENIED\n")
    assert (await client.post("/tick", headers=RIGHT)).status_code == 503


async def test_a_job_that_takes_too_long_is_cancelled_at_the_deadline(bot, bucket):
    async with running(asgi_webhook(bot.build_application, deadline=1, tick=SharedSecret())) as client:
        assert await post(client, "remind 1.5") == 200
        answer = await client.post("/tick", headers=RIGHT)
        assert (answer.status_code, answer.text) == (503, "The request timed out.")
        await asyncio.sleep(0.8)
    assert await logs(bucket) == {}


async def test_while_the_server_stops_no_tick_begins(bot, bucket):
    app = asgi_webhook(bot.build_application, deadline=5, tick=SharedSecret())
    async with talking_to(app) as client:
        async with app.router.lifespan_context(app):
            assert await post(client, "remind 0.5") == 200
            under_way = asyncio.create_task(client.post("/tick", headers=RIGHT))
            await asyncio.sleep(0.3)
        assert under_way.done()  # the end has waited for it
        assert (await under_way).json() == {"ran": 1, "left": False}
        assert (await client.post("/tick", headers=RIGHT)).status_code == 503
    assert await logs(bucket) == {7: ["reminded"]}


async def test_an_application_without_jobs_stops_the_start(bot, monkeypatch):
    monkeypatch.delenv("JOBS")
    with pytest.raises(ConfigurationError, match="jobs='bucket'"):
        async with running(asgi_webhook(bot.build_application, tick=SharedSecret())):
            pass


async def test_a_process_of_uvicorn_ticks_and_ends_at_sigterm_with_its_job_done(bucket):
    with serving(bucket, JOBS=1, PTB_BUCKET_TICK_SECRET=TICK) as server:
        async with server.client() as client:
            assert await post(client, "remind 1") == 200
            assert (await client.post("/tick")).status_code == 403
            tick = asyncio.create_task(client.post("/tick", headers=RIGHT))
            while not any("the job began" in line for line in server.lines):  # noqa: ASYNC110  nothing else tells
                await asyncio.sleep(0.05)
            log = await asyncio.to_thread(server.terminate)
            assert (await tick).json() == {"ran": 1, "left": False}
    assert await logs(bucket) == {7: ["reminded"]}
    assert "Traceback" not in log


# ---------------------------------------------------------------- off, and other requests


async def test_it_does_not_exist_unless_it_is_switched_on(bot):
    async with running(asgi_webhook(bot.build_application)) as client:
        assert (await client.post("/tick", headers=RIGHT)).status_code == 404


async def test_other_methods_are_not_allowed(client):
    statuses = [(await client.request(method, "/tick", headers=RIGHT)).status_code for method in ("GET", "PUT")]
    assert statuses == [405, 405]


async def test_a_body_is_never_read(bot):
    app, sent, read = asgi_webhook(bot.build_application, deadline=5, tick=SharedSecret()), [], []

    async def receive():
        read.append(True)
        return {"type": "http.request", "body": b"x" * 1_000_000, "more_body": True}

    async def send(message):
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in RIGHT.items()]
    request = {"type": "http", "method": "POST", "path": "/tick", "headers": headers, "query_string": b""}
    async with app.router.lifespan_context(app):
        await app(request, receive, send)
        await app({**request, "headers": []}, receive, send)
    assert [message["status"] for message in sent if "status" in message] == [200, 403]
    assert read == []


def test_the_path_is_not_free_for_updates():
    with pytest.raises(ConfigurationError, match="/tick"):
        asgi_webhook(dict, path="/tick")


@pytest.mark.parametrize("wrong", [True, "secret", SharedSecret, object()])
def test_anything_else_is_refused(wrong):
    with pytest.raises(ConfigurationError, match="SharedSecret"):
        asgi_webhook(dict, tick=wrong)


# ---------------------------------------------------------------- a shared secret


@pytest.mark.parametrize(
    "header",
    [None, "", TICK, "Bearer", "Bearer ", f"Basic {TICK}", f"Bearer {TICK}x", f"Bearer {TICK[:-1]}", f"Bearer {SECRET}",
     "Bearer \xe5\xe5\xe5"],
)  # fmt: skip
async def test_a_wrong_secret_is_forbidden(client, bucket, header, caplog):
    assert await post(client, "remind 0") == 200
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = await client.post("/tick", headers=headers)
    assert (answer.status_code, answer.text) == (403, "This caller may not run jobs.")
    assert await logs(bucket) == {}
    assert TICK[:-1] not in caplog.text


async def test_the_secret_may_have_another_name(bot, monkeypatch):
    monkeypatch.delenv("PTB_BUCKET_TICK_SECRET")
    monkeypatch.setenv("CRON", TICK)
    async with running(asgi_webhook(bot.build_application, tick=SharedSecret("CRON"))) as client:
        assert (await client.post("/tick", headers=RIGHT)).status_code == 200


@pytest.mark.parametrize("value", ["", "short", "with a space in it", "not-ascii-\u00e5\u00e5\u00e5\u00e5\u00e5\u00e5"])
async def test_a_secret_that_is_missing_or_could_be_guessed_stops_the_start(bot, monkeypatch, value):
    monkeypatch.setenv("PTB_BUCKET_TICK_SECRET", value)
    with pytest.raises(ConfigurationError, match="PTB_BUCKET_TICK_SECRET"):
        async with running(asgi_webhook(bot.build_application, tick=SharedSecret())):
            pass
