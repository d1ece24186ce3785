"""Tests of ``file:`` on a full or read-only disk: the right error, no losses, and a save once the disk works again."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from ptb_bucket.errors import AccessError, UnavailableError
from support.applications.restarting_bot import opened

MOUNT, UMOUNT = (shutil.which(name) or name for name in ("mount", "umount"))


@pytest.fixture
def disk(tmp_path):
    """Mount a separate file system of 256 KB."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(
        [MOUNT, "-t", "tmpfs", "-o", "size=256k", "tmpfs", path],
        check=False,
        capture_output=True,
        text=True,
    )
    if mounted.returncode:
        pytest.skip(f"mounting a small disk is not allowed here: {mounted.stderr.strip()}")
    yield path
    subprocess.run([UMOUNT, path], check=True)


async def fails_then_saves(persistence, uri, error, mend, data):
    before = await opened(uri).get_bot_data()
    with pytest.raises(error):
        await persistence.update_bot_data(data)
    assert persistence.stats.pending == ("bot_data",)
    assert await opened(uri).get_bot_data() == before
    mend()
    await persistence.flush()
    assert await opened(uri).get_bot_data() == data


async def test_a_full_disk(disk):
    uri = f"file:{disk}/state"
    persistence = opened(uri, commit_timeout=0.2)
    await persistence.update_bot_data({"n": 1})
    persistence._session.replica.documents.retry_policy.deadline = 0.2
    filler = disk / "filler"
    filler.write_bytes(b"x" * 150_000)

    def mend():
        filler.unlink()
        persistence._session.replica.documents.retry_policy.deadline = 30

    await fails_then_saves(persistence, uri, UnavailableError, mend, {"n": 2, "much": "y" * 150_000})
    assert [path.name for path in (disk / "state").iterdir() if path.name.startswith(".tmp")] == []


async def test_a_disk_that_turns_read_only(disk):
    uri = f"file:{disk}/state"
    persistence = opened(uri)
    await persistence.update_bot_data({"n": 1})

    def remount(how):
        subprocess.run([MOUNT, "-o", f"remount,{how}", disk], check=True)

    remount("ro")
    await fails_then_saves(persistence, uri, AccessError, lambda: remount("rw"), {"n": 2})


async def test_a_disk_that_is_full_for_the_spool_too_loses_nothing_while_the_process_lives(disk):
    uri = f"file:{disk}/state"
    persistence = opened(uri, spool_dir=disk / "spool", commit_timeout=0.2)
    await persistence.get_bot_data()
    await persistence.update_bot_data({"n": 1})
    filler = disk / "filler"
    filler.write_bytes(b"x" * 150_000)
    data = {"n": 2, "much": "y" * 150_000}
    with pytest.raises(UnavailableError):
        await persistence.update_bot_data(data)
    filler.unlink()
    persistence._session.replica.documents.retry_policy.deadline = 30
    await persistence.flush()
    assert await opened(uri).get_bot_data() == data
