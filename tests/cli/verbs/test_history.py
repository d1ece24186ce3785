"""Tests of the output of ``history`` for people, who copy a version from it into ``restore --version``."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import main


async def _commit_twice(uri):
    persistence = BucketPersistence(uri)
    persistence.set_bot(ExtBot("123456:offline"))
    for number in range(2):
        await persistence.update_bot_data({"number": number})
        await persistence.flush()


@pytest.mark.parametrize("columns", ["40", "200"])
def test_a_version_is_in_one_piece_however_narrow_the_terminal_is(tmp_path, capsys, monkeypatch, columns):
    uri = f"file:{tmp_path.as_posix()}?keep=3"
    asyncio.run(_commit_twice(uri))
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["history", uri]) == 0
    newest, oldest = capsys.readouterr().out.splitlines()
    assert newest.split("\t")[-1] == "current"
    assert main(["restore", uri, "--version", oldest.split("\t")[1], "--dry-run"]) == 0
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["history", uri]) == 0
    assert oldest.split("\t")[1] in capsys.readouterr().out.split()
