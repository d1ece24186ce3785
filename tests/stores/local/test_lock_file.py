"""Tests of the lock file in a local directory: files that are refused in its place, and file systems without locks."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from ptb_bucket.errors import AccessError, UnavailableError
from ptb_bucket.stores import Create, LocalStore, Update
from ptb_bucket.stores.local import locks
from support.processes.lock_holders import TAKE, fcntl, is_free, put, refusing


async def test_the_file_is_for_this_user_only_and_is_never_written(tmp_path):
    old = os.umask(0)
    try:
        await put(tmp_path)
    finally:
        os.umask(old)
    found = (tmp_path / ".lock").stat()
    assert (stat.S_IMODE(found.st_mode), found.st_size) == (0o600, 0)
    (tmp_path / ".lock").write_bytes(b"somebody's")
    (tmp_path / ".lock").chmod(0o660)
    os.link(tmp_path / ".lock", tmp_path / ".backup")
    await put(tmp_path, "b")
    assert (tmp_path / ".backup").read_bytes() == b"somebody's"
    assert stat.S_IMODE((tmp_path / ".lock").stat().st_mode) == 0o660


@pytest.mark.parametrize("replacement", [None, "another"])
async def test_a_file_that_is_replaced_before_it_is_locked_does_not_count(tmp_path, monkeypatch, replacement):
    """Otherwise two processes would hold the lock, one on the old file and one on the new."""
    real, events = fcntl.flock, []
    path = tmp_path / ".lock"

    def flock(descriptor, operation):
        if operation == TAKE and not events:
            events.append("replaced")
            path.unlink()
            if replacement:
                path.touch()
        real(descriptor, operation)
        if operation == TAKE:
            events.append(path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()))

    monkeypatch.setattr(fcntl, "flock", flock)
    with locks.locked(tmp_path, 10):
        monkeypatch.undo()
        assert events == ["replaced", False, True]
        assert not is_free(tmp_path)


def plant_link(path):
    path.symlink_to("elsewhere")


def plant_live_link(path):
    path.with_name("elsewhere").write_bytes(b"precious")
    path.symlink_to("elsewhere")


def plant_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def plant_device(path):
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))  # /dev/null
    except PermissionError:
        pytest.skip("only root makes devices")


PLANTED = [plant_link, plant_live_link, Path.mkdir, os.mkfifo, plant_socket, plant_device]


@pytest.fixture
def root():
    """Make a directory whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


async def is_refused(root):
    with pytest.raises(AccessError, match=r"\.lock"):
        await asyncio.wait_for(put(root, timeout=10), 5)
    assert {path.name for path in root.iterdir()} <= {".lock", "elsewhere"}
    elsewhere = root / "elsewhere"
    assert not elsewhere.exists() or elsewhere.read_bytes() == b"precious"
    assert not locks._OPENED


@pytest.mark.parametrize("plant", PLANTED)
async def test_what_is_not_an_ordinary_file_is_refused_and_not_opened(root, monkeypatch, plant):
    plant(root / ".lock")
    opened, real = [], os.open
    monkeypatch.setattr(os, "open", lambda path, *rest: opened.append(Path(path).name) or real(path, *rest))
    await is_refused(root)
    assert ".lock" not in opened  # a device may act on being opened
    assert not (root / "elsewhere").exists() or plant is plant_live_link


@pytest.mark.parametrize("plant", PLANTED)
async def test_what_comes_there_between_the_look_and_the_opening_is_refused_as_well(root, monkeypatch, plant):
    real = os.open

    def open_(path, *rest):
        if Path(path).name == ".lock":
            (root / ".lock").unlink(missing_ok=True)
            plant(root / ".lock")
        return real(path, *rest)

    monkeypatch.setattr(os, "open", open_)
    await is_refused(root)
    assert not (root / "elsewhere").exists() or plant is plant_live_link


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away, which takes root")
@pytest.mark.parametrize(
    ("mode", "directory", "owner", "refused"),
    [(0o1777, 0, 1234, True), (0o777, 0, 1234, False), (0o1777, 1234, 0, False), (0o1777, 1234, 1234, False)],
)
async def test_a_file_that_another_user_could_replace_meanwhile_is_refused(tmp_path, mode, directory, owner, refused):
    (tmp_path / ".lock").touch()
    os.chown(tmp_path / ".lock", owner, owner)
    os.chown(tmp_path, directory, directory)
    tmp_path.chmod(mode)
    if refused:
        with pytest.raises(AccessError, match="another user"):
            await put(tmp_path)
        assert not (tmp_path / "a").exists()
    else:
        await put(tmp_path)


# ---------------------------------------------------------------- file systems without locks


@pytest.mark.parametrize("name", ["ENOSYS", "ENOTSUP", "EOPNOTSUPP", "ENOLCK", "EINVAL"])
async def test_a_file_system_without_locks_is_refused(tmp_path, monkeypatch, name):
    etag = await put(tmp_path)
    (tmp_path / ".lock").unlink()
    monkeypatch.setattr(fcntl, "flock", refusing(getattr(errno, name)))
    store = LocalStore(tmp_path)
    for operation in (store.put("b", b"2", Create()), store.put("a", b"2", Update(etag)), store.delete("a")):
        with pytest.raises(AccessError, match=r"The file system does not support locks\. Choose a directory"):
            await operation
    assert (tmp_path / "a").read_bytes() == b"1"
    assert {path.name: path.stat().st_size for path in tmp_path.iterdir()} == {"a": 1, ".lock": 0}
    assert (await store.get("a")).data == b"1"


async def test_a_lock_that_fails_otherwise_may_work_later(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", refusing(errno.EIO))
        with pytest.raises(UnavailableError, match=r"\.lock: Input/output error"):
            await put(tmp_path)
    assert not (tmp_path / "a").exists()
    await put(tmp_path)


async def test_a_write_that_is_done_does_not_fail_with_its_lock(tmp_path, monkeypatch):
    real = fcntl.flock

    def flock(descriptor, operation):
        if operation == fcntl.LOCK_UN:
            raise PermissionError(errno.EACCES, "no")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    etag = await put(tmp_path)
    assert await LocalStore(tmp_path, lock_timeout=0.05).put("a", b"2", Update(etag))  # closing has unlocked it
