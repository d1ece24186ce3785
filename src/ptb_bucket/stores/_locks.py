"""One writer at a time in a directory, between threads and processes."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from ptb_bucket.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["locked"]

_POLL: Final = 0.005
"""Seconds between attempts: short against a write with its syncs."""


@contextmanager
def locked(root: Path, timeout: float) -> Iterator[None]:
    """Hold the lock of a store's directory, which exists. The system lets go of it when a process dies.

    Args:
        root: The store's directory.
        timeout: Seconds to wait for the lock.

    Raises:
        UnavailableError: Somebody else held it all that time. Nothing was applied.
        OSError: There can be no lock there.
    """
    # A lock object of its own each time: one that is shared would let a second thread in.
    lock: BaseFileLock = FileLock(root / ".lock", mode=0o600)
    try:
        lock.acquire(timeout=timeout, poll_interval=_POLL)
    except Timeout as exc:
        raise UnavailableError(f"{root}: another writer held the lock for {timeout} seconds") from exc
    except NotImplementedError as exc:
        raise _no_locks(root) from exc
    try:
        # What filelock falls back to stays behind when its holder is killed, and would lock everybody out.
        if isinstance(lock, SoftFileLock):
            raise _no_locks(root)
        yield
    finally:
        lock.release()


def _no_locks(root: Path) -> OSError:
    return OSError(errno.EPERM, "This file system has no locks", str(root))
