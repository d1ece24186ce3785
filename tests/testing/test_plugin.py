"""``--long`` scales what is counted and brings in what is marked; without it, pytest says what was left out."""

from __future__ import annotations

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


@pytest.mark.parametrize(
    ("options", "expected", "outcome"),
    [([], 2, "\n2 passed, 2 deselected"), (["--long"], 3, "\n4 passed in"), (["-n2"], 2, "\n2 passed, 2 deselected")],
    ids=["short", "long", "two workers"],
)
def test_what_is_marked_is_for_long_runs(tmp_path, options, expected, outcome):
    (tmp_path / "test_something.py").write_text(TESTS.format(expected=expected))
    command = [sys.executable, "-m", "pytest", "-p", "ptb_bucket.testing.plugin", "--strict-markers", "-q", *options]
    done = subprocess.run([*command, str(tmp_path)], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert outcome in done.stdout
