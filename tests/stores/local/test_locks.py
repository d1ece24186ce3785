"""Tests of a local directory's lock: the processes that it keeps out, and for how long."""

from __future__ import annotations

import asyncio
import errno
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from ptb_bucket.errors import LostRaceError, UnavailableError
from ptb_bucket.stores import Create, LocalStore, Update
from ptb_bucket.stores.local import locks
from support.processes.child_processes import run
from support.processes.lock_holders import TAKE, fcntl, is_free, put, refusing, taken


def open_locks() -> list[Path]:
    return [link for link in Path("/proc/self/fd").iterdir() if link.resolve().name == ".lock"]


# ---------------------------------------------------------------- one at a time


async def test_a_lock_that_another_holds_is_waited_for_and_then_unavailable(tmp_path):
    store = LocalStore(tmp_path, lock_timeout=0.05)
    with taken(tmp_path), pytest.raises(UnavailableError, match="another writer"):
        await store.put("a", b"1", Create())
    await store.put("a", b"1", Create())
    with taken(tmp_path), pytest.raises(UnavailableError, match="another writer"):
        await store.delete("a")
    assert (await store.get("a")).data == b"1"


async def etag_and_version(root):
    """Return the versions of an object that was written twice."""
    store = LocalStore(root, keep=5, lock_timeout=0.05)
    etag = await store.put("a", b"1", Update(await store.put("a", b"0", Create())))
    return store, etag, [found.version async for found in store.versions("a")][-1]


WRITERS = {
    "put": lambda store, etag, _: store.put("a", b"2", Update(etag)),
    "create": lambda store, *_: store.put("b", b"2", Create()),
    "delete": lambda store, *_: store.delete("a"),
    "delete_if": lambda store, etag, _: store.delete_if("a", etag),
    "delete_version": lambda store, _, version: store.delete_version("a", version),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
async def test_all_writers_wait_for_the_lock(tmp_path, write):
    store, *known = await etag_and_version(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with taken(tmp_path), pytest.raises(UnavailableError, match="another writer"):
        await write(store, *known)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    await write(store, *known)


@pytest.mark.parametrize("name", ["put", "create", "delete_if"])
async def test_what_another_wrote_while_the_lock_was_waited_for_counts(tmp_path, monkeypatch, name):
    _, *known = await etag_and_version(tmp_path)
    waits, real = threading.Event(), fcntl.flock
    with taken(tmp_path):
        monkeypatch.setattr(fcntl, "flock", lambda *arguments: waits.set() or real(*arguments))
        writing = asyncio.ensure_future(WRITERS[name](LocalStore(tmp_path, lock_timeout=30), *known))
        await asyncio.to_thread(waits.wait, 30)
        for path in (tmp_path / "a", tmp_path / "b"):
            path.write_bytes(b"just written")
    with pytest.raises(LostRaceError):
        await writing
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == b"just written"


@pytest.mark.parametrize("timeout", [0, 0.3])
async def test_it_is_waited_for_as_long_as_was_asked(tmp_path, timeout):
    with taken(tmp_path):
        before = time.monotonic()
        with pytest.raises(UnavailableError, match=f"for {timeout} seconds"):
            await put(tmp_path, timeout=timeout)
        assert timeout <= time.monotonic() - before < timeout + 5


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EACCES, errno.EINTR])
async def test_every_error_of_a_held_lock_is_retried(tmp_path, monkeypatch, number):
    answers = iter([OSError(number, os.strerror(number))] * 3)
    real = fcntl.flock

    def flock(descriptor, operation):
        if operation == TAKE and (error := next(answers, None)):
            raise error
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    await put(tmp_path, timeout=10)
    assert next(answers, None) is None


async def test_a_file_that_a_file_server_has_on_lease_is_waited_for_and_not_for_longer(tmp_path, monkeypatch):
    """Opening it would wait for the end of the lease, which may take a minute."""
    real, refused = os.open, []

    def open_(path, flags, *rest):
        if Path(path).name == ".lock" and len(refused) < 3:
            refused.append(flags & os.O_NONBLOCK)
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(path))
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", open_)
    await put(tmp_path, timeout=10)
    assert refused == [os.O_NONBLOCK] * 3


async def test_the_loop_goes_on_while_a_lock_is_waited_for(tmp_path):
    with taken(tmp_path):
        writing = asyncio.ensure_future(put(tmp_path, timeout=10))
        before = time.monotonic()
        await asyncio.sleep(0.02)
        assert time.monotonic() - before < 1
        assert not writing.done()
    await writing


def test_the_lock_is_held_for_the_whole_time(tmp_path):
    with locks.locked(tmp_path, 0):
        assert not is_free(tmp_path)
        with pytest.raises(UnavailableError), locks.locked(tmp_path, 0):
            pass
        assert not is_free(tmp_path)  # the one in vain has not let it go
    assert is_free(tmp_path)
    with pytest.raises(ZeroDivisionError), locks.locked(tmp_path, 0):
        _ = 1 / 0
    assert is_free(tmp_path)


