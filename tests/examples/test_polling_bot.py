"""Tests of the example, imported from its file and used offline."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ptb_bucket.offline_telegram import OfflineTelegram

BOT = Path(__file__).parents[2] / "examples" / "polling_bot" / "bot.py"


@pytest.fixture
def bot(monkeypatch, tmp_path):
    monkeypatch.setenv("PTB_BUCKET_URI", f"file:{tmp_path}")
    spec = importlib.util.spec_from_file_location("polling_bot", BOT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_it_goes_on_after_a_restart_and_forgets_when_asked(bot):
    telegram = OfflineTelegram()
    ada = telegram.user(42, "Ada")
    async with bot.build_application(telegram.builder()) as application:
        assert [line.text for line in await ada.send(application, "/start")] == ["Hello! What is your name?"]
        await ada.send(application, "Ada")
    async with bot.build_application(telegram.builder()) as application:
        [answer] = await ada.send(application, "London")
        assert answer.text.startswith("You are number 1")
        assert [line.text for line in await ada.send(application, "/me")] == ["I know city: London, name: Ada."]
    async with bot.build_application(telegram.builder()) as application:
        await ada.press(application, "Forget me")
        assert [line.text for line in await ada.send(application, "/me")] == ["I know nothing."]


def test_without_a_token_it_says_what_is_missing(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "TELEGRAM_BOT_TOKEN"}
    done = subprocess.run([sys.executable, BOT], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode not in {0, -signal.SIGSEGV}
    assert b"TELEGRAM_BOT_TOKEN" in done.stderr
    assert b"Traceback" not in done.stderr
