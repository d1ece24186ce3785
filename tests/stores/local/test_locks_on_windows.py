"""Tests of a local directory's lock as Windows takes it: one writer is let in, and links are refused."""

from __future__ import annotations

import errno
import importlib.util
import os
import sys
from types import SimpleNamespace

import pytest

from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores.local import locks
from support.processes.lock_holders import TAKE, fcntl, is_free, refusing


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
