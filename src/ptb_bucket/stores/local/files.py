"""Files that are written whole or not at all, and the translation of the operating system's errors."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import AccessError, StoreError, UnavailableError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = [
    "make_directories",
    "read_file",
    "read_with_status",
    "remove_empty_directories",
    "remove_file",
    "remove_temporary",
    "translated",
    "write_file",
]

_TEMPORARY: Final = ".tmp-"
# No link is followed, and opening a pipe does not wait for its other end.
_READ: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_PERMIT: Final = "Give the bot's user account read and write permission here"
_REMEDIES: Final[Mapping[int, str]] = {
    errno.EACCES: _PERMIT,
    errno.EPERM: _PERMIT,
    errno.EROFS: "Choose a directory on a writable file system",
    errno.ENOTDIR: "Part of this path is not a directory. Move it away, or choose another directory",
    errno.EISDIR: "Move the file away, or choose another directory",
    errno.ELOOP: "Symbolic links inside a store directory are not followed. Replace the link with the real file or "
    "directory",
    errno.ENOLCK: "Choose a directory on a file system that supports locks, such as a local disk",
    errno.ENXIO: "Move the file away, or choose another directory",
}


@contextmanager
def translated(path: Path, key: str | None = None) -> Iterator[None]:
    """Translate errors of the operating system. No other code of the store does.

    Args:
        path: The path to name in the message if the error names none.
        key: The key of the object that the error is about.
    """
    try:
        yield
    except OSError as exc:
        raise _translate(exc, path, key) from exc


def _translate(exc: OSError, path: Path, key: str | None) -> StoreError:
    what = f"{exc.filename or path}: {exc.strerror or exc}"
    if remedy := _REMEDIES.get(exc.errno or 0):
        return AccessError(f"{what}. {remedy}.", key=key)
    if exc.errno == errno.ENAMETOOLONG:
        return UnsupportedError(f"{what}. Use a shorter key, or a directory closer to the root.", key=key)
    return UnavailableError(f"{what}. Check the disk. A running bot keeps trying to save its changes.", key=key)


def read_file(path: Path) -> bytes | None:
    """Return a file's bytes; None if it does not exist.

    Raises:
        OSError: The file could not be read, or is not an ordinary file.
    """
    found = read_with_status(path)
    return None if found is None else found[0]


def read_with_status(path: Path) -> tuple[bytes, os.stat_result] | None:
    """Return a file's bytes, and its status from before they were read; None if it does not exist.

    Raises:
        OSError: The file could not be read, or is not an ordinary file.
    """
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, "Not a regular file", str(path))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(), status
    finally:
        os.close(descriptor)


def write_file(path: Path, data: bytes) -> None:
    """Write a whole file durably. A reader sees either the old bytes or the new ones, also after a crash.

    Raises:
        OSError: The file was not written; with ``EIO``, it may have been written but may not survive a crash.
    """
    temporary = path.with_name(_TEMPORARY + secrets.token_hex(8))
    # Opened first, so that it cannot be refused after the replacement.
    with _directory(path.parent) as directory:
        try:
            _write_new(temporary, data)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):  # the first error counts; the next writer removes the rest
                temporary.unlink()
            raise
        _sync(directory, path)


def remove_file(path: Path) -> None:
    """Remove a file durably; a missing file is not an error."""
    with suppress(FileNotFoundError), _directory(path.parent) as directory:
        path.unlink(missing_ok=True)
        _sync(directory, path)


def remove_empty_directories(path: Path, root: Path) -> None:
    """Remove a directory and its parents below a root, as far as they are empty.

    The caller holds the lock, so nobody is about to write into one of them.
    """
    with suppress(OSError):  # it is not empty, or another one that cannot be removed: it stays
        while path != root:
            path.rmdir()
            path = path.parent


def remove_temporary(directory: Path) -> None:
    """Remove the files that killed writers left. The caller holds the lock, so nobody is writing."""
    for path in directory.glob(_TEMPORARY + "*"):
        path.unlink(missing_ok=True)


def make_directories(path: Path) -> None:
    """Create a directory and its missing parents, durably and for this user only."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        path = path.parent
    for directory in reversed(missing):
        _make_directory(directory)


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(0o700)
    except FileExistsError:
        if not path.is_dir():  # otherwise another process was faster
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from None
    else:
        with _directory(path.parent) as parent:
            _sync(parent, path)


def _write_new(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, _NEW, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _directory(path: Path) -> Iterator[int | None]:
    """Open a directory for syncing; None on Windows, which cannot sync directories."""
    if os.name == "nt":
        yield None
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _sync(directory: int | None, path: Path) -> None:
    """Make a change to a directory durable."""
    if directory is None:
        return
    try:
        os.fsync(directory)
    except OSError as exc:
        # Some file systems cannot sync directories, and offer no replacement.
        if exc.errno != errno.EINVAL:
            # The change was made, so no error may look like a refusal.
            raise OSError(errno.EIO, os.strerror(exc.errno or errno.EIO), str(path)) from exc
