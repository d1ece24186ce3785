"""Tests of what holds for every verb on streams and terminals: closed pipes, full disks, colours, widths, Ctrl-C."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from ptb_bucket.cli import command_group, main
from support.processes.preloaded import new_interpreters, preloading
from support.processes.terminals import STYLE, in_a_terminal
from support.processes.verb_calls import CALLS, NAME, command, environment, short

programs_are_preloaded = preloading()
MORE = ["show {uri}", "show {uri} user_data 42", "show {uri} --json", "import {memory} file:{new} --bot-id 7 --json",
        "verify {uri} --dry-run", "broadcasts {uri} --json", "export {uri} {new}", "--help", "--version"]  # fmt: skip
LINES = [*(f"{verb} {words}" for verb, words in CALLS.items()), *MORE]


def on_a_terminal(line, folder, **more):
    """Run a command on a terminal, and stop it with Ctrl-C if it waits."""
    return in_a_terminal(*command(line, folder)[3:], stop_at="Open http", environment=environment(**more))


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
