"""Tests of examples/reminder_bot: offline, after a restart, on two instances, and in its three places."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from telegram.ext import JobQueue

from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.serverless.asgi.ticks import GoogleKeys
from support.serverless.asgi_server import HEADERS, SECRET
from support.serverless.google_keys import AUDIENCE, EMAIL, Signer
from support.serverless.lambda_events import HEADER, Context, function_url

FOLDER = Path(__file__).parents[2] / "examples" / "reminder_bot"
ALARM = "\N{ALARM CLOCK}"


class Clock:
    """The time of day, which jumps when the test says so."""

    def __init__(self, patch):
        self._real, self.ahead = time.time, 0.0
        patch.setattr(time, "time", lambda: self._real() + self.ahead)
        patch.setattr(JobQueue, "_tz_now", lambda queue: datetime.fromtimestamp(time.time(), queue.scheduler.timezone))


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def telegram():
    return OfflineTelegram()


@pytest.fixture
def load(monkeypatch, tmp_path, telegram):
    """Import the example anew, as a new process does."""

    def load(**environment):
        for name in ("AWS_LAMBDA_FUNCTION_NAME", "K_SERVICE"):
            monkeypatch.delenv(name, raising=False)
        here = {
            "PTB_BUCKET_URI": f"file:{tmp_path}", "TELEGRAM_BOT_TOKEN": telegram.token, "PTB_BUCKET_INIT_SECONDS": "0",
            "TELEGRAM_WEBHOOK_SECRET": SECRET, **environment,
        }  # fmt: skip
        for name, value in here.items():
            monkeypatch.setenv(name, value)
        spec = importlib.util.spec_from_file_location("reminder_bot", FOLDER / "bot.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        token = module.connected
        module.connected = lambda builder: telegram.connect(token(builder))
        return module

    return load


def texts(lines):
    return [line.text for line in lines]


def alarms(telegram):
    return [line.text for line in telegram.transcript if line.text.startswith(ALARM)]


async def test_a_reminder_comes_once_after_a_restart(load, telegram, clock):
    ada = telegram.user(42, "Ada")
    async with load().build_application() as one:
        assert texts(await ada.send(one, "/remind 20m tea and cake")) == ["In 20m, I will remind you: tea and cake"]
    async with load().build_application() as two:
        clock.ahead = 19 * 60
        assert (await two.tick()).ran == 0
        clock.ahead = 20 * 60 + 2
        assert (await two.tick()).ran == 1
        assert (await two.tick()).ran == 0
    assert alarms(telegram) == [f"{ALARM} tea and cake"]


async def test_a_daily_reminder_comes_at_its_time_of_day(load, telegram, clock):
    ada, rome = telegram.user(42, "Ada"), ZoneInfo("Europe/Rome")
    async with load().build_application() as one:
        assert texts(await ada.send(one, "/daily 9:00 Europe/Rome stretch")) == [
            "Every day at 9:00, I will remind you: stretch"
        ]
        now = datetime.fromtimestamp(time.time(), rome)
        for day in (1, 2):
            due = next_nine(now, day)
            clock.ahead = due.timestamp() - clock._real() - 5
            assert (await one.tick()).ran == 0
            clock.ahead += 7
            assert (await one.tick()).ran == 1
    assert alarms(telegram) == [f"{ALARM} stretch"] * 2


def next_nine(now, day):
    """Return the first or second time that it is nine o'clock after now."""
    first = now.replace(hour=9, minute=0, second=0, microsecond=0)
    first += timedelta(days=first <= now)
    return (first.replace(tzinfo=None) + timedelta(days=day - 1)).replace(tzinfo=now.tzinfo)


async def test_the_list_of_another_instance_cancels_with_its_buttons(load, telegram, clock):
    ada, bob = telegram.user(42, "Ada"), telegram.user(43, "Bob")
    async with load().build_application() as one, load().build_application() as two:
        assert texts(await ada.send(one, "/reminders")) == ["There are no reminders."]
        await ada.send(one, "/remind 20m tea")
        await ada.send(one, "/remind 2h walk")
        await bob.send(one, "/remind 1h secret")
        [listed] = await ada.send(two, "/reminders")
        assert re.sub(r"\d\d \w+ \d\d:\d\d", "T", listed.text) == "T UTC: tea\nT UTC: walk"
        await ada.press(two, "Cancel tea")
        assert re.sub(r"\d\d \w+ \d\d:\d\d", "T", telegram.newest(ada).text) == "T UTC: walk"
        clock.ahead = 3 * 3600
        assert (await one.tick()).ran == 2
    assert sorted(alarms(telegram)) == [f"{ALARM} secret", f"{ALARM} walk"]


