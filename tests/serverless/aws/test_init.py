"""Tests of the init phase: importing the bot's module builds and loads it, and its errors wait for the first event."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap

import pytest

from support.serverless.counting_server import Relay
from support.serverless.running_lambda import TIMER, event

# ---------------------------------------------------------------- before the first event


def test_the_import_builds_and_loads_and_the_first_event_uses_it(start, bot_api):
    process = start(TELEGRAM_URL=bot_api.url)
    assert process.imported == {"built": 1}
    assert bot_api.methods == ["getMe"]
    assert process.handle()["status"] == 200
    assert (process.handle()["built"], bot_api.methods) == (1, ["getMe", "sendMessage", "sendMessage"])
    assert bot_api.connections == 1


def test_the_first_event_sees_what_another_instance_wrote_after_the_init_phase(start):
    one, two = start(), start()
    assert two.handle(TIMER)["status"] == 200
    assert one.handle()["known"] == {"ticks": 1}


def test_init_and_first_event_cost_two_reads_and_a_write(start, s3):
    """The test server has to prove its conditions once, which AWS has not. After that, a new process counts."""
    assert start(BUCKET=s3.bucket).handle()["status"] == 200
    s3.requests.clear()
    process = start(BUCKET=s3.bucket)
    assert [line.partition(" ")[0] for line in s3.requests] == ["GET"]
    assert process.handle()["status"] == 200
    requests = [line for line in s3.requests if ".ptb-bucket-proof" not in line]
    assert [line.partition(" ")[0] for line in requests] == ["GET", "GET", "PUT"]


def test_the_setting_leaves_all_to_the_first_event(start):
    process = start(PTB_BUCKET_INIT_SECONDS=0)
    assert process.imported == {"built": 0}
    assert process.handle() | {"random": 0, "writer": 0} == {
        "status": 200, "built": 1, "random": 0, "writer": 0, "known": {},
    }  # fmt: skip


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf"])
def test_a_setting_that_is_not_a_number_of_seconds_is_reported(start, value):
    process = start(PTB_BUCKET_INIT_SECONDS=value)
    assert (process.imported, process.handle()["status"], process.handle()["status"]) == ({"built": 0}, 503, 200)
    assert f"PTB_BUCKET_INIT_SECONDS='{value}' is not a number of seconds" in process.end()


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize("what", ["raise", "exit"])
def test_an_error_of_the_author_is_reported_at_the_first_update_and_the_next_one_tries_again(start, tmp_path, what):
    (tmp_path / "trouble").write_text(what)
    process = start()
    assert process.imported == {"built": 0}
    (tmp_path / "trouble").write_text("")
    assert process.handle(event(secret="wrong"))["status"] == 403
    assert process.handle()["status"] == 503
    assert process.handle() | {"random": 0, "writer": 0, "known": 0} == {
        "status": 200, "built": 1, "random": 0, "writer": 0, "known": 0,
    }  # fmt: skip
    log = process.end()
    assert "ERROR ptb_bucket.serverless Could not load the bot in the init phase." in log
    assert "private words" not in log


def test_an_error_that_stays_is_503_each_time_in_one_process(start, tmp_path):
    (tmp_path / "trouble").write_text("raise")
    process = start()
    assert [process.handle()["status"] for _ in range(3)] == [503] * 3
    assert process.handle(TIMER)["status"] == "RuntimeError"


def test_a_timer_reports_the_error_too(start, tmp_path):
    (tmp_path / "trouble").write_text("raise")
    process = start()
    (tmp_path / "trouble").write_text("")
    assert [process.handle(TIMER)["status"] for _ in range(2)] == ["RuntimeError", 200]


def test_a_store_that_may_not_be_read_is_reported_at_the_first_update(start, tmp_path):
    (tmp_path / "bot").write_text("This is not a directory.")
    process = start()
    assert process.handle()["status"] == 503
    (tmp_path / "bot").unlink()
    assert process.handle()["status"] == 200
    assert "Could not load the bot in the init phase" in process.end()


def test_a_store_that_is_down_does_not_stop_the_import(start, s3):
    """It is down while the module is imported and at the first event, and up again afterwards."""
    port = int(s3.url.rpartition(":")[2])
    s3.close()
    process = start(BUCKET=s3.bucket, PTB_BUCKET_INIT_SECONDS=0.5, SECONDS=2)
    assert process.handle()["status"] == 503
    with Relay(s3._port, port):
        assert process.handle()["status"] == 200
    assert "It will be loaded on the first event" in process.end()


def test_code_that_blocks_is_interrupted_and_the_first_event_begins_anew(start, tmp_path):
    (tmp_path / "trouble").write_text("block")
    process = start(PTB_BUCKET_INIT_SECONDS=0.2)
    assert process.imported == {"built": 0}
    (tmp_path / "trouble").write_text("")
    assert process.handle()["status"] == 200
    assert "in the init phase. It will be loaded on the first event: The work was interrupted after" in process.end()


def test_a_store_that_hangs_is_left_to_the_first_event(start, bot_api):
    """It accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = start(TELEGRAM_URL=url, PTB_BUCKET_INIT_SECONDS=0.5, SECONDS=1.5)
        assert process.imported == {"built": 1}
        assert process.handle()["status"] == 503
    assert "It will be loaded on the first event" in process.end()


def test_the_command_line_starts_no_bot_to_find_its_classes(tmp_path):
    code = """
        import pathlib
        from ptb_bucket.serverless.aws import lambda_webhook
        class Cart: ...
        handler = lambda_webhook(lambda: pathlib.Path("built").touch())
    """
    (tmp_path / "the_bot.py").write_text(textwrap.dedent(code))
    command = [sys.executable, "-m", "ptb_bucket.cli", "show", "memory:", "--types", "the_bot:Cart"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert not (tmp_path / "built").exists()
    assert (tmp_path / "__pycache__").exists(), "it was imported"
