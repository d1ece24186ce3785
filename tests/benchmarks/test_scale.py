"""The script with few users. What it counts is promised; what it times is not asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "scale.py"
LAYOUTS = {"single": 1, "per-type": 1, "per-record": 10}
"""Layout → how many writes ten changed users are."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("benchmarks")


@pytest.fixture(scope="module")
def run(folder):
    """What it printed, and what it wrote into its file."""
    file = folder / "results.json"
    options = ["--users", "20", "--places", "file", "--runs", "1", "--json", file, "--plots", folder]
    command = [sys.executable, str(SCRIPT), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(file.read_text())["cases"]


@pytest.fixture(scope="module")
def cases(run):
    return {case["layout"]: case for case in run[1]}


def test_it_prints_tables_and_draws(run, folder):
    assert all(title in run[0] for title in ("cold start", "commit of changed users", "loading everything", "targets"))
    assert "<svg" in (folder / "scale.svg").read_text()


def test_the_answer_comes_from_what_is_stored(cases):
    assert {case["starts"]["answer"] for case in cases.values()} == {"User 10, step 1"}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_requests(cases, layout):
    starts, commits = cases[layout]["starts"], cases[layout]["commits"]
    assert starts["start"]["writes"] == starts["update"]["writes"] == 1
    requests = {name: (found["reads"], found["writes"]) for name, found in commits.items()}
    assert requests == {"1": (0, 1), "10": (0, LAYOUTS[layout])}


@pytest.mark.detail
def test_gaps_are_measured_with_and_without_freezing(folder):
    case = {"layout": "single", "codec": "json", "place": "file", "users": 20, "where": str(folder), "runs": 1}
    command = [sys.executable, str(SCRIPT.parent / "scaling" / "child.py"), "gaps", json.dumps(case)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert {name: "load" in gaps for name, gaps in json.loads(done.stdout)["gaps"].items()} == {
        "as it is": True,
        "frozen": True,
    }
