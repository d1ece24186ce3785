"""The objects of a broadcast: their names, and what they contain."""

from __future__ import annotations

import json
import re
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import ConfigurationError, CorruptDocumentError, NewerDocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Self

__all__ = [
    "BROADCASTS",
    "GONE",
    "PART",
    "Broadcast",
    "BroadcastState",
    "audience_in",
    "is_about",
    "is_journal",
    "journal_key",
    "packed",
    "part_key",
    "without",
]

BROADCASTS: Final = "broadcasts/"
"""The folder of all broadcasts, below the bot's prefix."""
BroadcastState: TypeAlias = Literal["running", "paused", "cancelled", "finished"]
GONE: Final = 0
"""In an audience, this is in the place of a person who was erased, so that all others keep their places."""
FORMAT: Final = 1
"""The format of journals."""
_LATEST: Final = 253402300800.0
"""The end of the year 9999, in seconds since the epoch."""
PART: Final = 10_000
"""IDs in one object of an audience."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@dataclass(frozen=True)
class Broadcast:
    """The progress of a broadcast, as its journal stores it.

    Args:
        name: Its name.
        callback: The name of the function that sends to one person, as listed in ``callbacks``.
        people: How many people there are.
        attempt: Random text in the names of the objects that hold the audience.
        state: Whether it is running, paused, cancelled or finished.
        done: How many people were tried: all those before this place in the audience.
        sent: To how many of them the message was sent.
        blocked: The IDs of those who have blocked the bot, or whose account is gone.
        failed: The IDs of those to whom it could not be sent for another reason.
        began, updated: When it began, and when the journal was written, in seconds since the epoch.
        by: Random text of the last write, by which a writer recognises its own.
    """

    name: str
    callback: str
    people: int
    attempt: str
    state: BroadcastState = "running"
    done: int = 0
    sent: int = 0
    blocked: Sequence[int] = ()
    failed: Sequence[int] = ()
    began: float = 0.0
    updated: float = 0.0
    by: str = ""

    @property
    def is_over(self) -> bool:
        """Tell whether it will send nothing more."""
        return self.state in {"cancelled", "finished"}

    @property
    def parts(self) -> list[str]:
        """The keys of the objects that hold its audience."""
        return [part_key(self.name, self.attempt, part) for part in range(-(-self.people // PART))]

    def but(self, **changes: Any) -> Self:
        """Return this state with some fields changed, as a new version of the journal."""
        return replace(self, **{"updated": time.time(), "by": secrets.token_hex(8), **changes})

    def to_json(self) -> bytes:
        """Return the journal as it is stored."""
        return packed({"format": FORMAT, **asdict(self)})

    @classmethod
    def from_json(cls, data: bytes, key: str) -> Self:
        """Return a stored journal. Fields that a newer ptb-bucket may have added are ignored.

        Raises:
            NewerDocumentError: It has a newer format.
            CorruptDocumentError: It is damaged.
        """
        try:
            found = json.loads(data)
            _check_format(found["format"], key)
            made = cls(**{each.name: found[each.name] for each in fields(cls) if each.name in found})
            made._check(key)
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise CorruptDocumentError(f"{key} is not a valid broadcast journal. Delete or restore it.") from error
        return made

    def _check(self, key: str) -> None:
        """Raise ValueError unless all fields can be those of the journal with this key."""
        wrong = [name for name, fits in _CHECKS.items() if not fits(getattr(self, name))]
        if wrong or key != f"{BROADCASTS}{self.name}/journal.json" or self.done > self.people:
            raise ValueError(wrong)


def _check_format(number: Any, key: str) -> None:
    if type(number) is not int or number < 1:
        raise ValueError("format")
    if number > FORMAT:
        raise NewerDocumentError(
            f"{key} uses format {number}, but this version of ptb-bucket only supports formats up to {FORMAT}"
        )


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < _LATEST


def _are_ids(value: Any) -> bool:
    return type(value) in (list, tuple) and all(type(one) is int for one in value)


_CHECKS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "name": _is_text, "callback": _is_text, "attempt": _is_text, "by": _is_text,
    "state": lambda value: value in get_args(BroadcastState),
    "people": _is_count, "done": _is_count, "sent": _is_count,
    "blocked": _are_ids, "failed": _are_ids, "began": _is_time, "updated": _is_time,
}  # fmt: skip


def packed(value: Any) -> bytes:
    """Return a value as it is stored."""
    return json.dumps(value, separators=(",", ":")).encode()


def audience_in(key: str, data: bytes) -> list[int]:
    """Return the IDs in an object of an audience. Raises as :func:`is_about`."""
    with suppress(ValueError, RecursionError):
        ids: list[int] = json.loads(data)
        if _are_ids(ids):
            return ids
    raise CorruptDocumentError(f"{key} is not the audience of a broadcast. Delete or restore it.")


def is_about(key: str, data: bytes, user_id: int) -> bool:
    """Tell whether an object of a broadcast contains the ID of a person.

    Raises:
        CorruptDocumentError: It is damaged.
    """
    if not is_journal(key):
        return user_id in audience_in(key, data)
    journal = Broadcast.from_json(data, key)
    return user_id in journal.blocked or user_id in journal.failed


def without(key: str, data: bytes, user_id: int) -> bytes:
    """Return an object of a broadcast without the ID of a person. Raises as :func:`is_about`.

    A journal is a new version even if it does not contain the ID. So an instance that is sending notices the change.
    """
    if not is_journal(key):
        return packed([GONE if one == user_id else one for one in audience_in(key, data)])
    journal = Broadcast.from_json(data, key)
    lists = {"blocked": journal.blocked, "failed": journal.failed}
    kept = {name: [one for one in ids if one != user_id] for name, ids in lists.items()}
    return journal.but(updated=journal.updated, **kept).to_json()


def is_journal(key: str) -> bool:
    """Tell whether an object is a journal. All others are parts of an audience."""
    return key.endswith("/journal.json")


def journal_key(name: str) -> str:
    """Return the key of a journal.

    Raises:
        ConfigurationError: The name is not possible.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"The broadcast name {name!r} is invalid. Use 1 to 60 letters, digits, dots, hyphens and underscores, and "
            "begin with a letter or digit."
        )
    return f"{BROADCASTS}{name}/journal.json"


def part_key(name: str, attempt: str, part: int) -> str:
    """Return the key of a part of an audience."""
    return f"{BROADCASTS}{name}/people-{attempt}-{part:06}.json"
