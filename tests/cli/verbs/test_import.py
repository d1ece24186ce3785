"""Tests of ``import`` and ``export`` as people call them: wrong input gives one clear line, and nothing is written."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

from ptb_bucket.cli import main
from ptb_bucket.testing.conformance.tools.base import without_waits
from support.processes.terminals import in_a_terminal
from support.values.canary_pickles import evil_pickles

DATA = {"user_data": {1: {"name": "Ada"}}, "chat_data": {}, "bot_data": {}, "callback_data": None, "conversations": {}}
SCRIPT = """
import pickle
class Cart:
    pass
data = {"user_data": {1: {"cart": Cart()}}, "chat_data": {}, "conversations": {}}
if __name__ == "__main__":
    pickle.dump(data, open("bot.pickle", "wb"))
"""


def environment(**more):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PTB_BUCKET_", "TELEGRAM_"))}
    return clean | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "120"} | more


def run(folder, *arguments, **more):
    """Run the installed script as people do. Unlike with ``-m``, its ``sys.path`` does not begin with the folder."""
    return subprocess.run(
        [Path(sysconfig.get_path("scripts"), "ptb-bucket"), *arguments],
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PTB_BUCKET_URI", raising=False)
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN", raising=False)
    (tmp_path / "bot.pickle").write_bytes(pickle.dumps(DATA))
    (tmp_path / "half.pickle").write_bytes(pickle.dumps(DATA)[:-20])
    (tmp_path / "evil.pickle").write_bytes(evil_pickles(tmp_path / "canary")["os.system"])
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("expected", "arguments"),
    [
        ((3, "nowhere.pickle"), ["import", "nowhere.pickle", "file:./state", "--bot-id", "1"]),
        ((1, "half.pickle"), ["import", "half.pickle", "file:./state", "--bot-id", "1"]),
        ((1, "posix.system"), ["import", "evil.pickle", "file:./state", "--bot-id", "1", "--leave-out"]),
        ((2, "folder could not be read"), ["import", "folder", "file:./state", "--bot-id", "1"]),
        ((2, "--bot-id"), ["import", "bot.pickle", "file:./state"]),
        ((2, "PTB_BUCKET_URI"), ["import", "bot.pickle"]),
        ((2, "scheme"), ["import", "bot.pickle", "nonsense", "--bot-id", "1"]),
        ((2, "FILE"), ["import"]),
        ((3, "No bot state"), ["export", "file:./state", "all.json"]),
        ((2, "--format pickle"), ["export", "file:./state", "all.json", "--multi"]),
    ],
)
def test_a_wrong_input_is_one_clear_line(folder, capsys, expected, arguments):
    code, words = expected
    before = sorted(folder.rglob("*"))
    assert main(arguments) == code
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("ptb-bucket: ")
    assert words in said.err
    assert sorted(folder.rglob("*")) == before


def test_for_people_and_with_the_uri_from_the_environment(folder):
    uri = {"PTB_BUCKET_URI": "file:./state", "TELEGRAM_BOT_TOKEN": "123456:secret"}
    dry = run(folder, "import", "bot.pickle", "--dry-run", **uri)
    assert (dry.returncode, without_waits(dry.stderr)) == (0, [])
    assert "nothing was written" in dry.stdout
    assert "1 record would be added" in dry.stdout
    assert not (folder / "state").exists()
    done = run(folder, "import", "bot.pickle", **uri)
    assert "1 record added" in done.stdout
    assert "secret" not in done.stdout
    given = run(folder, "export", "all.json", **uri)
    assert given.stdout == "1 record is in all.json\n"
    assert run(folder, "export", "all.json", **uri).returncode == 4


def test_the_advice_for_a_bots_own_classes_works(folder):
    """A script pickled the classes, so their module is ``__main__``."""
    (folder / "shop.py").write_text(SCRIPT, encoding="utf-8")
    subprocess.run([sys.executable, "shop.py"], cwd=folder, check=True)
    arguments = ["import", "bot.pickle", "file:./state", "--bot-id", "1"]
    refused = run(folder, *arguments)
    assert refused.returncode == 1
    assert "--types YOUR_SCRIPT:Cart" in refused.stderr
    assert run(folder, *arguments, "--types", "shop:Cart").returncode == 0


def test_a_bar_moves_on_a_terminal(folder, count, monkeypatch):
    """It does not write a bar into a pipe, as all other tests show."""
    (folder / "bot.pickle").write_bytes(
        pickle.dumps({**DATA, "user_data": {n: {"n": n} for n in range(count(3_000, 100_000))}})
    )
    monkeypatch.chdir(folder)
    words = ["import", "bot.pickle", "file:./state", "--bot-id", "1"]
    done = in_a_terminal(*words, environment=environment())
    assert done.code == 0
    steps = set(re.findall(r"(\d+)/\d+", done.text))
    assert len(steps) >= count(2, 10)


def test_an_export_with_a_class_that_is_unknown_names_the_option(tmp_path, capsys):
    content = {"ptb_bucket_export": 1, "user_data": {"42": {"cart": {"$Cart": {"items": []}}}}}
    (tmp_path / "bot.json").write_text(json.dumps(content))
    assert main(["import", str(tmp_path / "bot.json"), f"file:{tmp_path}/new", "--bot-id", "7"]) == 1
    assert "Pass your bot's classes with --types" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGHUP")
@pytest.mark.parametrize(("before", "code"), [("", 130), ("trap '' HUP; ", 1)], ids=["", "nohup"])
def test_a_terminal_that_is_closed_leaves_no_copy_of_stdin(tmp_path, before, code):
    """With nohup, the command reads on."""
    command = f"{before}exec {sys.executable} -m ptb_bucket.cli import - file:{tmp_path}/bot --bot-id 7"
    with subprocess.Popen(
        ["/bin/sh", "-c", command], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=environment(TMPDIR=str(tmp_path)),
    ) as process:  # fmt: skip
        process.stdin.write(b"{" * 100_000)
        process.stdin.flush()
        while not any(copy.stat().st_size for copy in tmp_path.glob("ptb-bucket-*/stdin")):
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(0.1)  # now it waits for more: Python acts late on a signal that comes just before a read
        process.send_signal(signal.SIGHUP)
        if before:
            process.stdin.close()
        assert process.wait(30) == code
    assert list(tmp_path.iterdir()) == []
