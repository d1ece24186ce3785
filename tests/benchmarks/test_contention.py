"""How long updates wait where several instances write to one document, on the benchmark's simulated clock."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path

import pytest

from support.documents.virtual_time import run_virtually

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def contention(monkeypatch, caplog):
    """Return the script as a module."""
    caplog.set_level(logging.CRITICAL, "ptb_bucket")
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("contention")


def waits(contention, instances, seconds, **options):
    case = contention.Case(instances, seconds, **options)
    found = contention.summary([run_virtually(contention.measure(case))])
    assert found["unsaved"] == 0
    return found


@pytest.mark.parametrize(("instances", "median"), [(1, 0.75), (2, 1.5)])
@pytest.mark.parametrize("minutes", [2, pytest.param(10, marks=pytest.mark.long)])
@pytest.mark.parametrize("milliseconds", [(20, 40), pytest.param((2, 5), marks=pytest.mark.long)])
def test_with_one_write_per_second_updates_wait_little_longer_than_they_must(
    contention, instances, median, minutes, milliseconds
):
    """Virtual time: a new version is written once per second, and each instance writes every ``instances`` seconds."""
    read, write = milliseconds
    case = {"rate": 5.0, "interval": 1.0, "read_ms": read, "write_ms": write}
    found = waits(contention, instances, 60 * minutes, **case)
    assert found["median"] <= median
    assert found["largest"] <= 5


def test_a_burst_that_the_server_accepts_is_not_used_up(contention):
    found = waits(contention, 2, 120, rate=5.0, interval=1.0, burst=5)
    assert found["median"] <= 1.5
    assert found["refused"] < 0.1


@pytest.mark.parametrize(("instances", "least"), [(4, 20), pytest.param(8, 22, marks=pytest.mark.long)])
def test_of_instances_that_always_compete_none_is_left_behind(contention, instances, least, count):
    """They made 20.4 and 22.8 updates a second when one of them could wait for 5 to 9 seconds."""
    found = waits(contention, instances, count(20, 60))
    assert found["largest"] <= (2 if instances == 4 else 3)
    assert found["per second"] >= least
    assert found["share"] < 1.5


def test_an_instance_alone_waits_for_nobody(contention):
    found = waits(contention, 1, 30, spread=0.0)
    assert (found["puts"], found["gets"]) == (1, 1)
    assert found["largest"] == pytest.approx(0.06)