def test_it_is_let_go_even_if_the_file_is_still_open_in_a_process_that_a_library_has_forked(tmp_path):
    with locks.locked(tmp_path, 0):
        theirs = os.dup(*locks._OPENED)
    assert is_free(tmp_path)
    os.close(theirs)


def test_threads_are_inside_one_at_a_time(tmp_path, count):
    inside, most, rounds = [], [], count(20, 300)

    def work():
        for _ in range(rounds):
            with locks.locked(tmp_path, 60):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (max(most), len(most)) == (1, 4 * rounds)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files in /proc")
async def test_no_file_stays_open(tmp_path, monkeypatch):
    await put(tmp_path)
    with taken(tmp_path), pytest.raises(UnavailableError):
        await put(tmp_path, "b")
    with locks.locked(tmp_path, 0):
        assert len(open_locks()) == 1
    monkeypatch.setattr(fcntl, "flock", refusing(errno.EIO))
    with pytest.raises(UnavailableError):
        await put(tmp_path, "b")
    assert not open_locks()
    assert not locks._OPENED


# ---------------------------------------------------------------- processes

HOLDER = """
    import os, subprocess, sys, time
    from pathlib import Path
    from ptb_bucket.stores.local.locks import locked
    with locked(Path(sys.argv[1]), 10):
        if sys.argv[2] == "start a child":
            child = subprocess.Popen(["sleep", "60"], close_fds=False).pid
        elif sys.argv[2] == "fork":
            child = os.fork()
            if child == 0:
                time.sleep(60)
        else:
            child = 0
        print(child, flush=True)
        time.sleep(60)
"""


def free_within(root, seconds) -> bool:
    end = time.monotonic() + seconds
    while not is_free(root) and time.monotonic() < end:
        time.sleep(0.005)
    return is_free(root)


@pytest.mark.parametrize("way", ["alone", "start a child", "fork"])
def test_the_lock_of_a_killed_process_is_free_even_if_its_children_run_on(tmp_path, way):
    with run(HOLDER, tmp_path, way, stdout=subprocess.PIPE) as holder:
        child = int(holder.stdout.readline())
        try:
            assert not is_free(tmp_path)
            holder.kill()
            holder.wait(30)
            if child:
                os.kill(child, 0)  # it lives
            assert free_within(tmp_path, 5)
        finally:
            if child:
                os.kill(child, signal.SIGKILL)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_does_not_unlock_what_its_parent_holds(tmp_path):
    with locks.locked(tmp_path, 0):
        if (child := os.fork()) == 0:
            os._exit(0 if not locks._OPENED and not is_free(tmp_path) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert not is_free(tmp_path)
    assert is_free(tmp_path)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_child_that_was_forked_inside_closes_no_file_of_its_own_when_it_leaves(tmp_path):
    """By then the file descriptor of the lock may belong to another file."""
    child = -1
    with locks.locked(tmp_path, 0):
        (number,) = locks._OPENED
        if (child := os.fork()) == 0:
            mine = os.open(tmp_path / "mine", os.O_CREAT | os.O_WRONLY)
    if child == 0:
        try:
            os.write(mine, b"still open")
        except OSError:
            os._exit(1)
        os._exit(0 if mine == number else 2)
    assert os.waitpid(child, 0)[1] == 0


# ---------------------------------------------------------------- Windows


@pytest.fixture
def on_windows(monkeypatch):
    """Import the module as on Windows, with this system's locks for its locks of one byte."""

    def locking(descriptor, operation, length):
        assert (length, os.lseek(descriptor, 0, os.SEEK_CUR)) == (1, 0)
        try:
            fcntl.flock(descriptor, operation)
        except BlockingIOError as exc:
            raise PermissionError(errno.EACCES, "Permission denied") from exc

    fake = SimpleNamespace(locking=locking, LK_NBLCK=TAKE, LK_UNLCK=fcntl.LOCK_UN)
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "O_NOFOLLOW")
    spec = importlib.util.spec_from_file_location("locks_on_windows", locks.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not hasattr(module, "fcntl")
    return module, fake


def test_on_windows_one_is_kept_out_and_then_let_in(tmp_path, on_windows):
    module, _ = on_windows
    with module.locked(tmp_path, 0):
        assert not is_free(tmp_path)
        with pytest.raises(UnavailableError), module.locked(tmp_path, 0.02):
            pass
    with module.locked(tmp_path, 0):
        still_open = os.dup(*module._OPENED)
    assert is_free(tmp_path)
    os.close(still_open)


def test_on_windows_links_and_directories_are_refused(tmp_path, on_windows):
    module, _ = on_windows
    (tmp_path / ".lock").symlink_to("elsewhere")
    with pytest.raises(OSError, match="Is a symbolic link") as caught, module.locked(tmp_path, 0):
        pass
    assert caught.value.errno == errno.ELOOP
    assert not (tmp_path / "elsewhere").exists()


def test_on_windows_a_file_system_without_locks_is_refused(tmp_path, on_windows):
    module, fake = on_windows
    fake.locking = lambda *_: refusing(errno.EINVAL)(*_[:2])
    with pytest.raises(OSError, match="does not support locks"), module.locked(tmp_path, 0):
        pass
