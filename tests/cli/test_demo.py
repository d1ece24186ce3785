from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from ptb_bucket.cli import main
from support.processes.child_processes import MAY_BE_PRELOADED
from support.processes.preloaded import preloading

programs_are_preloaded = preloading()


def run(folder, *arguments, **environment):
    clean = {name: value for name, value in os.environ.items() if name not in {"TELEGRAM_BOT_TOKEN", "PTB_BUCKET_URI"}}
    return subprocess.run(
        [sys.executable, *(arguments or ("-m", "ptb_bucket.cli", "demo"))],
        cwd=folder,
        env=clean | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "100"} | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def demo(folder, *arguments, **environment):
    return run(folder, "-m", "ptb_bucket.cli", "demo", *arguments, **environment)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def first(folder):
    return demo(folder)


@pytest.fixture(scope="module")
def document_after_first(folder, first):
    return (folder / "ptb-bucket-demo" / "state.json").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def second(folder, document_after_first):
    return demo(folder)


def spoken(output: str) -> str:
    return re.sub(r"\s+", " ", output)


def test_it_ends_well_and_says_nothing_on_stderr(first, second):
    assert (first.returncode, first.stderr) == (0, "")
    assert (second.returncode, second.stderr) == (0, "")


def test_the_bot_runs_in_two_processes(first):
    starts = re.findall(r"process (\d+): Pip starts", first.stdout)
    assert len(set(starts)) == 2
    assert re.findall(r"process (\d+): Pip stops", first.stdout) == starts


def test_the_second_process_remembers(first):
    before, _, after = first.stdout.partition("Pip stops")
    assert "[☐ camera] [☐ passport] [☐ sunglasses]" in before
    assert "Lisbon: 1 of 3 packed." in after  # a button that the first process sent
    assert "Lisbon: 1 of 4 packed. Tap" in after  # the conversation that it was in
    assert "This is visit number 2 since" in spoken(after)  # user_data
    assert "we have packed for Lisbon." in spoken(after)  # chat_data


def test_the_second_run_remembers_more(first, second):
    assert "(still empty)" in first.stdout
    assert "(from an earlier run)" in second.stdout
    assert "This is visit number 3" in second.stdout
    assert "This is visit number 4" in second.stdout
    assert "we have packed for Lisbon, Kyoto." in spoken(second.stdout)
    bo = second.stdout.partition("  Bo ")[2].splitlines()[1]
    assert "noted. What goes into the suitcase?" in bo  # the conversation of the run before


def test_the_document_is_shown_as_it_lies_and_is_readable(first, document_after_first):
    assert document_after_first.rstrip() in first.stdout
    assert "./ptb-bucket-demo/state.json, " in first.stdout
    assert json.loads(document_after_first)
    for readable in ("Lisbon", "sunglasses", "packing", "first met", "visits"):
        assert readable in document_after_first


def test_the_output_fits_a_terminal_and_has_no_colours(first, second):
    assert "\x1b" not in first.stdout + second.stdout
    dialogue = first.stdout.partition("state.json")[0] + second.stdout.partition("state.json")[0]
    assert max(map(len, dialogue.splitlines())) <= 100


def test_another_bucket_and_its_options(tmp_path):
    result = demo(tmp_path, "--uri", f"file:{tmp_path.as_posix()}/{{bot_id}}?layout=per-type")
    assert (result.returncode, result.stderr) == (0, "")
    assert "chat_data.json, " in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["123456"]


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("nonsense", "scheme"),
        ("carrier-pigeon://bucket", "carrier-pigeon"),
        ("memory:", "keeps nothing after a process ends"),
        ("file:./here?layout=spiral", "spiral"),
        ("file:./here?colour=red", "colour"),
    ],
)
def test_a_bad_uri_is_one_clear_line(tmp_path, monkeypatch, capsys, uri, words):
    monkeypatch.chdir(tmp_path)
    code = main(["demo", "--uri", uri])
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("ptb-bucket: ")
    assert words in err


def test_a_document_that_cannot_be_read_is_one_clear_line_and_stays(tmp_path):
    (tmp_path / "ptb-bucket-demo").mkdir()
    document = tmp_path / "ptb-bucket-demo" / "state.json"
    document.write_text("half a docu", encoding="utf-8")
    result = demo(tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("ptb-bucket: ")
    assert result.stderr.count("\n") == 1
    assert document.read_text(encoding="utf-8") == "half a docu"


def test_a_module_of_the_author_in_the_current_directory_is_not_in_the_way(tmp_path):
    (tmp_path / "telegram.py").write_text("raise SystemExit('the wrong telegram')", encoding="utf-8")
    if sys.version_info < (3, 11):
        pytest.skip("Python 3.10 has no PYTHONSAFEPATH")
    assert run(tmp_path, "-P", "-m", "ptb_bucket.cli", "demo").returncode == 0


def test_live_without_a_token_is_one_clear_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN", raising=False)
    code = main(["demo", "--live"])
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "TELEGRAM_BOT_TOKEN" in err
    assert list(tmp_path.iterdir()) == []


LIVE = f"""{MAY_BE_PRELOADED}
import os, signal, sys, threading, time
from ptb_bucket.cli import main
from ptb_bucket.cli.demo import live
from ptb_bucket.offline_telegram import ApiError, OfflineTelegram

telegram = OfflineTelegram(bot_id=999, bot_username="pip_for_real")
if os.environ["TELEGRAM_BOT_TOKEN"] != telegram.token:  # the builder ignores it
    telegram.refuse(ApiError("Unauthorized", code=401), method="getMe")
telegram.user(1, "Ada").post("/start")
live.ApplicationBuilder = telegram.builder

def interrupt():
    while len(telegram.transcript) < 2:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
sys.exit(main(["demo", "--live"]))
"""


def test_a_token_that_telegram_refuses_is_never_shown(tmp_path):
    result = run(tmp_path, "-c", LIVE, TELEGRAM_BOT_TOKEN="999:not-the-right-one")
    assert result.returncode == 2
    assert "does not accept the token" in result.stderr
    assert "Traceback" not in result.stderr
    assert "not-the-right-one" not in result.stdout + result.stderr


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to a process")
def test_live_runs_the_same_bot_until_it_is_interrupted(tmp_path):
    result = run(tmp_path, "-c", LIVE, TELEGRAM_BOT_TOKEN="999:offline")
    assert result.returncode == 0, result.stderr
    assert "Pip is running as @pip_for_real." in result.stdout
    assert "999:offline" not in result.stdout + result.stderr
    assert "visits" in (tmp_path / "ptb-bucket-demo-live" / "state.json").read_text(encoding="utf-8")


READ_ONLY = f"""{MAY_BE_PRELOADED}
import json, sys
from ptb_bucket.cli.demo.process import main
from ptb_bucket.errors import AccessError
from ptb_bucket.stores import LocalStore
from ptb_bucket.offline_telegram import OfflineTelegram

async def put(self, key, data, mode):
    raise AccessError("the disk is read-only", key=key)

LocalStore.put = put
with open("telegram.json", "w") as file:
    json.dump(OfflineTelegram().snapshot(), file)
sys.exit(main(["first", "file:./bucket", "telegram.json"]))
"""


def test_a_save_that_fails_is_one_clear_line(tmp_path):
    result = run(tmp_path, "-c", READ_ONLY)
    assert result.returncode == 1
    assert re.fullmatch(r"ptb-bucket: 5 records are not saved \(.*\): the disk is read-only\.\n", result.stderr)
    assert "Pip stops" not in result.stdout
