"""Tests of ``broadcasts``, which lists, pauses, continues and cancels."""

from __future__ import annotations

import asyncio
import json

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import main
from ptb_bucket.state import Journals


@pytest.fixture
def uri(tmp_path):
    async def save():
        persistence = BucketPersistence(f"file:{tmp_path}")
        persistence.set_bot(ExtBot("123456:offline"))
        await persistence.update_user_data(42, {"name": "Ada"})
        await Journals(persistence._session.replica.documents.store).create("news-7", "news", list(range(12_345)))
        await persistence.flush()

    asyncio.run(save())
    return f"file:{tmp_path}"


def listed(capsys, *arguments):
    assert main(["broadcasts", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["broadcasts"]


def test_json_is_all_of_stdout_also_where_every_stream_counts_as_a_terminal(uri, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["broadcasts", uri, "--pause", "news-7", "--dry-run", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["broadcasts"][0]["state"] == "running"
    assert "news-7 would be paused" in err


def test_it_lists_pauses_continues_and_cancels(uri, capsys):
    [one] = listed(capsys, uri)
    assert (one["name"], one["state"], one["people"], one["done"], one["blocked"]) == (
        "news-7", "running", 12_345, 0, []
    )  # fmt: skip
    assert listed(capsys, uri, "--pause", "news-7", "--dry-run")[0]["state"] == "running"
    assert listed(capsys, uri, "--pause", "news-7")[0]["state"] == "paused"
    assert listed(capsys, uri, "--resume", "news-7")[0]["state"] == "running"
    assert listed(capsys, uri, "--cancel", "news-7")[0]["state"] == "cancelled"
    assert listed(capsys, uri, "--resume", "news-7")[0]["state"] == "cancelled"
    assert main(["broadcasts", uri]) == 0
    assert "cancelled\t12345" in capsys.readouterr().out


def test_a_dry_run_says_what_would_change(uri, capsys):
    assert main(["broadcasts", uri, "--pause", "news-7", "--dry-run"]) == 0
    assert "news-7 would be paused." in capsys.readouterr().err
    assert main(["broadcasts", uri, "--resume", "news-7", "--dry-run"]) == 0
    assert "news-7 would stay as it is, and not be running." in capsys.readouterr().err
    assert main(["broadcasts", uri, "--cancel", "news-7", "-q"]) == 0


def test_an_unknown_name_is_named(uri, capsys):
    for more in ([], ["--dry-run"]):
        assert main(["broadcasts", uri, "--pause", "news-8", *more]) == 3
        assert "no broadcast named 'news-8'" in capsys.readouterr().err
    assert main(["broadcasts", uri, "--pause", "a", "--cancel", "b"]) == 2
    assert "only one" in capsys.readouterr().err
