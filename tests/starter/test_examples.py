"""Tests of examples/: the folders are what ``ptb-bucket init`` writes, and each can be talked to offline."""

from __future__ import annotations

import importlib.util
import signal

import pytest

from support.processes.bots import run_python
from support.processes.preloaded import preloading
from support.serverless.examples import EXAMPLES

programs_are_preloaded = preloading("telegram.ext")

spec = importlib.util.spec_from_file_location("write_examples", EXAMPLES / "write.py")
written = importlib.util.module_from_spec(spec)
spec.loader.exec_module(written)
NAMES = sorted(written.EXAMPLES)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_what_init_writes(name):
    folder = EXAMPLES / name
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    ignored = ("__pycache__", "bot-data", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".terraform")
    kept = {path: file.read_text("utf-8") for path, file in found.items() if not path.startswith(ignored)}
    assert kept == written.EXAMPLES[name].files(), "Run: python examples/write.py"


def test_every_folder_is_written():
    others = {"newsletter_bot", "reminder_bot", "shop_bot"}  # bots of their own: tests/examples has their tests
    assert {path.name for path in EXAMPLES.iterdir() if (path / "bot.py").exists()} == {*NAMES, *others}


@pytest.mark.parametrize("name", NAMES)
def test_it_can_be_talked_to_offline_and_remembers(name, tmp_path):
    bot = EXAMPLES / name / "bot.py"
    first = run_python(bot, "--offline", cwd=tmp_path, text="/start\nAda\n")
    second = run_python(bot, "--offline", cwd=tmp_path, text="London\n/me\n1\n/me\n")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "Bot: And where do you live?" in first.stdout
    assert second.stdout.partition("\n\n")[2] == (
        "> London\nBot: You are number 1. /me shows what I know.\n"
        "> /me\nBot: I know Ada from London.\n   [1 Forget me]\n"
        "> 1\nBot (edit): Forgotten.\n"
        "> /me\nBot: I do not know you yet. /start changes that.\n> \n"
    )
    assert (tmp_path / "bot-data" / "123456").is_dir()


def test_without_a_token_it_says_what_is_missing(tmp_path):
    done = run_python(EXAMPLES / "polling_bot" / "bot.py", cwd=tmp_path)
    assert done.returncode not in {0, -signal.SIGSEGV}
    assert "TELEGRAM_BOT_TOKEN" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_chat_stores_an_imported_bot_can_load(tmp_path):
    """Started as a script, its classes belong to another module than in Lambda's handler."""
    folder = EXAMPLES / "lambda_bot"
    run_python(folder / "bot.py", "--offline", cwd=tmp_path, text="/start\nAda\nLondon\n")
    imported = f"import sys; sys.path.insert(0, {str(folder)!r}); sys.argv.append('--offline'); import bot; bot.main()"
    done = run_python("-c", imported, cwd=tmp_path, text="/me\n")
    assert "I know Ada from London." in done.stdout, done.stderr
