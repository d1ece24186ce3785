"""After SIGTERM: what runs has half of the deadline, what can be saved is saved, what could not be is said."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[1] / "support" / "polling_process.py"


def ended(where, how):
    """Tell the process to end while its handler runs; return its status, what it said and what is saved."""
    command = [sys.executable, PROGRAM, where, how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            line = process.stdout.readline()
            while line and line != "inside\n":
                line = process.stdout.readline()
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=30)[0]  # far more than the deadline of 2 s: it must end by itself
        finally:
            process.kill()
    document = where / "state.json"
    return process.returncode, said, json.loads(document.read_text())["user_data"] if document.exists() else {}


def test_a_handler_that_ends_in_time_is_waited_for_and_saved(tmp_path):
    status, said, saved = ended(tmp_path, "ends in time")
    assert (status, saved) == (0, {"42": {"begun": True, "ended": True}, "43": {"kept": True}}), said


@pytest.mark.parametrize("how", ["never ends", "does not heed"])
def test_one_that_does_not_is_named_and_cancelled_and_the_rest_is_saved(tmp_path, how):
    status, said, saved = ended(tmp_path, how)
    assert saved["43"] == {"kept": True}, said
    assert "update 2 was still being handled when the shutdown deadline came" in said
    assert status == 0 or how == "does not heed"


def test_what_could_not_be_saved_is_said(tmp_path):
    status, said, saved = ended(tmp_path, "the store hangs")
    assert (status != 0, saved) == (True, {})
    assert "shutdown deadline of 2 s is over" in said
    assert "user_data[43]" in said
