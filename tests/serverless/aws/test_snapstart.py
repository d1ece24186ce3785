"""Tests of copies of a process that has ended its init phase: a snapshot's, with and without AWS's hooks, and forks."""

from __future__ import annotations

import importlib.util
import json

import pytest

SNAPSTART = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}


@pytest.fixture(params=["with hooks", "without hooks"])
def hooks(request):
    """Run the copies with AWS's module for hooks, as Lambda's own Python has it, or without."""
    if request.param == "without hooks":
        return {"HOOKS": "no"}
    if importlib.util.find_spec("snapshot_restore_py") is None:
        pytest.skip("snapshot-restore-py is not installed: its hooks are not tested")
    return {}


def test_copies_of_a_snapshot_share_no_writer_no_random_numbers_and_no_connection(start, s3, bot_api, hooks):
    process = start(BUCKET=s3.bucket, TELEGRAM_URL=bot_api.url, **SNAPSTART, **hooks)
    assert process.imported == {"built": 1}
    before = s3.connections, bot_api.connections
    copies = process.copies(1, 2, 3)
    assert [copy["status"] for copy in copies] == [200] * 3
    assert [len({copy[what] for copy in copies}) for what in ("writer", "random")] == [3, 3]
    assert s3.connections - before[0] >= 3
    assert bot_api.connections - before[1] == 3


def test_nothing_is_open_when_the_snapshot_is_taken(start, s3, bot_api):
    process = start(BUCKET=s3.bucket, TELEGRAM_URL=bot_api.url, **SNAPSTART)
    assert process.imported == {"built": 1}
    assert process.sockets() == []
    assert start(BUCKET=s3.bucket, TELEGRAM_URL=bot_api.url).sockets() != []


def test_the_hook_builds_and_loads_before_the_first_event(start, hooks):
    [copy] = start(**SNAPSTART, **hooks).copies(1)
    assert (copy["built by the hook"], copy["built"]) == ((1, 2) if hooks else (2, 2))


def test_an_error_before_the_snapshot_is_not_reported_by_its_copies(start, tmp_path, hooks):
    (tmp_path / "trouble").write_text("raise")
    process = start(**SNAPSTART, **hooks)
    (tmp_path / "trouble").write_text("")
    assert [copy["status"] for copy in process.copies(1, 2)] == [200, 200]


def test_an_error_after_the_restore_is_reported_at_the_first_update(start, tmp_path, hooks):
    process = start(**SNAPSTART, **hooks)
    (tmp_path / "trouble").write_text("raise")
    assert [copy["status"] for copy in process.copies(1, 2)] == [503, 503]


def test_copies_save_what_each_of_them_changed(start, tmp_path, hooks):
    process = start(**SNAPSTART, **hooks)
    assert [copy["status"] for copy in process.copies(1, 2, 3)] == [200] * 3
    users = json.loads((tmp_path / "bot" / "state.json").read_text())["user_data"]
    assert users == {str(user): {"count": 1} for user in (1, 2, 3)}


def test_forks_of_a_loaded_process_share_no_writer_no_random_numbers_and_no_connection(start, s3, bot_api):
    process = start(BUCKET=s3.bucket, TELEGRAM_URL=bot_api.url)
    before = s3.connections, bot_api.connections
    copies = process.copies(1, 2, 3)
    assert [copy["status"] for copy in copies] == [200] * 3
    assert [len({copy[what] for copy in copies}) for what in ("writer", "random")] == [3, 3]
    assert s3.connections - before[0] >= 3
    assert bot_api.connections - before[1] == 3
