"""Tests of a local store's writes: modes, syncs, failures on the way, leftovers."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from ptb_bucket.errors import AccessError, NotFoundError, UnavailableError, UnsupportedError
from ptb_bucket.stores import Create, LocalStore, Update


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


async def test_everything_is_for_this_user_only(tmp_path):
    old = os.umask(0)
    try:
        await LocalStore(tmp_path / "new" / "root").put("a/state.json", b"1", Create())
    finally:
        os.umask(old)
    found = {str(path.relative_to(tmp_path)): mode(path) for path in tmp_path.rglob("*")}
    assert found == {
        "new": 0o700,
        "new/root": 0o700,
        "new/root/.lock": 0o600,
        "new/root/a.d": 0o700,
        "new/root/a.d/state.json": 0o600,
    }


async def test_a_directory_that_existed_keeps_its_mode(tmp_path):
    tmp_path.chmod(0o755)
    await LocalStore(tmp_path).put("a", b"1", Create())
    assert mode(tmp_path) == 0o755


async def test_reading_makes_nothing(tmp_path):
    store = LocalStore(tmp_path / "root")
    with pytest.raises(NotFoundError):
        await store.get("a")
    await store.delete("a")
    assert [info async for info in store.list()] == []
    assert list(tmp_path.iterdir()) == []


async def test_the_working_directory_may_change(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = LocalStore("data")
    monkeypatch.chdir("/")
    await store.put("a", b"1", Create())
    assert (tmp_path / "data" / "a").read_bytes() == b"1"


async def test_synced_file_then_name_then_directory(tmp_path, monkeypatch):
    events = []
    names = {}
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(descriptor):
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        events.append(("sync", ".tmp" if path.name.startswith(".tmp-") else str(path.relative_to(tmp_path))))
        names[path.name] = path.read_bytes() if path.is_file() else None
        real_fsync(descriptor)

    def replace(self, target):
        events.append(("replace", target.name))
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    await LocalStore(tmp_path / "root").put("a/b", b"data", Create())
    made = [("sync", "."), ("sync", "root")]
    assert events == [*made, ("sync", ".tmp"), ("replace", "b"), ("sync", "root/a.d")]
    assert b"data" in names.values()


@pytest.mark.parametrize(("number", "error"), [(errno.EIO, UnavailableError), (errno.EACCES, AccessError)])
async def test_a_failed_replacement_leaves_the_old_object_and_no_litter(tmp_path, monkeypatch, number, error):
    store = LocalStore(tmp_path)
    etag = await store.put("a", b"old", Create())

    def replace(self, target):
        raise OSError(number, os.strerror(number), str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises(error) as caught:
            await store.put("a", b"new", Update(etag))
    assert caught.value.key == "a"
    assert isinstance(caught.value.__cause__, OSError)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "a"]
    assert (await store.get("a")).data == b"old"


async def test_a_failure_after_the_replacement_is_never_a_refusal(tmp_path, monkeypatch):
    real = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EACCES, "denied")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(UnavailableError):
        await LocalStore(tmp_path).put("a", b"1", Create())
    assert (tmp_path / "a").read_bytes() == b"1"


async def test_what_is_deleted_is_gone_for_good_before_it_counts_as_deleted(tmp_path, monkeypatch):
    """Without a sync of the directory, an erased object could be back after a crash."""
    store = LocalStore(tmp_path)
    await store.put("a/b", b"1", Create())
    await store.put("a/c", b"1", Create())
    events, real_fsync, real_unlink = [], os.fsync, Path.unlink

    def fsync(descriptor):
        events.append(("sync", str(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(tmp_path))))
        real_fsync(descriptor)

    def unlink(self, *, missing_ok=False):
        events.append(("unlink", self.name))
        real_unlink(self, missing_ok=missing_ok)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "unlink", unlink)
    await store.delete("a/b")
    await store.delete_if("a/c", (await store.get("a/c")).etag)
    assert events == [("unlink", "b"), ("sync", "a.d"), ("unlink", "c"), ("sync", "a.d")]


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE])
async def test_a_directory_that_cannot_be_synced_is_known_before_anything_is_changed(tmp_path, monkeypatch, number):
    """Otherwise an error would be reported for a write that has happened."""
    store = LocalStore(tmp_path)
    etag = await store.put("a", b"old", Create())
    real = os.open

    def failing(path, flags, *rest):
        if flags & os.O_DIRECTORY:
            raise OSError(number, os.strerror(number), str(path))
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", failing)
    for operation in (store.put("a", b"new", Update(etag)), store.delete("a"), store.delete_if("a", etag)):
        with pytest.raises((AccessError, UnavailableError)):
            await operation
        assert (await store.get("a")).data == b"old"
    with pytest.raises((AccessError, UnavailableError)):
        await store.put("b", b"new", Create())
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "a"]


async def test_a_file_system_without_directory_sync_still_works(tmp_path, monkeypatch):
    real = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no such thing here")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    await LocalStore(tmp_path).put("a", b"1", Create())


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, UnavailableError),
        (errno.EDQUOT, UnavailableError),
        (errno.EIO, UnavailableError),
        (errno.EMFILE, UnavailableError),
        (errno.EACCES, AccessError),
        (errno.EPERM, AccessError),
        (errno.EROFS, AccessError),
        (errno.ENOTDIR, AccessError),
        (errno.ELOOP, AccessError),
        (errno.ENAMETOOLONG, UnsupportedError),
    ],
)
async def test_what_the_system_says_is_translated(tmp_path, monkeypatch, number, error):
    store = LocalStore(tmp_path)
    await store.put("a", b"1", Create())
    real = os.open

    def failing(path, *args, **kwargs):
        if str(path).startswith(str(tmp_path)):
            raise OSError(number, os.strerror(number), str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", failing)
    for operation in (store.get("a"), store.put("b", b"1", Create()), store.delete("a")):
        with pytest.raises(error, match=str(tmp_path)):
            await operation


async def test_temporary_files_of_killed_processes_are_ignored_and_removed(tmp_path):
    await LocalStore(tmp_path).put("dir/a", b"1", Create())
    litter = tmp_path / "dir.d" / ".tmp-0123456789abcdef"
    litter.write_bytes(b"half")
    store = LocalStore(tmp_path)
    assert [info.key async for info in store.list()] == ["dir/a"]
    await store.put("elsewhere", b"1", Create())
    assert litter.exists()
    await store.put("dir/b", b"1", Create())
    assert not litter.exists()
    litter.write_bytes(b"looked for once only")
    await store.put("dir/c", b"1", Create())
    assert litter.exists()
