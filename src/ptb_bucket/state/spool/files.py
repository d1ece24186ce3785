"""The spool directory. Its files are written atomically, readable only by this user, and replayed by one process."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

from ptb_bucket._aio import Deadline, to_the_end
from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores import locked, make_directories, read_file, remove_file, translated, write_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = ["SpoolFiles"]

ENDING: Final = ".spool"
POLL: Final = 0.05


class SpoolFiles:
    """The spool files in a directory, in the order of writing, because a file may hold changes of an earlier one.

    Args:
        root: The directory. It is created when it is first used.
        timeout: Seconds to wait for another process that replays spools.
    """

    def __init__(self, root: Path, timeout: float) -> None:
        self.root = root
        self._timeout = timeout
        self._last = 0

    def new(self) -> Path:
        """Return a unique path that sorts after all paths that this process has used."""
        self._last = max(self._last + 1, time.time_ns())
        return self.root / f"{self._last:020d}-{os.urandom(4).hex()}{ENDING}"

    def write(self, path: Path, data: bytes) -> None:
        """Write a spool durably.

        Raises:
            StoreError: It could not be written.
        """
        with translated(path):
            make_directories(self.root)
            write_file(path, data)

    async def write_ahead(self, path: Path, data: bytes) -> None:
        """Write a spool like :meth:`write`, but in a thread.

        A caller that is cancelled waits for the end of the thread. Otherwise the file could come back after another
        start has claimed the directory, saved the changes and removed it, and they would be saved twice.
        """
        await to_the_end(asyncio.to_thread(self.write, path, data))

    def read(self, path: Path) -> bytes | None:
        """Return the bytes of a spool; None if it is gone.

        Raises:
            StoreError: It cannot be read.
        """
        with translated(path):
            return read_file(path)

    def remove(self, path: Path) -> None:
        """Remove a spool whose changes are in the bucket.

        Raises:
            StoreError: It could not be removed.
        """
        with translated(path):
            remove_file(path)

    @asynccontextmanager
    async def claimed(self) -> AsyncIterator[list[Path]]:
        """Lock the directory and return all spools. If this process dies, the system unlocks the directory.

        Raises:
            StoreError: Another process holds the lock, or the directory is not writable. It is better to fail now than
                at shutdown.
        """
        with ExitStack() as stack, translated(self.root):
            make_directories(self.root)
            await self._lock(stack)
            yield sorted(path for path in self.root.iterdir() if path.name.endswith(ENDING))

    async def _lock(self, stack: ExitStack) -> None:
        deadline = Deadline.after(self._timeout)
        while True:
            try:
                return stack.enter_context(locked(self.root, 0))
            except UnavailableError as error:
                if not deadline.left:
                    raise UnavailableError(
                        f"Timed out after {self._timeout:g} seconds: another process is still replaying the spool "
                        f"files in {self.root}. Try again later."
                    ) from error
            await asyncio.sleep(POLL)
