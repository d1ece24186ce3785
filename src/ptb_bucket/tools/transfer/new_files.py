"""Write files with personal data: completely or not at all, for their owner only, and never over an existing file."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ptb_bucket.errors import ConfigurationError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["check_absent", "put_in_place", "written_whole"]

_OWNER_ONLY = 0o600


def check_absent(paths: Iterable[Path], *, force: bool) -> None:
    """Check before any work that the files can be written.

    Raises:
        RefusedError: A file exists, and ``force`` is false; or it is not a regular file, such as a device or a link.
        ConfigurationError: The directory of a file does not exist, or the path is a directory itself.
    """
    for path in paths:
        if not path.parent.is_dir() or path.is_dir():
            raise ConfigurationError(
                f"{path} could not be written. It is a directory, or its parent directory does not exist."
            )
        if os.path.lexists(path):
            if not stat.S_ISREG(path.lstat().st_mode):
                raise _not_regular(path)
            if not force:
                raise _taken(path)


def put_in_place(made: Path, path: Path, *, force: bool) -> None:
    """Give a complete file its final name.

    Raises:
        RefusedError: A file of that name exists by now, and ``force`` is false.
        ConfigurationError: The operating system refuses it.
    """
    try:
        made.chmod(_OWNER_ONLY)
        if force:
            made.replace(path)
        else:
            _put_new(made, path)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        raise ConfigurationError(f"{path} could not be written: {error.strerror}.") from error


def _put_new(made: Path, path: Path) -> None:
    try:
        os.link(made, path)  # unlike a rename, this fails if the file exists
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise
        path.touch(exist_ok=False)  # a file system without hard links: take the name first
        made.replace(path)
    else:
        made.unlink()


@contextmanager
def written_whole(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """Open a file that gets its final name when it is complete, and is removed after an error. Raises as above."""
    try:
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ConfigurationError(f"{path} could not be written: {error.strerror}.") from error
    try:
        with _full_disk_reported(path), open(number, "wb") as file:  # noqa: PTH123  a descriptor, not a path
            yield file
            file.flush()
            os.fsync(file.fileno())
        put_in_place(Path(name), path, force=force)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _full_disk_reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}:
            raise
        raise ConfigurationError(f"{path} could not be written: {error.strerror}. Nothing was written.") from error


def _not_regular(path: Path) -> RefusedError:
    what = "a symbolic link. Pass its target instead" if path.is_symlink() else "not a regular file"
    return RefusedError(f"{path} is {what}. Nothing was written. To write to a pipe, pass - as the file name.")


def _taken(path: Path) -> RefusedError:
    return RefusedError(f"The file {path} already exists. Pass --force to replace it.")
