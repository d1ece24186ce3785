"""New files that hold people's data: whole or not at all, for their owner only, never over what is there unasked."""

from __future__ import annotations

import os
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
    """Before any work is done, make sure that the files may be written.

    Raises:
        RefusedError: There is such a file, and ``force`` was not said.
        ConfigurationError: There is no folder for it, or it is a folder itself.
    """
    for path in paths:
        if not path.parent.is_dir() or path.is_dir():
            raise ConfigurationError(f"{path} cannot be a file: there is no such folder, or it is one.")
        if path.exists() and not force:
            raise _taken(path)


def put_in_place(made: Path, path: Path, *, force: bool) -> None:
    """Give a file that is complete its name.

    Raises:
        RefusedError: There is such a file by now, and ``force`` was not said.
        ConfigurationError: The system does not let us.
    """
    try:
        made.chmod(_OWNER_ONLY)
        if force:
            made.replace(path)
        else:
            os.link(made, path)  # unlike a rename, fails where there is something
            made.unlink()
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from error


@contextmanager
def written_whole(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """A file to write to, which gets its name when all is written, and is gone if anything fails. Raises as above."""
    try:
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with open(number, "wb") as file:  # noqa: PTH123  a descriptor, not a path
            yield file
            file.flush()
            os.fsync(file.fileno())
        put_in_place(Path(name), path, force=force)
    finally:
        Path(name).unlink(missing_ok=True)


def _taken(path: Path) -> RefusedError:
    return RefusedError(f"There is a file {path} already. --force replaces it.")
