"""The check of record IDs in a document that was read: each ID has only one valid spelling.

Two spellings of one ID would be two records: PTB would load one of them, and the other would reappear later. So an ID
that we would have spelled differently is refused, with the expected spelling in the error. Only conversation IDs are
corrected, because spaces and escapes in them do not make another ID.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import CorruptDocumentError
from ptb_bucket.state.records import BOT_DATA, HANDLED, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Collection

    from ptb_bucket.state.document.formats import DocumentFormat, Section

__all__ = ["check_id", "checked"]

DIGITS: Final = 4300
"""The most digits that Python reads."""
_SHOWN: Final = 80
_NUMBER: Final = rf"0|-?[1-9][0-9]{{0,{DIGITS - 1}}}"
_TEXT: Final = r'"[ !#-\[\]-\x7f]*"'
_CONVERSATION: Final = rf"\[{_TEXT}(?:,(?:0|-?[1-9][0-9]{{0,{DIGITS - 1}}}|{_TEXT}))*\]"
"""IDs as we write them, if nothing in them is escaped. They are compiled at their first use, which few starts have."""
_ONLY: Final = {Kind.BOT: BOT_DATA.id, Kind.UPDATES: HANDLED.id}


def checked(kind: Kind, section: Section, document_format: DocumentFormat) -> Section:
    """Return a section with all IDs as we write them.

    Args:
        kind: The kind of its records.
        section: The section as it was read.
        document_format: The format of the document.

    Raises:
        CorruptDocumentError: An ID is invalid, is not spelled as we spell it, or occurs in two spellings. The message
            names the ID and quotes no data.
    """
    if kind is Kind.CONVERSATION:
        return _conversations(section, document_format)
    if (wrong := _first_wrong(kind, section)) is not None:
        raise CorruptDocumentError(_said(kind, wrong))
    return section


def check_id(record: Record) -> None:
    """Refuse an invalid ID of a record from elsewhere, such as a file. Raises like :func:`checked`."""
    if record.kind is Kind.CONVERSATION:
        if _written(record.id) != record.id:
            raise CorruptDocumentError(_said(record.kind, record.id))
    elif _first_wrong(record.kind, [record.id]) is not None:
        raise CorruptDocumentError(_said(record.kind, record.id))


def _first_wrong(kind: Kind, ids: Collection[str]) -> str | None:
    if kind in (Kind.CHAT, Kind.USER):
        if _is_positive(ids):
            return None
        match = re.compile(_NUMBER).fullmatch
        if all(map(match, ids)):
            return None
        return next(record_id for record_id in ids if not match(record_id))
    if kind in _ONLY:
        return next((record_id for record_id in ids if record_id != _ONLY[kind]), None)
    if kind is Kind.TIMER:
        return next((record_id for record_id in ids if not _is_timer(record_id)), None)
    return None  # PTB makes the IDs of keyboards; they are compared as they are


def _is_timer(record_id: str) -> bool:
    """Tell whether an ID of a timer is written as we write it, and so is the ID of its owner."""
    try:
        owner, timer_id = Record(Kind.TIMER, record_id).timer
    except CorruptDocumentError:
        return False
    return Record.of_timer(owner, timer_id).id == record_id and _first_wrong(owner.kind, [owner.id]) is None


def _is_positive(ids: Collection[str]) -> bool:
    """Tell whether all IDs are positive numbers as we write them, three times as fast as a regular expression."""
    text = "".join(ids)
    return text.isascii() and text.isdigit() and min(ids) >= "1" and max(map(len, ids)) <= DIGITS


def _said(kind: Kind, record_id: str) -> str:
    what = f"{kind.value} contains the invalid key {record_id[:_SHOWN]!r}"
    if kind is Kind.CONVERSATION:
        return f"{what}. Expected [name, id, ...]"
    if kind is Kind.TIMER:
        return f"{what}. Expected [kind, id, timer]"
    if kind in _ONLY:
        return f"{what}. The only valid key is {_ONLY[kind]!r}"
    try:
        return f"{what}. Expected '{int(record_id)}'"
    except ValueError:
        return f"{what}. Expected an integer"


def _conversations(section: Section, document_format: DocumentFormat) -> Section:
    if not section:
        return section
    match = re.compile(_CONVERSATION).fullmatch
    if all(map(match, section)):
        return section
    found: Section = {}
    for record_id, entry in section.items():
        ours = record_id if match(record_id) else _written(record_id)
        if ours in found:
            raise CorruptDocumentError(
                f"conversations contains the key {ours[:_SHOWN]!r} twice, in different spellings"
            )
        found[ours] = (
            entry if ours == record_id else document_format.entry(ours, document_format.value(record_id, entry))
        )
    return found


def _written(record_id: str) -> str:
    """Return the ID as we write it."""
    try:
        name, *key = json.loads(record_id, parse_int=_number)
    except (ValueError, TypeError, RecursionError):
        raise CorruptDocumentError(_said(Kind.CONVERSATION, record_id)) from None
    if record_id.lstrip()[:1] != "[" or type(name) is not str or any(type(part) not in (int, str) for part in key):
        raise CorruptDocumentError(_said(Kind.CONVERSATION, record_id))
    return Record.of_conversation(name, tuple(key)).id


def _number(text: str) -> int:
    """Return a whole number. Refuse ``-0``, the only second spelling that JSON allows."""
    if not re.fullmatch(_NUMBER, text):
        raise ValueError
    return int(text)
