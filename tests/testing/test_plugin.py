"""Tests of ``--long``, which scales counts and includes marked tests. Without it, pytest reports deselected ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

TESTS = """
import pytest

def test_counted(count):
    assert count(2, 3) == {expected}

@pytest.mark.long
def test_marked(): pass

@pytest.mark.parametrize("server", ["one", pytest.param("two", marks=pytest.mark.long)])
def test_one_of_them_marked(server): pass
"""


def run(folder, *options):
    """Run pytest in that folder, without plugins that happen to be installed: loading them takes most of the time."""
    command = [sys.executable, "-m", "pytest", "-p", "ptb_bucket.testing.plugin", "-p", "xdist.plugin", "-q", *options]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [*command, str(folder)], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("options", "expected", "outcome"),
    [([], 2, "\n2 passed, 2 deselected"), (["--long"], 3, "\n4 passed in"), (["-n2"], 2, "\n2 passed, 2 deselected")],
    ids=["short", "long", "two workers"],
)
def test_what_is_marked_is_for_long_runs(tmp_path, options, expected, outcome):
    (tmp_path / "test_something.py").write_text(TESTS.format(expected=expected))
    done = run(tmp_path, "--strict-markers", *options)
    assert done.returncode == 0, done.stdout
    assert outcome in done.stdout


LEAKS = """
import logging

def test_leaks():
    try:
        raise ValueError("Ada said so")
    except ValueError:
        logging.getLogger("ptb_bucket.state").debug("%s failed", 42, exc_info=True)

def test_others():
    logging.getLogger("telegram").error("bot123:offline")
    logging.getLogger("ptb_bucket").error("user_data[42]")
"""


def test_a_log_line_with_user_data_fails_the_test_that_made_it(tmp_path):
    (tmp_path / "test_something.py").write_text(LEAKS)
    done = run(tmp_path)
    assert "2 passed, 1 error" in done.stdout
    assert "ERROR test_something.py::test_leaks" in done.stdout


INTERRUPTS = """
import signal, subprocess, sys
import pytest

@pytest.mark.usefixtures("interruptible")
def test_a_child():
    code = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "KeyboardInterrupt" in child.stderr

def test_afterwards():
    assert signal.getsignal(signal.SIGINT) is {expected}
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to a process")
@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.default_int_handler], ids=["ignored", "default"])
def test_children_can_be_interrupted_where_the_shell_ignores_it(tmp_path, handler):
    name = "signal.SIG_IGN" if handler is signal.SIG_IGN else "signal.default_int_handler"
    (tmp_path / "test_something.py").write_text(INTERRUPTS.format(expected=name))
    before = signal.signal(signal.SIGINT, handler)
    try:
        done = run(tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)
    assert "2 passed" in done.stdout, done.stdout
