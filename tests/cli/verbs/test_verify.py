"""Tests of ``ptb-bucket verify`` as a command: the question before it starts, its output, and interruptions."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time

import pytest

from ptb_bucket.cli import main
from ptb_bucket.testing.conformance.tools.base import without_waits
from support.processes.terminals import in_a_terminal


@pytest.fixture
def uri(tmp_path):
    return f"file:{tmp_path}/bot"


def test_a_dry_run_says_what_it_would_cost(uri, capsys, tmp_path):
    assert main(["verify", "s3://my-bucket/bot?region=eu-west-1", "--dry-run"]) == 0
    out, err = capsys.readouterr()
    found = re.fullmatch(
        r"A verification sends about ([\d,]+) requests: ([\d,]+) PUT, ([\d,]+) GET, ([\d,]+) LIST, ([\d,]+) DELETE\. "
        r"By the list prices of Amazon S3 Standard in us-east-1 \(\d{4}\), they cost about \$0\.0\d\d: .*\n",
        out,
    )
    total, *parts = (int(number.replace(",", "")) for number in found.groups())
    assert sum(parts) == total
    assert err == ""
    assert main(["verify", uri, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cost"] == "A directory costs nothing."
    assert list(tmp_path.iterdir()) == []


def test_it_asks_on_a_terminal_only(uri, tmp_path):
    code, shown = in_a_terminal("verify", uri, "--quick", answer="n\n")
    assert code == 4
    assert "Start? [Y/n]" in shown
    assert "Nothing was sent." in shown
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_everything_but_the_row_fits_80_columns(uri, tmp_path):
    done = in_a_terminal("verify", uri, "--quick", "--yes")
    assert done.code == 0
    shown = done.text
    lines = shown.replace("\r", "\n").split("\n")
    lines = [line for line in lines if line]
    row = lines[-1]
    assert row.startswith("| directory | - | `file:DIRECTORY` | - | 20")
    statements = [line for line in lines if line.startswith("A verification sends")]
    assert max(len(line) for line in lines if line not in {row, *statements}) <= 80
    assert "Bot state is safe here: 25 of 25 promises, 6 of 6 races went right." in shown
    assert list(tmp_path.iterdir()) == []


def test_json_is_all_of_stdout(uri, capsys):
    assert main(["verify", uri, "--quick", "--json", "--server", "My disk", "--server-version", "1"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["safe"], without_waits(err)) == (True, [])
    assert {one["kept"] for one in found["conformance"]} == {True}
    assert set(found["latency"]) == {"get", "put", "list"}
    assert found["row"].startswith("| My disk | 1 | `file:DIRECTORY` |")


def test_memory_is_refused(capsys):
    assert main(["verify", "memory:"]) == 4
    assert "nothing to verify" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "during"), [("SIGINT", "promises*"), ("SIGTERM", "races*"), ("SIGHUP", "races*")])
def test_an_interruption_leaves_nothing(uri, tmp_path, interruptible, name, during):
    """During races, other processes run."""
    command = [sys.executable, "-m", "ptb_bucket.cli", "verify", uri, "--quick"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list(tmp_path.rglob(during)):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(getattr(signal, name))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "ptb-bucket: Interrupted"
    assert list(tmp_path.iterdir()) == []
