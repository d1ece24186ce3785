"""Tests of the script with a near store. They assert its counts, but not its times."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "of_updates.py"
CHANGES, LOOKS, COLD = "warm, changes data", "warm, changes nothing", "cold, changes data"
MODES = ("interval", "update", "update, dedupe")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run the script once; return its output and the content of its file."""
    file = tmp_path_factory.mktemp("benchmarks") / "results.json"
    command = [sys.executable, str(SCRIPT), "--rounds", "1", "--read-ms", "1", "--write-ms", "1", "--json", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout, json.loads(file.read_text())


@pytest.fixture(scope="module")
def figures(run):
    return run[1]


def test_it_prints_a_table(run):
    assert all(f"\n{case} (plain Application: " in run[0] for case in (CHANGES, LOOKS, COLD))
    assert all(run[0].count(f"  {mode} ") >= 3 for mode in ("per-type    update, dedupe", "single      interval"))


@pytest.mark.parametrize("layout", ["single", "per-type"])
@pytest.mark.parametrize("mode", MODES)
def test_a_warm_update_costs_one_read_round_and_one_write_round(figures, layout, mode):
    found = figures[layout][mode]
    assert [found[case]["read rounds"] for case in (CHANGES, LOOKS)] == [1, 1]
    writes = 0 if mode == "interval" else 1
    if (layout, mode) == ("per-type", "update, dedupe"):
        writes = 2  # the update's id is written last, when its effects are there
    assert found[CHANGES]["write rounds"] == writes


@pytest.mark.parametrize("layout", ["single", "per-type"])
def test_nothing_to_save_is_no_write_unless_the_update_is_to_be_remembered(figures, layout):
    assert [figures[layout][mode][LOOKS]["writes"] for mode in MODES] == [0, 0, 1]


@pytest.mark.parametrize("mode", MODES)
def test_single_is_one_request_each_way(figures, mode):
    found = figures["single"][mode]
    assert [found[case]["reads"] for case in (CHANGES, LOOKS)] == [1, 1]
    assert found[CHANGES]["writes"] == (mode != "interval")


def test_a_cold_start_reads_each_document_once_more_than_a_warm_update(figures):
    assert figures["single"]["update"][COLD]["reads"] == 2
