"""Tests of the script with few users. They assert its counts, but not its times."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "scale.py"
DOCS = SCRIPT.parents[1] / "docs"
MARKS = "<!-- measured: written by benchmarks/scale.py -->\n<!-- /measured -->\n"
LAYOUTS = {"single": 1, "per-type": 1, "per-record": 10}
"""Layout → how many writes ten changed users are."""
SHORT = ("single", "per-record")
"""The layouts of a short run. Each is a process or two."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("benchmarks")


@pytest.fixture(scope="module")
def run(folder, long):
    """Run the script once, with pictures in a long run; return its output and the content of its file."""
    file, guide = folder / "results.json", folder / "guide.md"
    guide.write_text(f"before\n{MARKS}after\n")
    options = ["--users", "20", "--places", "file", "--runs", "1", "--json", file, "--guide", guide]
    more = ["--plots", folder] if long else ["--layouts", *SHORT]
    command = [sys.executable, str(SCRIPT), *options, *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(file.read_text())["cases"]


@pytest.fixture(scope="module")
def cases(run):
    return {case["layout"]: case for case in run[1]}


@pytest.mark.long
def test_it_prints_tables_and_draws(run, folder):
    assert all(title in run[0] for title in ("cold start", "commit of changed users", "loading everything", "targets"))
    assert "<svg" in (folder / "scale.svg").read_text()
    assert "| 20 | " in (folder / "guide.md").read_text()


def test_the_guide_shows_what_was_measured(tmp_path, monkeypatch):
    """The guide's tables match docs/pictures/scale.json."""
    shown = (DOCS / "how-to" / "choose-a-layout.md").read_text()
    copy = tmp_path / "layouts.md"
    copy.write_text(shown)
    monkeypatch.syspath_prepend(SCRIPT.parent)
    importlib.import_module("scaling.guide").fill(copy, json.loads((DOCS / "pictures" / "scale.json").read_text()))
    assert copy.read_text() == shown


def test_the_answer_comes_from_what_is_stored(cases):
    assert {case["starts"]["answer"] for case in cases.values()} == {"User 10, step 1"}


@pytest.mark.parametrize(
    "layout", [pytest.param(one, marks=() if one in SHORT else pytest.mark.long) for one in LAYOUTS]
)
def test_requests(cases, layout):
    starts, commits = cases[layout]["starts"], cases[layout]["commits"]
    assert starts["start"]["writes"] == starts["update"]["writes"] == 1
    requests = {name: (found["reads"], found["writes"]) for name, found in commits.items()}
    assert requests == {"1": (0, 1), "10": (0, LAYOUTS[layout])}


@pytest.mark.detail
@pytest.mark.parametrize("part", ["gaps", "frozen"])
def test_gaps_are_measured_as_it_is_and_frozen(part, folder):
    case = {"layout": "single", "codec": "json", "place": "file", "users": 20, "where": str(folder), "runs": 1}
    command = [sys.executable, str(SCRIPT.parent / "scaling" / "child.py"), part, json.dumps(case)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert {"idle", "load", "save one user", "refresh one user"} <= json.loads(done.stdout).keys()
