"""What a directory on disk has to show beyond the contract: modes, syncs, kills, links, refusals."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import filelock
import pytest

from ptb_bucket.errors import AccessError, LostRaceError, NotFoundError, UnavailableError, UnsupportedError
from ptb_bucket.stores import Create, LocalStore, Update

NOBODY = 65534
as_root = pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="becomes another user, which takes root")


def run(code, *args, **kwargs):
    """Start a Python process of our own with some code."""
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), *map(str, args)], **kwargs)


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


async def test_temporary_files_of_the_killed_are_neither_seen_nor_kept(tmp_path):
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


async def test_a_lock_that_is_not_let_go_of_is_unavailable(tmp_path):
    store = LocalStore(tmp_path, lock_timeout=0.05)
    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(UnavailableError, match="another writer"):
        await store.put("a", b"1", Create())
    await store.put("a", b"1", Create())
    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(UnavailableError, match="another writer"):
        await store.delete("a")
    assert (await store.get("a")).data == b"1"


@pytest.mark.filterwarnings("ignore:flock not supported")
async def test_a_file_system_without_locks_is_refused(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def flock(descriptor, operation):
        raise OSError(errno.ENOSYS, "no locks")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(AccessError, match="no locks"):
        await LocalStore(tmp_path).put("a", b"1", Create())
    assert not (tmp_path / "a").exists()


async def test_the_loop_goes_on_while_a_lock_is_waited_for(tmp_path):
    store = LocalStore(tmp_path)
    with filelock.FileLock(tmp_path / ".lock"):
        writing = asyncio.ensure_future(store.put("a", b"1", Create()))
        before = time.monotonic()
        await asyncio.sleep(0.02)
        assert time.monotonic() - before < 1
        assert not writing.done()
    await writing


async def test_the_root_may_be_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    await LocalStore(tmp_path / "link").put("a/b", b"1", Create())
    assert (tmp_path / "real" / "a.d" / "b").read_bytes() == b"1"


async def test_a_root_that_links_to_nowhere_is_not_empty(tmp_path):
    (tmp_path / "link").symlink_to("not-mounted")
    store = LocalStore(tmp_path / "link")
    await refuses_everything(store)
    assert not (tmp_path / "not-mounted").exists()


async def test_linked_files_and_directories_are_refused(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_bytes(b"secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").symlink_to(outside / "x")
    (root / "dir.d").symlink_to(outside)
    (root / "loop").symlink_to("loop")
    store = LocalStore(root)
    for key in ("file", "dir/x", "loop"):
        await refuses_everything(store, key)
    assert (outside / "x").read_bytes() == b"secret"


@pytest.mark.parametrize("name", ["file", "dir.d"])
async def test_a_link_is_refused_in_a_listing_that_would_show_it(tmp_path, name):
    (tmp_path / "outside").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / name).symlink_to(tmp_path / "outside")
    store = LocalStore(tmp_path / "root")
    with pytest.raises(AccessError):
        [info async for info in store.list()]
    assert [info async for info in store.list("elsewhere")] == []


async def test_a_path_too_long_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(UnsupportedError):
        await LocalStore(tmp_path / "root").put("/" * 1024, b"1", Create())
    assert list(tmp_path.iterdir()) == []


async def refuses_everything(store, key="a"):
    with pytest.raises(AccessError):
        await store.get(key)
    with pytest.raises(AccessError):
        await store.put(key, b"1", Create())
    with pytest.raises(AccessError):
        await store.delete(key)
    with pytest.raises(AccessError):
        [info async for info in store.list()]


@pytest.mark.parametrize("make", [os.mkdir, getattr(os, "mkfifo", os.mkdir)])
async def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path, make):
    make(tmp_path / "a")
    store = LocalStore(tmp_path)
    with pytest.raises(AccessError, match="ordinary file"):
        await asyncio.wait_for(store.get("a"), 5)
    with pytest.raises(AccessError):
        await store.put("a", b"1", Create())


async def test_files_of_somebody_else_are_left_alone(tmp_path):
    for name in ("README.md", ".hidden", "Makefile"):
        (tmp_path / name).write_bytes(b"theirs")
    (tmp_path / "src").mkdir()
    store = LocalStore(tmp_path)
    await store.put("a", b"1", Create())
    assert [info.key async for info in store.list()] == ["a"]
    assert (tmp_path / "README.md").read_bytes() == b"theirs"


NOT_ALLOWED = """
    import asyncio, os, sys
    from ptb_bucket.errors import AccessError
    from ptb_bucket.stores import Create, LocalStore

    async def listed(store):
        return [info async for info in store.list()]

    async def all_denied(root):
        store = LocalStore(root)
        for operation in (store.get("a"), store.delete("a"), store.put("b", b"", Create()), listed(store)):
            try:
                await operation
            except AccessError as exc:
                assert root in str(exc), exc
            else:
                sys.exit("allowed")

    # Once with a root that is a file: another user may be unable to read what Python imports on the way.
    asyncio.run(all_denied(sys.argv[1] + "/file"))
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
    asyncio.run(all_denied(sys.argv[1] + "/root"))
