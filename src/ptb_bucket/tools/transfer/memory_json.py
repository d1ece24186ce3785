"""Read a JSON file with a bot's state: our own export, or the arguments of PTB's DictPersistence."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any, NoReturn

from ptb_bucket.codecs import JsonCodec
from ptb_bucket.errors import CannotLoadError, CorruptDocumentError
from ptb_bucket.state import BOT_DATA, Kind, Record, check_id
from ptb_bucket.tools.transfer.export_format import EXPORT, VERSION, WITH_TIMERS
from ptb_bucket.tools.transfer.ptb_records import EXPORTED_KINDS, PTB_KINDS, count_records, records_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from telegram.ext import DictPersistence

    from ptb_bucket.codecs import LateBot

__all__ = ["dict_persistence", "read_json"]

_Read = tuple[int, "Iterator[tuple[Record, Any]]", "Callable[[Any], Any]"]


def read_json(file: IO[bytes], types: Iterable[Any], bot: LateBot) -> _Read:
    """Return the number of records, an iterator over them, and a function that decodes their values.

    Raises:
        CannotLoadError: The file is not JSON, or is JSON of another kind.
    """
    try:
        data = json.load(file, parse_constant=_no_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise CannotLoadError("the file looks like JSON but is not valid JSON") from None
    if EXPORT in data:
        return _exported(data, types, bot)
    data = _of_dict_persistence(data)
    return count_records(data), records_of(data), lambda value: value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object. Refuse two members with one name, because one of them would be lost."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_constant(_: str) -> NoReturn:
    raise ValueError


def _exported(data: dict[str, Any], types: Iterable[Any], bot: LateBot) -> _Read:
    if data[EXPORT] not in (VERSION, WITH_TIMERS):
        raise CannotLoadError(
            f"the file was exported by a newer version of ptb-bucket (format {data[EXPORT]!r}). Upgrade ptb-bucket"
        )
    codec = JsonCodec(types)
    codec.bot = bot
    sections: dict[Kind, Any] = {kind: data.get(kind.value, {}) for kind in EXPORTED_KINDS if kind is not Kind.BOT}
    if not all(isinstance(section, dict) for section in sections.values()):
        raise CannotLoadError("the export is damaged: expected a JSON object for each kind of data")
    total = sum(map(len, sections.values())) + 1
    return total, _records(data, sections), lambda value: codec.decode(json.dumps(value).encode())


def _records(data: dict[str, Any], sections: dict[Kind, dict[str, Any]]) -> Iterator[tuple[Record, Any]]:
    if BOT_DATA.kind.value in data:
        yield BOT_DATA, data[BOT_DATA.kind.value]
    for kind, section in sections.items():
        for record_id, value in section.items():
            yield _checked(Record(kind, record_id)), value


def _checked(record: Record) -> Record:
    """Refuse IDs that are not written as we write them: somebody may have edited the file."""
    try:
        check_id(record)
    except CorruptDocumentError as error:
        raise CannotLoadError(str(error)) from None
    return record


def _of_dict_persistence(data: dict[str, Any]) -> dict[str, Any]:
    names = {f"{kind.value}_json" for kind in PTB_KINDS}
    texts = {key if key in names else f"{key}_json": value for key, value in data.items()}
    if not texts or not texts.keys() <= names:
        raise CannotLoadError(
            "the file is valid JSON, but it is neither a ptb-bucket export nor an object with DictPersistence "
            "arguments such as user_data_json"
        )
    try:
        given = {key: _text(value) for key, value in texts.items() if value is not None}
        sizes = {key: _size(json.loads(text, object_pairs_hook=_once)) for key, text in given.items()}
        known = dict_persistence(given)
    except (TypeError, ValueError, RecursionError):
        raise CannotLoadError("the data is damaged: DictPersistence can't read it") from None
    found = {kind.value: getattr(known, kind.value) for kind in PTB_KINDS}
    for kind in (Kind.USER, Kind.CHAT, Kind.CONVERSATION):
        if _size(found[kind.value]) < sizes.get(f"{kind.value}_json", 0):
            raise CannotLoadError(f"{kind.value} contains the same ID, written in two ways. Remove one of the entries")
    return found


def _size(section: Any) -> int:
    """Return the number of records in a section, including those one level below, as in conversations."""
    values = list(section.values()) if isinstance(section, dict) else []
    return len(values) + sum(len(value) for value in values if isinstance(value, dict))


def dict_persistence(texts: Mapping[str, Any]) -> DictPersistence:
    """Read JSON texts, given by PTB's names for them, with PTB's own DictPersistence.

    Raises:
        TypeError, ValueError: DictPersistence cannot read them.
    """
    from telegram.ext import DictPersistence  # noqa: PLC0415  an import of our own export does without it

    return DictPersistence(**texts)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
