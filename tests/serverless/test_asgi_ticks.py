"""Tests of ``POST /tick``: who may call it, and what it runs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.serverless.asgi import GoogleOidc, SharedSecret, asgi_webhook, ticks
from support.serverless.asgi_server import SECRET, load_bot, logs, post, running, serving, talking_to
from support.serverless.google_keys import AUDIENCE, EMAIL, GoogleKeysServer, Signer

TICK = "a-secret-of-some-length"
RIGHT = {"Authorization": f"Bearer {TICK}"}


@pytest.fixture
def bot(monkeypatch, bucket, faults):
    return load_bot(monkeypatch, bucket, faults, PATIENCE="0.5", JOBS="1", PTB_BUCKET_TICK_SECRET=TICK)


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


# ---------------------------------------------------------------- tokens of Google


@pytest.fixture(scope="module")
def signer():
    return Signer("1")


@pytest.fixture
def keys(signer):
    with GoogleKeysServer(signer) as server:
        yield server


@pytest.fixture
async def google(bot, keys):
    tick = GoogleOidc(audience=AUDIENCE, email=EMAIL, certificates=keys.url)
    async with running(asgi_webhook(bot.build_application, deadline=5, tick=tick)) as client:
        yield client


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


async def test_the_token_of_the_right_account_may_tick(google, signer, bucket):
    assert await post(google, "remind 0") == 200
    answer = await google.post("/tick", headers=bearer(signer.token()))
    assert (answer.status_code, answer.json()) == (200, {"ran": 1, "left": False})
    assert await logs(bucket) == {7: ["reminded"]}


HOUR = 3600
WRONG = {
    "another audience": ({"aud": "https://another.example"}, "for another audience"),
    "no audience": ({"aud": None}, "for another audience"),
    "another e-mail": ({"email": "stranger@my-project.iam.gserviceaccount.com"}, "of another account"),
    "no e-mail": ({"email": None}, "of another account"),
    "an unverified e-mail": ({"email_verified": False}, "is not verified"),
    "a verified e-mail as text": ({"email_verified": "true"}, "is not verified"),
    "another issuer": ({"iss": "https://evil.example"}, "was not issued by Google"),
    "expired": ({"iat": time.time() - 2 * HOUR, "exp": time.time() - HOUR}, "not valid now"),
    "not yet valid": ({"iat": time.time() + 10 * HOUR, "exp": time.time() + 11 * HOUR}, "not valid now"),
    "no end": ({"exp": None}, "not valid now"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_wrong_claim_is_forbidden(google, signer, caplog, what):
    claims, reason = WRONG[what]
    token = signer.token(**claims)
    assert (await google.post("/tick", headers=bearer(token))).status_code == 403
    assert reason in caplog.text
    assert "stranger@" not in caplog.text
    assert token not in caplog.text


@pytest.mark.parametrize("key_id", ["1", "2", ""])
async def test_another_signer_is_forbidden(google, caplog, key_id):
    assert (await google.post("/tick", headers=bearer(Signer(key_id).token()))).status_code == 403
    assert "not signed by Google" in caplog.text


def forged(signer):
    """Make tokens that a stranger could send."""
    right = signer.token()
    head, payload, signature = right.split(".")
    other = signer.token(email="stranger@example.com").split(".")[1]
    none = "eyJhbGciOiJub25lIn0"
    return [f"{head}.{other}.{signature}", f"{none}.{payload}.", f"{head}.{payload}.", right[:-8], "x.y.z", "...", "x",
            "a" * 8000]  # fmt: skip


async def test_forged_tokens_are_forbidden(google, signer):
    statuses = [(await google.post("/tick", headers=bearer(token))).status_code for token in forged(signer)]
    assert statuses == [403] * len(statuses)


async def test_a_token_whose_signature_the_platform_has_removed_is_explained(google, signer, caplog):
    token = signer.token().rpartition(".")[0] + ".SIGNATURE_REMOVED_BY_GOOGLE"
    assert (await google.post("/tick", headers=bearer(token))).status_code == 403
    assert "has checked the token and removed its signature" in caplog.text


async def test_the_keys_are_fetched_once_and_again_when_they_are_too_old(google, signer, keys, monkeypatch):
    assert keys.requests == 0
    statuses = await asyncio.gather(*(google.post("/tick", headers=bearer(signer.token())) for _ in range(5)))
    assert {answer.status_code for answer in statuses} == {200}
    assert keys.requests == 1
    real = time.monotonic
    monkeypatch.setattr(ticks.time, "monotonic", lambda: real() + 3601)
    assert (await google.post("/tick", headers=bearer(signer.token()))).status_code == 200
    assert keys.requests == 2


async def test_without_a_token_no_key_is_fetched(google, keys):
    assert (await google.post("/tick")).status_code == 403
    assert keys.requests == 0


@pytest.mark.parametrize("broken", [(500, b""), (200, b"<html>"), (200, b"[]")])
async def test_keys_that_cannot_be_fetched_are_503_and_are_fetched_again(google, signer, keys, caplog, broken):
    keys.status, keys.body = broken
    answer = await google.post("/tick", headers=bearer(signer.token()))
    assert (answer.status_code, answer.text) == (503, "Google's public keys could not be fetched.")
    assert keys.url in caplog.text
    keys.status, keys.body = 200, b""
    assert (await google.post("/tick", headers=bearer(signer.token()))).status_code == 200


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("public, max-age=20000, must-revalidate", 20_000),
        ("max-age=1", 60),
        ("no-store", 60),
        ("max-age=9999999", 86_400),
    ],
)
def test_keys_are_kept_as_long_as_google_says_within_limits(header, seconds):
    assert ticks._age(header) == seconds


@pytest.mark.parametrize("wrong", [{"audience": ""}, {"email": " "}, {"audience": None}, {"certificates": ""}])
def test_an_empty_argument_is_refused(wrong):
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        GoogleOidc(**{"audience": AUDIENCE, "email": EMAIL, **wrong})


def test_without_google_auth_it_says_what_to_install():
    code = """
import sys
sys.modules["google"] = None
from ptb_bucket.serverless.asgi import GoogleOidc, asgi_webhook
asgi_webhook(dict, tick=GoogleOidc(audience="a", email="b"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ConfigurationError" in done.stderr
    assert "pip install 'ptb-bucket[oidc]'" in done.stderr.splitlines()[-1]
