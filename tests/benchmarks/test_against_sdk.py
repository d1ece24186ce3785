"""Tests of the script with tiny sizes. They assert its counts, but not its times."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "against_sdk.py"
SERVERS = ("ministack", "moto", "fake-gcs-server")
pytestmark = pytest.mark.long  # it takes 15 seconds to count what the providers' own tests count, too


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run the script once; return its output and the content of its file."""
    file = tmp_path_factory.mktemp("benchmarks") / "results.json"
    command = [sys.executable, str(SCRIPT), "--sizes", "500", "3000", "--rounds", "1", "--starts", "1", "--json", file]
    command += ["--servers", *SERVERS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done, json.loads(file.read_text())


@pytest.fixture(scope="module")
def results(run):
    return run[1]


def test_it_prints_tables_and_says_what_it_does(run):
    done, _ = run
    assert all(f"\n{server}: requests on the wire\n" in done.stdout for server in SERVERS)
    assert all(f"... {server}: requests\n" in done.stderr for server in SERVERS)


@pytest.mark.parametrize("server", SERVERS)
def test_commits_are_compared_with_puts_of_the_same_bytes(results, server):
    commits = results[server]["commits"]
    assert [commit["size"] for commit in commits] == pytest.approx([500, 3000], abs=150)
    for times in (commit[what] for commit in commits for what in ("wall", "cpu")):
        assert {name: len(rounds) for name, rounds in times.items()} == {"sdk": 1, "store": 1, "commit": 1}


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(("layout", "loaded", "saved"), [("single", 1, 1), ("per-type", 5, 3), ("per-record", 3, 3)])
def test_requests_on_the_wire(results, server, layout, loaded, saved):
    counts = results[server]["requests"][layout]
    assert counts["start"]["GET"] == loaded
    assert counts["commit, three kinds changed"] == counts["shutdown, three kinds unsaved"] == {"PUT": saved}
    assert counts["commit, one user changed"] == {"PUT": 1}
    assert counts["commit, one user changed, after another instance's"] == {"GET": 1, "PUT": 2}
    assert counts["commit, nothing changed"] == counts["shutdown, nothing unsaved"] == {}
    assert counts["update that is refreshed, nothing new there"] == {"GET": saved}
    assert counts["update that is refreshed, another instance was there"] == {"GET": saved}


@pytest.mark.parametrize(("scheme", "signs_with_sdk"), [("s3://", True), ("gs://", False)])
def test_no_sdk_is_imported_before_the_first_request(results, scheme, signs_with_sdk):
    """The light client for S3 signs with botocore; the one for Google needs nothing of an SDK."""
    start = results["starts"][scheme]
    assert start["too_early"] == []
    assert (start["loaded"] > 0) is signs_with_sdk


def test_the_core_imports_no_sdk_at_all(results):
    assert results["starts"]["memory:"]["loaded"] == 0
