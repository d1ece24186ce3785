"""Read files that hold a bot's state: PicklePersistence's, DictPersistence's JSON, and our own export."""

from __future__ import annotations

import mmap
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from ptb_bucket._wording import pluralize
from ptb_bucket.codecs import PtbPickleReader
from ptb_bucket.errors import CannotLoadError, ConfigurationError, NotFoundError
from ptb_bucket.tools.state import late_bot
from ptb_bucket.tools.transfer.export_format import part_paths
from ptb_bucket.tools.transfer.memory_json import read_json
from ptb_bucket.tools.transfer.ptb_records import count_records, records_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

    from ptb_bucket.codecs import LateBot
    from ptb_bucket.state import Record

__all__ = ["MemoryFile", "read_memory"]

_OLD_BOT: Final = b"bot_instance_replaced_by_ptb_persistence"
_NAMED_AT_ONCE: Final = 5


@dataclass
class MemoryFile:
    """The content of a file.

    Attributes:
        name: The name of the file.
        bot: The bot that replaces the original one in the values.
        total: The approximate number of records.
        entries: Yields each record once, with its value as in the file.
        decode: Decodes such a value.
        notes: Remarks for the user about values that were converted.
        lost: Classes whose instances cannot be imported.
    """

    name: str
    bot: LateBot
    total: int
    entries: Iterator[tuple[Record, Any]] = field(repr=False)
    decode: Callable[[Any], Any] = field(repr=False)
    notes: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def records(self) -> Iterator[tuple[Record, Any]]:
        """Yield each record with its decoded value, once.

        Raises:
            CannotLoadError: The record is damaged.
        """
        with _named(self.name):
            for record, raw in self.entries:
                with _named(record.label, "Pass your bot's classes with --types"):
                    value = self.decode(raw)
                yield record, value


def read_memory(path: str | os.PathLike[str], *, types: Iterable[Any] = (), leave_out: bool = False) -> MemoryFile:
    """Open a file of PTB's PicklePersistence or DictPersistence, or one that ``export`` wrote.

    No code that a pickle names is imported or run: only plain data, Telegram objects and ``types`` are loaded.

    Args:
        path: The file. For a PicklePersistence with ``single_file=False``, the start of the names of its five files.
        types: As for :class:`ptb_bucket.BucketPersistence`.
        leave_out: Accept unknown classes. Their instances become objects that cannot be stored.

    Raises:
        NotFoundError: The file does not exist.
        ConfigurationError: The file cannot be read, or ``types`` is wrong.
        CannotLoadError: The file is damaged, is of another kind, names unknown classes, or might run code.
    """
    path, types, bot = Path(path), list(types), late_bot("0")
    with _named(path.name):
        if not path.exists():
            parts = {kind: part for kind, part in part_paths(path).items() if part.exists()}
            if not parts:
                raise NotFoundError(f"Neither {path} nor {path.name}_user_data was found. Check the path.")
            return _pickles(path.name, parts, PtbPickleReader(types, bot.bot), bot, leave_out=leave_out)
        with _opened(path) as file:
            if file.read(64).lstrip()[:1] == b"{":
                file.seek(0)
                total, entries, decode = read_json(file, types, bot)
                return MemoryFile(path.name, bot, total, entries, decode)
        return _pickles(path.name, {"": path}, PtbPickleReader(types, bot.bot), bot, leave_out=leave_out)


def _pickles(
    name: str, paths: dict[str, Path], pickles: PtbPickleReader, bot: LateBot, *, leave_out: bool
) -> MemoryFile:
    notes: list[str] = []
    data: dict[str, Any] = {}
    for kind, path in paths.items():
        with _opened(path) as file:
            if _has_old_bot(file):
                notes.append("where python-telegram-bot 13 stored the bot itself, its marker, a text, was kept")
            data[kind] = pickles.read(file)
    data = _whole(data[""]) if "" in data else data
    names = pickles.names
    _check_unknown(names.unknown, names.old_telegram, leave_out=leave_out)
    if names.old_zones:
        notes.append("pytz.utc from python-telegram-bot 13 was converted to datetime.timezone.utc")
    lost = [*names.old_telegram, *names.unknown]
    return MemoryFile(name, bot, count_records(data), records_of(data), pickles.value, notes, lost)


def _whole(data: Any) -> dict[str, Any]:
    found = data if isinstance(data, dict) else {}
    missing = [kind for kind in ("user_data", "chat_data", "conversations") if kind not in found]
    if missing:
        raise CannotLoadError(
            f"the file is a pickle but was not written by PicklePersistence. It lacks the keys {', '.join(missing)}. "
            "If your own code wrote it, convert it first: see 'If it is a pickle of your own' in the documentation"
        )
    return found


def _has_old_bot(file: IO[bytes]) -> bool:
    try:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(_OLD_BOT) >= 0
    except ValueError:  # it is empty
        return False


def _check_unknown(unknown: Iterable[str], old_telegram: Iterable[str], *, leave_out: bool) -> None:
    if leave_out:
        return
    unknown, old = list(unknown), list(old_telegram)
    if unknown:
        advice = " ".join(f"--types {_advised(name)}" for name in unknown[:_NAMED_AT_ONCE])
        more = f" and {len(unknown) - _NAMED_AT_ONCE} more" if len(unknown) > _NAMED_AT_ONCE else ""
        raise CannotLoadError(
            f"the file contains objects of {pluralize(len(unknown), 'unknown class', 'unknown classes')}. If the "
            f"classes belong to your bot, add {advice}{more}. To skip these objects, pass --leave-out"
        )
    if old:
        raise CannotLoadError(
            f"the file contains Telegram objects of python-telegram-bot 13 ({', '.join(old[:_NAMED_AT_ONCE])}), "
            "which later versions can't read. To import everything else, pass --leave-out"
        )


def _advised(name: str) -> str:
    """Return the name to pass to ``--types``. A script's classes are pickled as of ``__main__``."""
    return name.replace("__main__:", "YOUR_SCRIPT:")


@contextmanager
def _named(name: str, advice: str = "") -> Iterator[None]:
    try:
        yield
    except CannotLoadError as error:
        more = f". {advice}" if advice and "is not registered" in str(error) else ""
        raise CannotLoadError(f"{name} could not be imported: {error}{more}") from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise ConfigurationError(f"{path} could not be read: {error.strerror}.") from error