async def test_a_button_of_a_reminder_that_was_sent_says_so(load, telegram, clock):
    ada = telegram.user(42, "Ada")
    async with load().build_application() as one:
        await ada.send(one, "/remind 20m tea")
        await ada.send(one, "/reminders")
        shown = telegram.newest(ada)
        clock.ahead = 1300
        assert (await one.tick()).ran == 1
        await ada.press(one, "Cancel tea", message=shown)
    assert alarms(telegram) == [f"{ALARM} tea"]


@pytest.mark.parametrize(
    "wrong",
    ["/remind", "/remind tea", "/remind 20 tea", "/remind -5m tea", "/daily", "/daily 9 Europe/Rome",
     "/daily 25:00 Europe/Rome", "/daily 9:00 Europe/Atlantis", "/daily 9:00 ../../etc/passwd", "/daily 9:00"],
)  # fmt: skip
async def test_what_it_cannot_read_is_explained(load, telegram, wrong):
    ada = telegram.user(42, "Ada")
    async with load().build_application() as one:
        [answer] = texts(await ada.send(one, wrong))
        assert answer.startswith("Write /")
        assert texts(await ada.send(one, "/reminders")) == ["There are no reminders."]


async def test_by_polling_the_process_looks_at_the_clock_itself(load, telegram):
    ada = telegram.user(42, "Ada")
    async with load().build_application() as one:
        await one.start()
        await ada.send(one, "/remind 1s tea")
        await telegram.wait_for(lambda line: line.text == f"{ALARM} tea", timeout=15)
        await one.stop()


def test_on_lambda_a_tick_reminds(load, telegram, clock):
    ada = telegram.user(42, "Ada")

    def post(module, text):
        event = function_url(json.dumps(ada.message_update(text)), {HEADER: SECRET})
        return module.handler(event, Context())["statusCode"]

    module = load(AWS_LAMBDA_FUNCTION_NAME="bot")
    assert post(module, "/remind 20m tea") == 200
    module = load(AWS_LAMBDA_FUNCTION_NAME="bot")
    clock.ahead = 1300
    assert module.handler({"ptb-bucket": "tick"}, Context())["statusCode"] == 200
    assert alarms(telegram) == [f"{ALARM} tea"]
    module.handler.__self__._environment.close()


async def test_on_cloud_run_a_tick_of_googles_scheduler_reminds(load, telegram, clock, monkeypatch):
    ada, signer = telegram.user(42, "Ada"), Signer("1")

    async def keys(_self):
        return {signer.key_id: signer.public.decode()}

    monkeypatch.setattr(GoogleKeys, "get", keys)
    token = {"Authorization": f"Bearer {signer.token()}"}
    module = load(K_SERVICE="bot", TICK_AUDIENCE=AUDIENCE, TICK_EMAIL=EMAIL)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(module.app), base_url="http://bot", headers=HEADERS)
    async with module.app.router.lifespan_context(module.app), client:
        assert (await client.post("/telegram", json=ada.message_update("/remind 20m tea"))).status_code == 200
        clock.ahead = 1300
        assert (await client.post("/tick")).status_code == 403
        assert (await client.post("/tick", headers=token)).json() == {"ran": 1, "left": False}
    assert alarms(telegram) == [f"{ALARM} tea"]


def test_without_a_token_it_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN", raising=False)
    command = [sys.executable, FOLDER / "bot.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "TELEGRAM_BOT_TOKEN is not set" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("path", re.findall(r"^COPY (.+) \S+$", (FOLDER / "Dockerfile").read_text(), re.MULTILINE))
def test_what_its_dockerfile_copies_is_there(path):
    assert all((FOLDER / name).exists() for name in path.split())
