"""Tests of the chat in the terminal: lines, buttons, what the bot says by itself, the end, and errors."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from support.processes.child_processes import MAY_BE_PRELOADED
from support.processes.preloaded import preloading

if TYPE_CHECKING:
    from pathlib import Path

programs_are_preloaded = preloading("telegram.ext")

BOT = """
import asyncio, sys
from telegram import InlineKeyboardButton as Button, InlineKeyboardMarkup
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, CommandHandler, MessageHandler, PicklePersistence
from ptb_bucket.offline_telegram import chat_in_terminal

ROWS = [[Button("Tea", callback_data="tea"), Button("Coffee", callback_data="coffee")],
        [Button("Site", url="https://example.com")]]

async def menu(update, context):
    await update.message.reply_text("What?", reply_markup=InlineKeyboardMarkup(ROWS))

async def pressed(update, context):
    await update.callback_query.answer("Noted")
    await update.callback_query.message.reply_text(f"{update.callback_query.data} it is")

async def echo(update, context):
    context.user_data["said"] = update.message.text
    await update.message.reply_text(f"<{update.message.text}>")

async def said(update, context):
    await update.message.reply_text(context.user_data["said"])

async def fail(update, context):
    raise RuntimeError("a mistake in a handler")

async def later(update, context):
    async def remind():
        await asyncio.sleep(0.1)
        await update.message.reply_text("Reminder")
    context.application.create_task(remind())

async def unknown(update, context):
    await context.bot.do_api_request("sendHologram")

async def post_init(application):
    print("post_init")

async def post_stop(application):
    print("post_stop")

async def post_shutdown(application):
    print("post_shutdown")

def build(telegram):
    builder = telegram.connect(ApplicationBuilder()).persistence(PicklePersistence("memory.pickle"))
    application = builder.post_init(post_init).post_stop(post_stop).post_shutdown(post_shutdown).build()
    handlers = {"menu": menu, "said": said, "fail": fail, "later": later, "unknown": unknown}
    application.add_handlers([CommandHandler(name, function) for name, function in handlers.items()])
    application.add_handlers([CallbackQueryHandler(pressed), MessageHandler(None, echo)])
    return application

chat_in_terminal(build)
"""


@pytest.fixture
def bot(tmp_path):
    (tmp_path / "bot.py").write_text(BOT, "utf-8")
    return tmp_path


def chat(bot, text):
    """Pipe lines to a chat; return its stdout below the introduction, its stderr and its exit code."""
    done = subprocess.run(
        [sys.executable, "bot.py"], cwd=bot, input=text, capture_output=True, encoding="utf-8", check=False, timeout=60
    )
    return done.stdout.partition("\n\n")[2], done.stderr, done.returncode


def test_lines_and_buttons(bot):
    out, err, code = chat(bot, "1\n/menu\n2\nTea\n 2\nMilk\n\n")
    assert (err, code) == ("", 0)
    assert out.splitlines() == [
        "post_init",
        "> 1", "Bot: <1>",  # nothing to press yet
        "> /menu", "Bot: What?", "   [1 Tea] [2 Coffee]", "   [3 Site]",
        "> 2", "Bot (toast): Noted", "Bot: coffee it is",
        "> Tea", "Bot (toast): Noted", "Bot: tea it is",
        ">  2", "Bot: <2>",  # the space makes it a message
        "> Milk", "Bot: <Milk>", "> ", "> ", "post_stop", "post_shutdown",
    ]  # fmt: skip


def test_a_button_that_opens_a_page_is_explained(bot):
    out, _, code = chat(bot, "/menu\n3\nafter\n")
    assert code == 0
    assert "no button 'Site'" in out
    assert "Bot: <after>" in out


def test_a_chat_goes_on_after_an_error(bot):
    out, err, code = chat(bot, "/fail\n/unknown\nafter\n")
    assert code == 0
    assert "a mistake in a handler" in err
    assert "sendHologram" in out
    assert "Bot: <after>" in out


def test_the_state_is_saved_at_the_end(bot):
    chat(bot, "remember me\n")
    assert "Bot: remember me" in chat(bot, "/said\n")[0]


def test_an_error_at_the_start_ends_the_program(bot):
    source = BOT.replace('print("post_init")', 'raise ValueError("a wrong setting")')
    (bot / "bot.py").write_text(source, "utf-8")
    _, err, code = chat(bot, "hello\n")
    assert code == 1
    assert "a wrong setting" in err


# Tests in the background of a shell inherit that interrupts are ignored.
HEED_INTERRUPTS = f"""{MAY_BE_PRELOADED}
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_path("bot.py", run_name="__main__")
"""


class Terminal:
    """A chat on a pseudo-terminal."""

    def __init__(self, folder: Path) -> None:
        pty = pytest.importorskip("pty", reason="Windows does not have pseudo-terminals")
        self._ours, theirs = pty.openpty()
        command, env = [sys.executable, "-c", HEED_INTERRUPTS], os.environ | {"TERM": "dumb"}
        self.process = subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
        os.close(theirs)
        self.shown = ""

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._ours, text.encode())

    def wait_for(self, text: str) -> None:
        """Read until a text is shown; fail at the end, or after a minute."""
        deadline = time.monotonic() + 60
        while text not in self.shown:
            readable, _, _ = select.select([self._ours], [], [], max(deadline - time.monotonic(), 0))
            assert readable, self.shown
            try:
                self.shown += os.read(self._ours, 65536).decode()
            except OSError:
                raise AssertionError(self.shown) from None

    def close(self) -> None:
        """Close our end."""
        os.close(self._ours)


@pytest.fixture
def terminal(bot):
    made = Terminal(bot)
    made.wait_for("> ")
    yield made
    made.process.kill()
    made.process.wait()
    made.close()


def test_what_the_bot_says_by_itself_is_shown_at_once(terminal):
    terminal.type("/later\n")
    terminal.wait_for("Bot: Reminder")
    terminal.type("still here\n")
    terminal.wait_for("Bot: <still here>")


@pytest.mark.parametrize("key", ["ctrl-d", "ctrl-c"])
def test_the_chat_ends_and_everything_is_saved(terminal, bot, key):
    terminal.type("remember me\n")
    terminal.wait_for("Bot: <remember me>")
    terminal.wait_for("> ")
    if key == "ctrl-d":
        terminal.type("\x04")
    else:
        terminal.process.send_signal(signal.SIGINT)
    terminal.wait_for("post_shutdown")
    assert terminal.process.wait(60) == 0
    assert "Traceback" not in terminal.shown
    assert "Bot: remember me" in chat(bot, "/said\n")[0]
