"""Files that tools make: whole or not at all, for their owner only, and never over somebody else's unasked."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat

import pytest

from ptb_bucket.errors import ConfigurationError, RefusedError
from ptb_bucket.state import Record
from ptb_bucket.tools import export_json, open_state
from ptb_bucket.tools.transfer.new_files import written_whole


@pytest.fixture
async def state(tmp_path):
    async with open_state(f"file:{tmp_path}/state", bot_id="123456", create=True) as state:
        replica = state.replica()
        await replica.documents.read_all()
        replica.values.load(Record.user(1))
        replica.stage(Record.user(1), {"n": 1})
        await replica.commit()
        yield state


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "folder"
    made.mkdir()
    return made


async def test_a_file_that_appears_during_an_export_is_not_replaced(state, folder):
    path = folder / "export.json"
    with pytest.raises(RefusedError, match="--force"):
        await export_json(state, path, advance=lambda _: path.write_bytes(b"theirs"))
    assert path.read_bytes() == b"theirs"
    assert list(folder.iterdir()) == [path]
    await export_json(state, path, force=True)
    assert b'"n":1' in path.read_bytes()


@pytest.mark.parametrize("force", [True, False])
def test_only_its_owner_may_read_it_and_nothing_else_is_left(folder, force):
    path = folder / "file"
    if force:
        path.write_bytes(b"old")
        path.chmod(0o644)
    with written_whole(path, force=force) as file:
        file.write(b"new")
        assert (path.read_bytes() if force else path.exists()) == (b"old" if force else False)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize("force", [True, False])
def test_if_writing_fails_nothing_is_there_that_was_not_before(folder, force):
    path = folder / "file"
    if force:
        path.write_bytes(b"old")
    with contextlib.suppress(KeyError), written_whole(path, force=force) as file:
        file.write(b"half")
        raise KeyError
    assert [one.read_bytes() for one in folder.iterdir()] == [b"old"] * force


def test_a_folder_that_is_not_there_is_one_line(folder):
    with (
        pytest.raises(ConfigurationError, match="could not be written"),
        written_whole(folder / "x" / "y", force=False),
    ):
        pass


@pytest.mark.parametrize("number", sorted({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}))
async def test_a_file_system_without_hard_links_will_do(state, folder, monkeypatch, number):
    """FAT and many network shares have none. The file is never replaced there either."""

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    path = folder / "export.json"
    with pytest.raises(RefusedError, match="--force"):
        await export_json(state, path, advance=lambda _: path.write_bytes(b"theirs"))
    assert path.read_bytes() == b"theirs"
    path.unlink()
    await export_json(state, path)
    assert json.loads(path.read_text())["user_data"] == {"1": {"n": 1}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [path]
