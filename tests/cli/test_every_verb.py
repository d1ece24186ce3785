"""Tests of what holds for every verb: closed pipes, full disks, colours, widths, and servers that do not answer."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import command_group, main
from ptb_bucket.state import Journals, Kind, Record
from ptb_bucket.state.timers import Timer
from support.processes.preloaded import new_interpreters, preloading
from support.processes.terminals import STYLE, in_a_terminal

programs_are_preloaded = preloading()

CALLS = {
    "demo": "--uri file:{new}",
    "init": "{new}",
    "check": "{uri}",
    "verify": "{uri} --quick --yes",
    "show": "{uri} user_data",
    "web": "{uri} --port 0",
    "set": "{uri} user_data 42 premium true",
    "edit": "{uri} user_data 42",
    "rm": "{uri} user_data 42",
    "end-conversation": "{uri} order 42 42",
    "erase-user": "{uri} 42 --force",
    "copy": "{uri} file:{new}",
    "broadcasts": "{uri}",
    "history": "{uri}",
    "explain": "{uri} user 42",
    "restore": "{uri}",
    "keygen": "",
    "rekey": "{uri} --to-plain",
    "sweep": "{uri}",
    "timers": "{uri}",
    "tick": "{uri} --app my_bot:build_application",
    "import": "{memory} file:{new} --bot-id 7",
    "export": "{uri} -",
}
"""Every verb → arguments with which it prints something."""
MORE = ["show {uri}", "show {uri} user_data 42", "show {uri} --json", "import {memory} file:{new} --bot-id 7 --json",
        "verify {uri} --dry-run", "broadcasts {uri} --json", "export {uri} {new}", "--help", "--version"]  # fmt: skip
LINES = [*(f"{verb} {words}" for verb, words in CALLS.items()), *MORE]
BOT = """
import os
from ptb_bucket import bucket_application
from ptb_bucket.offline_telegram import OfflineTelegram

def build_application():
    builder = bucket_application(os.environ["PTB_BUCKET_URI"], jobs="bucket", callbacks=[])
    return OfflineTelegram(bot_id=7).connect(builder).build()
"""
NAME = "a-name-of-a-broadcast-or-a-key-that-is-longer-than-eighty-columns-of-a-terminal-are-wide"
DIFFERENT = ("demo", "web", "show", "export {uri} -", "tick", "verify {uri} --quick", "--help")
"""The starts of lines whose verbs write or wait in another way than the others. A short run tries these."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A state that has something to show for each verb, and the files that verbs read."""
    folder = tmp_path_factory.mktemp("filled")
    (folder / "my_bot.py").write_text(BOT)
    (folder / "memory.json").write_text(json.dumps({"user_data_json": json.dumps({"42": {"name": "Ada"}})}))
    asyncio.run(remember(f"file:{folder}/bot?keep=9"))
    return folder


@pytest.fixture
def folder(filled, tmp_path, monkeypatch):
    """The present directory: a copy of it."""
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def remember(uri):
    bot = BucketPersistence(uri, update_interval=60)
    bot.set_bot(ExtBot("7:offline"))
    for name in ("Ada", "Ada Lovelace"):
        await bot.update_user_data(42, {"name": name, NAME: 1})
        await bot.update_conversation("order", (42, 42), "size")
        await bot.update_conversation(NAME, (42, 42), "size")
        await bot.flush()
    replica = bot._session.replica
    replica.documents.kinds = tuple(Kind)
    timer = Timer("remind", "a1", due=time.time() + 1e6, user_id=42, name=NAME)
    replica.stage(Record.of_timer(Record.user(42), "tea"), timer.to_value())
    await bot.flush()
    await Journals(replica.documents.store).create(NAME[:60], "news", [42])


def command(line, folder, uri=None):
    values = {"uri": uri or f"file:{folder}/bot", "new": folder / "new", "memory": folder / "memory.json"}
    return [sys.executable, "-m", "ptb_bucket.cli", *(word.format(**values) for word in line.split())]


def on_a_terminal(line, folder, **more):
    """Run a command on a terminal, and stop it with Ctrl-C if it waits."""
    return in_a_terminal(*command(line, folder)[3:], stop_at="Open http", environment=environment(**more))


def environment(**more):
    return os.environ | {"EDITOR": "sed -i s/Ada/Bo/", "PYTHONUNBUFFERED": ""} | more


def short(lines):
    """Leave most lines to long runs, because each needs a new interpreter or two seconds."""
    return [line if line.startswith(DIFFERENT) else pytest.param(line, marks=pytest.mark.long) for line in lines]


def without_verify(lines):
    """Leave a whole verification to long runs: it takes seconds, and tests of a full disk start one in each run."""
    return [pytest.param(line, marks=pytest.mark.long) if "--quick" in line else line for line in lines]


def test_every_verb_is_tried():
    assert set(CALLS) == set(command_group._VERBS), "add the new verb to CALLS"


# ---------------------------------------------------------------- streams that end


@pytest.mark.parametrize("line", without_verify(LINES))
def test_a_closed_pipe_needs_no_words(folder, line):
    ours, theirs = os.pipe()
    os.close(ours)  # as `| head` does
    process = subprocess.Popen(
        command(line, folder), stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, env=environment()
    )
    os.close(theirs)
    err = process.communicate(timeout=60)[1].decode()
    assert "Traceback" not in err
    assert "Broken pipe" not in err
    assert process.returncode == 141


@pytest.mark.parametrize("verb", ["demo", "init", "show", "explain", "verify"])
def test_if_both_streams_are_a_closed_pipe_the_exit_code_says_it(folder, verb):
    ours, theirs = os.pipe()
    os.close(ours)  # as `2>&1 | head` does
    words = command(f"{verb} {CALLS[verb]}", folder)
    with new_interpreters():
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=environment())
    os.close(theirs)
    assert process.wait(timeout=60) == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("line", short(LINES))
