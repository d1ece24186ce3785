"""Tests of examples/cloud_run_bot: over ASGI with an offline Telegram, and with its Dockerfile's command."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path

import httpx
import pytest

from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.serverless.asgi.ticks import GoogleKeys
from support.serverless.asgi_server import HEADERS, SECRET, Server
from support.serverless.examples import EXAMPLES, import_example
from support.serverless.google_keys import AUDIENCE, EMAIL, Signer

EXAMPLE = EXAMPLES / "cloud_run_bot"
VENV_PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # where uvicorn is


@pytest.fixture
def telegram():
    return OfflineTelegram()


@pytest.fixture
def main(monkeypatch, tmp_path, telegram):
    monkeypatch.setenv("PTB_BUCKET_URI", f"file:{tmp_path}/{{bot_id}}")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", telegram.token)
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", SECRET)
    return import_example(monkeypatch, EXAMPLE, "main", telegram)


async def live(main, *updates):
    """Run the server once."""
    client = httpx.AsyncClient(transport=httpx.ASGITransport(main.app), base_url="http://bot", headers=HEADERS)
    async with main.app.router.lifespan_context(main.app), client:
        for update in updates:
            assert (await client.post("/telegram", json=update())).status_code == 200


async def test_it_goes_on_after_a_restart_and_forgets_when_asked(main, telegram):
    ada = telegram.user(42, "Ada")
    await live(main, lambda: ada.message_update("/start"), lambda: ada.message_update("Ada"))
    await live(main, lambda: ada.message_update("London"), lambda: ada.message_update("/me"))
    await live(main, lambda: ada.press_update("Forget me"), lambda: ada.message_update("/me"))
    said = [line.text for line in telegram.transcript if line.who != "Ada"]
    assert said[:2] == ["Hello! What is your name?", "And where do you live?"]
    assert said[2].startswith("You are number 1")
    assert said[3] == "I know Ada from London."
    assert said[-1] == "I do not know you yet. /start changes that."


async def test_a_conversation_without_an_answer_ends_at_a_tick_of_googles_scheduler(main, telegram, monkeypatch):
    ada, signer, real = telegram.user(42, "Ada"), Signer("1"), time.time
    token = {"Authorization": f"Bearer {signer.token()}"}

    async def keys(_self):
        return {signer.key_id: signer.public.decode()}

    monkeypatch.setattr(GoogleKeys, "get", keys)
    assert main.who_may_tick() is None
    monkeypatch.setenv("TICK_AUDIENCE", AUDIENCE)
    monkeypatch.setenv("TICK_EMAIL", EMAIL)
    app = import_example(monkeypatch, EXAMPLE, "main", telegram).app
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot", headers=HEADERS)
    async with app.router.lifespan_context(app), client:
        assert (await client.post("/telegram", json=ada.message_update("/start"))).status_code == 200
        monkeypatch.setattr(time, "time", lambda: real() + 3700)
        assert (await client.post("/tick", headers=token)).json() == {"ran": 1, "left": False}
    assert telegram.newest(ada).text == "I have not heard from you for an hour. /start begins anew."


async def test_cron_with_the_secret_may_tick_on_another_host(main, telegram, monkeypatch):
    monkeypatch.setenv("PTB_BUCKET_TICK_SECRET", "a-secret-of-the-clock")
    app = import_example(monkeypatch, EXAMPLE, "main", telegram).app
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot")
    async with app.router.lifespan_context(app), client:
        answer = await client.post("/tick", headers={"Authorization": "Bearer a-secret-of-the-clock"})
        assert (answer.status_code, answer.json()) == (200, {"ran": 0, "left": False})
        assert (await client.post("/tick")).status_code == 403


async def test_the_command_of_its_dockerfile_serves_and_ends_at_sigterm(tmp_path):
    dockerfile = (EXAMPLE / "Dockerfile").read_text()
    command = json.loads(re.search(r"^CMD (.*)$", dockerfile, re.MULTILINE)[1])
    # Telegram cannot be reached, nor would it know this token: the server starts all the same, and says so.
    environment = {
        "PORT": "0", "PTB_BUCKET_URI": f"file:{tmp_path}", "TELEGRAM_BOT_TOKEN": "123456:offline", "PATH": VENV_PATH,
        "TELEGRAM_WEBHOOK_SECRET": SECRET, "HTTPS_PROXY": "http://127.0.0.1:9", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    server = Server(command, environment, EXAMPLE)
    async with server.client() as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.post("/telegram", json={"update_id": 1})).status_code == 503
    log = server.terminate()
    assert "Application shutdown complete" in log
    assert "123456:offline" not in log
    assert "Traceback" not in log


@pytest.mark.parametrize("path", re.findall(r"^COPY (.+) \S+$", (EXAMPLE / "Dockerfile").read_text(), re.MULTILINE))
def test_what_its_dockerfile_copies_is_there(path):
    assert all((EXAMPLE / name).exists() for name in path.split())
