"""Tests of the ASGI entry point's answers, over httpx's ASGI transport."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys

import pytest
from telegram.ext import ApplicationBuilder

from ptb_bucket.errors import ConfigurationError, UnavailableError
from ptb_bucket.serverless import settings
from ptb_bucket.serverless.asgi import asgi_webhook
from support.serverless.asgi_server import SECRET, load_bot, logs, post, running, talking_to, update

GARBAGE = [b"", b"{", b"[]", b"1", b"null", b"\xff", b'"x"', b"{}", b'{"update_id": "1"}', b"[" * 100_000,
           b'{"update_id": 1, "message": 5}', b'{"update_id": 1, "message": {"private words": 1}}']  # fmt: skip


@pytest.fixture
def bot(monkeypatch, bucket, faults):
    return load_bot(monkeypatch, bucket, faults, PATIENCE="1")


@pytest.fixture
async def client(bot):
    async with running(asgi_webhook(bot.build_application, deadline=5)) as client:
        yield client


async def ready(client):
    """Ask until the application is ready. Each request makes it try to start."""

    async def ask():
        while (await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110  nothing else tells
            await asyncio.sleep(0.01)

    await asyncio.wait_for(ask(), 10)


async def test_an_update_is_handled_saved_and_answered(client, bucket):
    answer = await client.post("/telegram", json=update("add x"))
    assert (answer.status_code, answer.content) == (200, b"")  # Telegram would take JSON for a method to call
    assert await logs(bucket) == {7: ["x"]}


@pytest.mark.parametrize("header", [None, "", "wrong", SECRET[:-1], SECRET + "0", "\xe5"])
async def test_a_wrong_secret_is_forbidden(client, bucket, header):
    del client.headers["X-Telegram-Bot-Api-Secret-Token"]
    headers = {} if header is None else {"X-Telegram-Bot-Api-Secret-Token": header.encode("latin-1")}
    assert (await client.post("/telegram", json=update("add x"), headers=headers)).status_code == 403
    assert await logs(bucket) == {}


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_is_no_update(client, body, caplog):
    answer = await client.post("/telegram", content=body)
    assert (answer.status_code, answer.text) == (400, "The body is not a valid update.")
    assert "private words" not in caplog.text
    assert await post(client, "add x") == 200


async def test_a_body_that_is_too_large_is_refused(client, bucket):
    assert (await client.post("/telegram", content=b" " * (1024 * 1024 + 1))).status_code == 413
    assert (await client.post("/telegram", content=b" " * 1024 * 1024)).status_code == 400


async def test_other_methods_and_paths(client):
    assert [(await client.request(method, "/telegram")).status_code for method in ("GET", "PUT", "DELETE")] == [405] * 3
    assert (await client.get("/")).status_code == 404
    assert (await client.get("/healthz")).json() == {"alive": True}
    assert (await client.get("/readyz")).json() == {"ready": True}


async def test_a_handler_with_a_bug_is_answered_200_because_it_is_not_sent_again(client, caplog):
    caplog.set_level(logging.INFO)
    assert await post(client, "leak") == 200
    assert "private words" not in caplog.text


async def test_while_the_bucket_cannot_be_loaded_it_starts_and_tries_again(bot, bucket, faults, caplog):
    faults.write_text("get DENIED\n")
    built = []

    def build_application():
        built.append(1)
        return bot.build_application()

    async with running(asgi_webhook(build_application, deadline=5)) as client:
        assert (await client.get("/healthz")).status_code == 200
        assert await asyncio.gather(*(post(client, "add lost", chat) for chat in range(20))) == [503] * 20
        assert len(built) == 2  # one try at the start, one that twenty requests share
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()) == (
            503, {"ready": False, "reason": "the state is not loaded", "failure": "AccessError"},
        )  # fmt: skip
        faults.unlink()
        await ready(client)
        assert await post(client, "add found") == 200
    assert await logs(bucket) == {7: ["found"]}
    assert "injected into get" in caplog.text


async def test_a_save_that_fails_is_tried_again_within_the_deadline(bot, bucket, faults):
    async with running(asgi_webhook(bot.build_application, deadline=10)) as client:
        assert await post(client, "add x") == 200
        faults.write_text("put DENIED\n")
        posts = [asyncio.create_task(post(client, "add y", chat)) for chat in (1, 2)]
        await asyncio.sleep(0.5)
        assert not any(task.done() for task in posts)
        faults.unlink()
        assert await asyncio.gather(*posts) == [200, 200]
        assert await logs(bucket) == {7: ["x"], 1: ["y"], 2: ["y"]}


async def test_updates_keep_their_order_while_the_state_is_loaded(bot, bucket):
    app = asgi_webhook(bot.build_application, deadline=10)
    async with talking_to(app) as client:
        # Without a lifespan: the first request loads, the others come while and just after it does.
        posts = []
        for word in range(40):
            posts.append(asyncio.create_task(post(client, f"add {word}")))
            await asyncio.sleep(0)
        assert set(await asyncio.gather(*posts)) == {200}
    assert await logs(bucket) == {7: [str(word) for word in range(40)]}


async def test_a_redelivered_update_is_handled_once_with_dedupe(bot, bucket, monkeypatch):
    monkeypatch.setenv("DEDUPE", "1")
    async with running(asgi_webhook(bot.build_application)) as client:
        assert [await post(client, "add x", update_id=99_000) for _ in range(3)] == [200] * 3
    assert await logs(bucket) == {7: ["x"]}


async def test_an_asgi_application_can_start_twice(bot, bucket):
    app = asgi_webhook(bot.build_application)
    for word in ("x", "y"):
        async with running(app) as client:
            assert await post(client, f"add {word}") == 200
    assert await logs(bucket) == {7: ["x", "y"]}


async def test_a_missing_secret_stops_the_start(bot, monkeypatch):
    monkeypatch.delenv("TELEGRAM_WEBHOOK_SECRET")
    with pytest.raises(ConfigurationError, match="TELEGRAM_WEBHOOK_SECRET"):
        async with running(asgi_webhook(bot.build_application)):
            pass


async def test_a_secret_that_cannot_be_read_now_is_read_at_the_next_request(bot, bucket, monkeypatch, caplog):
    """It is in a parameter of AWS, which does not answer. That ends no server, unlike a missing secret."""
    asked = []

    def read(name):
        asked.append(name)
        if len(asked) < 3:
            raise UnavailableError("ssm: AWS did not answer.")
        return SECRET

    monkeypatch.delenv("TELEGRAM_WEBHOOK_SECRET")
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET_PARAMETER", f"/secret/{bucket}")
    monkeypatch.setattr(settings, "_reader", lambda: read)
    async with running(asgi_webhook(bot.build_application)) as client:
        assert "Could not get the webhook secret. Retrying on the next request" in caplog.text
        assert [await post(client, "add x") for _ in range(2)] == [503, 200]
    assert len(asked) == 3


async def test_an_error_of_the_author_ends_the_start(bot):
    """A server without a bot would take the traffic of the revision that works."""

    def broken():
        raise KeyError("a bug")

    with pytest.raises(KeyError, match="a bug"):
        async with running(asgi_webhook(broken)):
            pass


async def test_the_first_update_uses_what_the_start_loaded_and_sees_what_was_written_since(bot, bucket):
    built = []

    def build_application():
        built.append(bot.build_application())
        return built[-1]

    async with (
        running(asgi_webhook(build_application)) as client,
        running(asgi_webhook(bot.build_application)) as other,
    ):
        assert len(built) == 1
        assert await post(other, "add x") == 200
        assert await post(client, "add y") == 200
        assert len(built) == 1
    assert await logs(bucket) == {7: ["x", "y"]}


@pytest.mark.parametrize("made", [None, ApplicationBuilder().token("1:offline")])
async def test_another_application_stops_the_start_with_the_line_to_write(bot, made):
    with pytest.raises(ConfigurationError, match=r"return bucket_application\("):
        async with running(asgi_webhook(lambda: made)):
            pass


@pytest.mark.parametrize(
    "wrong",
    [{"path": "telegram"}, {"path": "/readyz"}, {"deadline": 0}, {"deadline": 60}, {"deadline": "5"},
     {"max_waiting": 0}, {"max_waiting": True}, {"max_waiting": 1.5}],
)  # fmt: skip
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        asgi_webhook(dict, **wrong)


def test_without_starlette_it_says_what_to_install():
    code = "import sys; sys.modules['starlette'] = None; import ptb_bucket.serverless.asgi"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'ptb-bucket[asgi]'" in done.stderr.splitlines()[-1]


async def test_the_end_waits_for_an_update_whose_client_has_gone(bot, bucket):
    async with running(asgi_webhook(bot.build_application)) as client:
        gone = asyncio.create_task(post(client, "slow x 0.5"))
        await asyncio.sleep(0.2)
        gone.cancel()
    assert await logs(bucket) == {7: ["x"]}


@pytest.mark.filterwarnings("ignore:Tasks created via `Application.create_task` while")
async def test_the_end_waits_for_a_task_that_outlives_its_update(bot, bucket):
    async with running(asgi_webhook(bot.build_application)) as client:
        assert await post(client, "later x 0.3") == 200
        assert await logs(bucket) == {}
    assert await logs(bucket) == {7: ["x"]}


@pytest.mark.filterwarnings("ignore:Tasks created via `Application.create_task` while")
async def test_the_end_names_a_task_that_does_not_end(bot, bucket, caplog):
    async with running(asgi_webhook(bot.build_application)) as client:
        assert await post(client, "later x 1000") == 200
        assert await post(client, "add y") == 200
    assert "was still running at the shutdown deadline and was cancelled" in caplog.text
    assert await logs(bucket) == {7: ["y"]}


async def test_the_end_saves_what_no_answer_could_promise(bot, bucket, faults):
    async with running(asgi_webhook(bot.build_application, deadline=0.3)) as client:
        faults.write_text("put DENIED\n")
        assert await post(client, "add x") == 503
        faults.unlink()
    assert await logs(bucket) == {7: ["x"]}