def test_a_full_disk_is_one_line(folder, line):
    with Path("/dev/full").open("wb") as full, new_interpreters():
        done = subprocess.run(
            command(line, folder), stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, text=True,
            env=environment(), check=False, timeout=60,
        )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert len(re.findall("No space left", done.stderr)) == 1
    assert done.returncode == 1


@pytest.mark.parametrize("stream", ["<&-", ">&-", "2>&-"])
@pytest.mark.parametrize("line", ["show {uri} user_data", "set {uri} user_data 42 premium true", "keygen", "--help"])
def test_a_closed_stream_is_as_the_null_device(folder, stream, line):
    words = shlex.join(command(line, folder))
    shell = ["/bin/sh", "-c", f"{words} {stream}"]
    done = subprocess.run(shell, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0


# ---------------------------------------------------------------- terminals


@pytest.mark.parametrize("line", without_verify(LINES))
def test_no_color_turns_all_styles_off(folder, line):
    assert STYLE.findall(on_a_terminal(line, folder, NO_COLOR="1", FORCE_COLOR="1").raw) == []


def test_without_it_there_are_styles(folder):
    assert STYLE.findall(on_a_terminal("show {uri}", folder).raw)


TABLES = ["show {uri}", "show {uri} user_data", "show {uri} conversations", "show {uri} user_data --where name",
          "check {uri}", "broadcasts {uri}", "history {uri}", "explain {uri} user 42",
          "import {memory} file:{new} --bot-id 7", "restore {uri}"]  # fmt: skip


@pytest.mark.parametrize("line", TABLES)
def test_tables_fit_80_columns(folder, line):
    shown = on_a_terminal(line, folder).text.splitlines()
    sentences_and_ids = ("* ", NAME, f"{folder}")  # a terminal folds them, and they stay in one piece for copying
    assert [text for text in shown if len(text) > 80 and not any(part in text for part in sentences_and_ids)] == []


@pytest.mark.parametrize(("more", "expected"), [("", r"Open http://\S+"), (" --json", r'\{"address": "http://\S+"\}')])
def test_a_pipe_gets_the_address_of_the_page_at_once(folder, more, expected):
    words = command(f"web {CALLS['web']}{more}", folder)
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, env=environment()) as process:
        assert re.fullmatch(f"{expected}\n", process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert re.fullmatch("|ptb-bucket: Interrupted\n", process.stderr.read())  # no traceback


def test_a_second_ctrl_c_prints_no_traceback(folder, interruptible):
    """People press it again while the server waits for open connections."""
    words = command(f"web {CALLS['web']}", folder)
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, env=environment()) as process:
        port = int(re.search(r":(\d+)", process.stdout.readline())[1])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n")  # the rest never comes
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)  # two signals at once would be one
            process.send_signal(signal.SIGINT)
            assert process.stderr.read() == "ptb-bucket: Interrupted\n"
    assert process.returncode == 130


@pytest.mark.parametrize("content", ["{}", "", "not a pickle", "\x80\x04K"])
def test_a_file_that_is_not_a_pickle_is_one_line(folder, monkeypatch, capsys, content):
    monkeypatch.setenv("PTB_BUCKET_URI", f"file:{folder}/bot")  # the file is meant all the same
    Path("bot.pickle").write_text(content, encoding="latin-1")
    assert main(["web", "bot.pickle", "--port", "0"]) == 1
    assert re.fullmatch(r"ptb-bucket: bot\.pickle cannot be shown: [^\n]+\n", capsys.readouterr().err)


# ---------------------------------------------------------------- a server that never answers

WITHOUT_A_SERVER = {"init", "keygen"}
OF_A_SERVER = {
    "copy": ["copy {uri} file:{new}", "copy file:{new}/../bot {uri}"],
    "import": ["import {memory} {uri} --bot-id 7"],
    "demo": ["demo --uri {uri}"],
}


@pytest.fixture
def silent():
    """The URI of a bucket on a server that accepts connections and never answers."""
    connections = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def accept():
            while True:
                try:
                    connections.append(server.accept())
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield f"s3://bucket/bot?region=eu-west-1&endpoint_url=http://127.0.0.1:{port}"
        server.shutdown(socket.SHUT_RDWR)
    for connection, _ in connections:
        connection.close()


WAITING = [
    line for verb in CALLS if verb not in WITHOUT_A_SERVER for line in OF_A_SERVER.get(verb, [f"{verb} {CALLS[verb]}"])
]


@pytest.mark.parametrize("line", short(WAITING))
def test_a_verb_says_what_it_waits_for_and_leaves_nothing_at_sigterm(folder, silent, line):
    """Supervisors send SIGTERM. A temporary file has the bot's data."""
    temporary = folder / "temporary"
    temporary.mkdir()
    keys = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "PTB_BUCKET_URI": silent}
    process = subprocess.Popen(
        command(line, folder, silent), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, env=environment(**keys, TMPDIR=str(temporary)),
    )  # fmt: skip
    with process, process.stderr as errors:
        said = ""
        for text in errors:
            said += text
            if "Waiting" in text:
                break
        process.terminate()
        said += errors.read()
    assert said.splitlines()[-1] == "ptb-bucket: Interrupted"
    assert process.returncode == 130
    assert list(temporary.iterdir()) == []
    assert re.search(r"^ptb-bucket: Waiting for a response: \w+ s3://bucket/bot\S* \(2 s.*\)\.$", said, re.MULTILINE)