"""


@as_root
@pytest.mark.parametrize("allowed", [0o700, 0o000])
def test_what_this_user_may_not_read_is_denied_and_not_empty(allowed):
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        Path(name, "file").touch()
        root = Path(name, "root")
        asyncio.run(LocalStore(root).put("a", b"1", Create()))
        root.chmod(allowed)
        assert run(NOT_ALLOWED, name, NOBODY).wait(30) == 0


@as_root
def test_an_unreadable_object_is_denied(tmp_path):
    asyncio.run(LocalStore(tmp_path).put("a", b"1", Create()))
    code = """
        import asyncio, os, sys
        from ptb_bucket.errors import AccessError
        from ptb_bucket.stores import LocalStore
        store = LocalStore(sys.argv[1])
        asyncio.run(store.get("a"))
        os.chmod(sys.argv[1], 0o755)
        os.chdir(sys.argv[1])
        store.root = type(store.root)(".")  # its parents belong to root
        os.setuid(65534)
        try:
            asyncio.run(store.get("a"))
        except AccessError:
            sys.exit(42)
    """
    assert run(code, tmp_path).wait(30) == 42


WRITER = """
    import asyncio, sys
    from ptb_bucket.errors import LostRaceError, NotFoundError
    from ptb_bucket.stores import Create, LocalStore, Update
    async def main(store):
        number = 0
        while True:
            number += 1
            data = b"%06d" % number * 50_000
            try:
                mode = Update((await store.get("big")).etag)
            except NotFoundError:
                mode = Create()
            await store.put("big", data, mode)
            print(number, flush=True)
    asyncio.run(main(LocalStore(sys.argv[1])))
"""


async def test_killed_writers_leave_whole_objects(tmp_path, count):
    for number in range(count(4, 60)):
        writer = run(WRITER, tmp_path, stdout=subprocess.PIPE)
        with writer:
            writer.stdout.readline()
            for _ in range(number % 5 * 3):
                check_whole((await LocalStore(tmp_path).get("big")).data)
                await asyncio.sleep(0.001)
            writer.send_signal(signal.SIGKILL)
        store = LocalStore(tmp_path)
        blob = await store.get("big")
        check_whole(blob.data)
        # The kill let go of the lock, and the next writer clears up.
        await store.put("big", b"000000" * 50_000, Update(blob.etag))
        assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "big"]


def check_whole(data):
    assert len(data) == 300_000
    assert data[:6] * 50_000 == data


COUNTER = """
    import asyncio, sys
    from ptb_bucket.errors import LostRaceError
    from ptb_bucket.stores import LocalStore, Update
    async def main(store, rounds):
        lost = 0
        while rounds:
            blob = await store.get("n")
            try:
                await store.put("n", b"%d" % (int(blob.data) + 1), Update(blob.etag))
                rounds -= 1
            except LostRaceError:
                lost += 1
        print(lost)
    sys.stdin.readline()
    asyncio.run(main(LocalStore(sys.argv[1]), int(sys.argv[2])))
"""


def test_processes_lose_no_increment(tmp_path, count):
    rounds = count(10, 400)
    asyncio.run(LocalStore(tmp_path).put("n", b"0", Create()))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    workers = [run(COUNTER, tmp_path, rounds, **pipes) for _ in range(8)]
    for worker in workers:
        worker.stdin.write(b"go\n")
        worker.stdin.flush()
    answers = [worker.communicate(timeout=300)[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 8
    assert (tmp_path / "n").read_bytes() == b"%d" % (8 * rounds)
    assert sum(map(int, answers)) > 0, "nobody ever lost a race: this tested nothing"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_can_use_the_same_store(tmp_path):
    store = LocalStore(tmp_path)
    etag = asyncio.run(store.put("a", b"1", Create()))
    if (child := os.fork()) == 0:
        try:
            asyncio.run(store.put("a", b"2", Update(etag)))
        except BaseException:  # noqa: BLE001 the child must not run on into pytest
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    with pytest.raises(LostRaceError):
        asyncio.run(store.put("a", b"3", Update(etag)))
