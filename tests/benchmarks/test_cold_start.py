"""Test of the script with one start of each contestant. It asserts what is measured, but no times."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "cold_start.py"
CONTESTANTS = {
    "ptb",
    "ptb tuned",
    "pickle",
    "boto3",
    "file",
    "s3 light",
    "s3 aioboto3",
    "gs light",
    "gs google-cloud-storage",
}
PHASES = {"interpreter", "imports", "build", "connect and load", "first webhook"}


def measured(folder, *options):
    file = folder / "results.json"
    command = [sys.executable, str(SCRIPT), "--rounds", "1", "--json", str(file), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(file.read_text())


@pytest.mark.long  # it starts 32 processes
def test_each_contestant_starts_in_each_mode_phase_by_phase(tmp_path):
    printed, found = measured(tmp_path, "--plots", str(tmp_path))
    assert not found["missing"]
    for mode in ("compiled", "not compiled"):
        assert set(found[mode]) == CONTESTANTS
        assert all(set(one["cpu ms by phase"]) == PHASES for one in found[mode].values())
        assert found[mode]["ptb"]["cpu ratio"] == found[mode]["ptb"]["wall ratio"] == 1
    assert "Installed and imported although no bot here needs it" in printed
    assert "<svg" in (tmp_path / "cold_start.svg").read_text()


def test_no_round_is_refused_before_anything_is_measured(tmp_path):
    command = [sys.executable, str(SCRIPT), "--rounds", "1", "0", "--json", str(tmp_path / "results.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "'0' is not a number of rounds" in done.stderr


def test_a_contestant_that_cannot_be_measured_is_named_in_the_table(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)
    figures = importlib.import_module("starting.figures")
    table = figures.start_table({}, {"boto3": "No module named 'boto3'"})
    assert f"| {figures.NAMES['boto3']} | **not measured**: No module named 'boto3' |" in table
