"""The lock of a directory, which admits one writer at a time, across threads and processes.

It is a lock of the operating system on the file ``.lock``, which the system releases however the process ends. Nothing
is ever written to the file, and it is never removed. A marker file is not used as a fallback: if its owner were killed,
it would lock out all others.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["locked"]

_POLL: Final = 0.005
"""The seconds between attempts: short compared with a write and its syncs."""

# Links are not followed, and opening a pipe or a terminal neither waits nor has effects. Python closes it at exec.
_OPEN: Final = (
    os.O_RDWR
    | os.O_CREAT
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_TAKEN: Final = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EINTR})
"""The errors while another process holds the lock; some network file systems report EACCES."""
_NO_LOCKS: Final = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL})


@contextmanager
def locked(root: Path, timeout: float) -> Iterator[None]:
    """Hold the lock of a store's directory, which must exist.

    Args:
        root: The store's directory.
        timeout: The seconds to wait for the lock; 0 tries once.

    Raises:
        UnavailableError: Another writer held the lock all the time. Nothing was applied.
        OSError: The directory cannot be locked: ``ENOLCK`` if the file system has no locks, ``ELOOP`` if ``.lock`` is
            a link, ``EISDIR`` if it is not an ordinary file, ``EPERM`` if another user could replace it.
    """
    descriptor = _acquired(root / ".lock", timeout)
    try:
        yield
    finally:
        _release(descriptor)


def _acquired(path: Path, timeout: float) -> int:
    """Wait for the lock, and return its open file."""
    deadline = time.monotonic() + timeout
    while (descriptor := _attempt(path)) is None:
        if time.monotonic() >= deadline:
            raise UnavailableError(
                f"{path.parent} could not be locked: another writer has held the lock for {timeout} seconds."
            )
        time.sleep(_POLL)
    return descriptor


def _attempt(path: Path) -> int | None:
    """Open the file and lock it; None if another process holds the lock or replaced the file meanwhile."""
    _check_kind(path)
    try:
        descriptor = os.open(path, _OPEN, 0o600)
    except BlockingIOError:  # a file server holds a lease on it, and is asked to return it
        return None
    _OPENED.add(descriptor)
    try:
        _check_opened(descriptor, path)
        if _lock(descriptor, path) and not _replaced(descriptor, path):
            return descriptor
    except BaseException:
        _close(descriptor)
        raise
    _close(descriptor)
    return None


def _lock(descriptor: int, path: Path) -> bool:
    try:
        _system_lock(descriptor)
    except OSError as exc:
        if exc.errno in _TAKEN:
            return False
        if exc.errno in _NO_LOCKS:
            raise OSError(errno.ENOLCK, "The file system does not support locks", str(path)) from exc
        raise OSError(exc.errno, exc.strerror, str(path)) from exc
    return True


def _release(descriptor: int) -> None:
    if descriptor not in _OPENED:
        return  # this is a child that was forked meanwhile: it has closed the file, and the lock belongs to its parent
    # The write is done, so no error here may look as if it were not. Unlock before closing, because a process that was
    # forked meanwhile may have the same file open.
    with suppress(OSError):
        _system_unlock(descriptor)
    _close(descriptor)


def _close(descriptor: int) -> None:
    _OPENED.discard(descriptor)
    with suppress(OSError):
        os.close(descriptor)


def _check_kind(path: Path) -> None:
    """Refuse anything but an ordinary file before it is opened: devices have effects, and Windows follows links."""
    with suppress(FileNotFoundError):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise OSError(errno.ELOOP, "Is a symbolic link", str(path))
        _check_mode(mode, path)


def _check_opened(descriptor: int, path: Path) -> None:
    """Refuse a file that replaced the checked one, and one that another user could replace while it is locked."""
    found, directory = os.fstat(descriptor), path.parent.stat()
    _check_mode(found.st_mode, path)
    # In a sticky directory such as /tmp, only its owner can rename or remove a file; elsewhere, the directory's owner.
    if directory.st_mode & stat.S_ISVTX and found.st_uid not in (_user(), directory.st_uid):
        raise OSError(errno.EPERM, "Is owned by another user, who could replace it", str(path))


def _check_mode(mode: int, path: Path) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.EISDIR, "Not a regular file", str(path))


_OPENED: set[int] = set()


def _close_inherited() -> None:
    """Close locks in a child that was forked while a thread held one: else they stay held if the parent is killed."""
    for descriptor in list(_OPENED):
        _close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _system_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # the first byte, which need not exist

    def _system_unlock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    def _replaced(descriptor: int, path: Path) -> bool:  # noqa: ARG001  one signature for both systems
        return False  # Windows does not let anyone replace an open file

    def _user() -> int:
        return 0  # the owner of every file, in Python

else:
    import fcntl

    def _system_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _system_unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    def _replaced(descriptor: int, path: Path) -> bool:
        """Return True if the locked file is no longer the one that others would lock."""
        try:
            return not os.path.samestat(os.fstat(descriptor), path.lstat())
        except FileNotFoundError:
            return True

    _user = os.geteuid
    os.register_at_fork(after_in_child=_close_inherited)
