"""Chat and user data in PTB's own memory, and PTB's own marks of the data to save."""

from __future__ import annotations

from collections import defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.state import MISSING, Kind, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from telegram.ext import Application

__all__ = ["MARKS", "MEMORY", "Marked", "PendingChanges"]

MARKS: Final = {
    Kind.CHAT: ("_chat_ids_to_be_updated_in_persistence", "_chat_ids_to_be_deleted_in_persistence"),
    Kind.USER: ("_user_ids_to_be_updated_in_persistence", "_user_ids_to_be_deleted_in_persistence"),
}
"""The attributes of Application that hold the ids to save, and those to drop."""
MEMORY: Final = {Kind.CHAT: "_chat_data", Kind.USER: "_user_data"}
"""The attributes of Application that hold the data, behind read-only views."""


@dataclass(frozen=True)
class Marked:
    """The records that PTB has marked since marks were taken last."""

    used: set[Record]
    dropped: set[Record]


class PendingChanges:
    """PTB's memory of chat and user data, and its marks.

    Args:
        application: The application whose memory it is.
    """

    def __init__(self, application: Application[Any, Any, Any, Any, Any, Any]) -> None:
        self._application = application
        self.live = {kind: getattr(application, name) for kind, name in MEMORY.items()}
        """The dicts behind ``application.chat_data`` and ``application.user_data``."""

    def take(self, kind: Kind, busy: Collection[Record] = ()) -> Marked:
        """Take the marks of one kind, as ``Application.update_persistence`` does.

        Args:
            kind: Chat or user data.
            busy: Records whose marks stay for the next time.
        """
        used, dropped = MARKS[kind]
        return Marked(self._taken(used, kind, busy), self._taken(dropped, kind, busy))

    def _taken(self, name: str, kind: Kind, busy: Collection[Record]) -> set[Record]:
        numbers = getattr(self._application, name)
        if not numbers:
            return set()
        marked = {Record(kind, str(number)) for number in numbers}
        setattr(self._application, name, {record.number for record in marked.intersection(busy)} if busy else set())
        return marked.difference(busy)

    def is_marked(self, record: Record) -> bool:
        """Tell whether PTB has marked a record."""
        return any(record.number in getattr(self._application, name) for name in MARKS[record.kind])

    def peek(self, record: Record) -> Any:
        """Return a record's live data, and make none; MISSING if there is none."""
        return dict.get(self.live[record.kind], record.number, MISSING)

    def make(self, record: Record) -> Any:
        """Return a record's live data, which is made as PTB makes it if there is none."""
        found = self.peek(record)
        if found is MISSING:
            made = getattr(self._application.context_types, MEMORY[record.kind][1:])
            found = self.live[record.kind][record.number] = made()
        return found

    def put(self, record: Record, value: Any) -> None:
        """Make a value the record's live data, as PTB does with what it loads; nothing is marked."""
        self.live[record.kind][record.number] = value

    def forget(self, record: Record) -> None:
        """Remove a record from PTB's memory only; nothing is marked."""
        self.live[record.kind].pop(record.number, None)

    def watch(self, kind: Kind, used: Callable[[Record], None], missed: Callable[[Record], None]) -> None:
        """Report from now on which records are taken from PTB's memory.

        Args:
            kind: Chat or user data.
            used: Called with each record that is taken.
            missed: Called with a record that is not there, before PTB makes an empty one.
        """
        before = self.live[kind]
        watched = _Watched(getattr(self._application.context_types, MEMORY[kind][1:]), before)
        watched.used = lambda number: used(Record(kind, str(number)))
        watched.missed = lambda number: missed(Record(kind, str(number)))
        self.live[kind] = watched
        setattr(self._application, MEMORY[kind], watched)
        setattr(self._application, MEMORY[kind][1:], MappingProxyType(watched))


class _Watched(defaultdict[int, Any]):
    """PTB's dict on a layout that reads on demand: it reports records that are used, and those that are not loaded."""

    used: Callable[[int], None]
    missed: Callable[[int], None]

    def __missing__(self, number: int) -> Any:
        self.missed(number)
        return super().__missing__(number)

    def __getitem__(self, number: int) -> Any:
        value = super().__getitem__(number)
        self.used(number)
        return value

    def get(self, number: int, default: Any = None) -> Any:
        return self[number] if number in self else default  # noqa: SIM401  the lookup notes the use

    def items(self) -> Any:
        self._use_all()
        return super().items()

    def values(self) -> Any:
        self._use_all()
        return super().values()

    def __repr__(self) -> str:
        return f"defaultdict({self.default_factory!r}, {dict(self)!r})"

    def _use_all(self) -> None:
        for number in self:
            self.used(number)

    def copy(self) -> Any:
        self._use_all()
        return defaultdict(self.default_factory, self)
