"""The header of a document: the bot to which it belongs, and its last commits."""

from __future__ import annotations

import enum
import time
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import CorruptDocumentError, NewerDocumentError
from ptb_bucket.state.document.units import newest_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from ptb_bucket.state.document.units import Unit

__all__ = ["FEATURES", "FORMAT", "TIMERS", "Commit", "Fate", "Header", "check_features"]

FORMAT: Final = 1
FORMAT_WITH_NEEDS: Final = 2
"""The format of a document that needs features. Older libraries read up to 1, and ask to be upgraded."""
TIMERS: Final = "timers"
"""The feature of a spool with changes of timers. No document lists it: older libraries pass the section on."""
FEATURES: Final = frozenset({"refs", TIMERS})
"""The features that this library supports. ``refs``: JSON records with shared or cyclic objects."""
WRITERS_KEPT: Final = 128
SECONDS_KEPT: Final = 24 * 3600
ALWAYS_KEPT: Final = 4
"""The newest commits of other writers that are kept regardless of clocks.

Rule "Clocks decide nothing": a host whose clock is a day ahead must not hide that a commit was applied.
"""


class Commit(NamedTuple):
    """The last commit of one writer. Its ``time``, in Unix seconds, only limits how long it is remembered."""

    sequence: int
    writer: str
    id: str
    time: int


class Fate(enum.Enum):
    """The fate of a write whose answer was lost, as far as a document shows it."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    IN_DOUBT = "in doubt"


@dataclass(frozen=True)
class Header:
    """The first field of every document."""

    bot_id: str
    codec: str
    sequence: int = 0
    floor: int = 0
    commits: tuple[Commit, ...] = ()
    needs: frozenset[str] = frozenset()
    """The features that reading its records requires."""
    units: tuple[Unit, ...] = ()
    """The newest units that have changed its records, newest last."""
    unknown: Mapping[str, Any] = field(default_factory=dict)
    """Fields of a newer ptb-bucket. They are kept as they are."""

    def advanced(self, writer: str, commit_id: str) -> Header:
        """Return the header after one more commit.

        Rule "Commit IDs identify commits": it keeps the last commit of each writer of the last 24 hours, newest first,
        at most 128; and the *floor*, the highest sequence number whose commit may have been forgotten.
        """
        now = int(time.time())
        newest = Commit(self.sequence + 1, writer, commit_id, now)
        others = [commit for commit in self.commits if commit.writer != writer]
        young = (commit for commit in others[ALWAYS_KEPT:] if commit.time > now - SECONDS_KEPT)
        kept = [*others[:ALWAYS_KEPT], *young][: WRITERS_KEPT - 1]
        floor = max([self.floor, *(commit.sequence for commit in set(others) - set(kept))])
        return replace(self, sequence=newest.sequence, floor=floor, commits=(newest, *kept))

    def relisting(self, before: Iterable[Unit], after: Iterable[Unit]) -> Header:
        """Return the header of a document whose records were replaced by others, such as an old version's.

        Otherwise, a timer that came back with them would run, and what it changes would count as changed already.

        Args:
            before: The units of the replaced records.
            after: The units that have changed the new ones.
        """
        gone, listed = frozenset(before), tuple(after)
        if not gone and not listed:
            return self
        return replace(self, units=(*listed, *(unit for unit in self.units if unit not in {*gone, *listed})))

    def noting(self, units: Iterable[Unit], limit: int) -> Header:
        """Return the header after these units have changed records.

        It keeps the newest ``limit`` units, and of the occurrences of one timer only the newest.
        """
        added = dict.fromkeys(units)
        if not added:
            return self
        listed = (*(unit for unit in self.units if unit not in added), *added)
        if any(type(unit) is str for unit in added):
            listed = tuple(newest_of(listed))
        return replace(self, units=listed[-limit:])

    def fate(self, commit: Commit, last_known: str | None) -> Fate:
        """Return the fate of a commit. This document is another version than the one that the commit replaces.

        Args:
            commit: The commit that was sent.
            last_known: The ID of the previous commit that its writer knows to be applied.
        """
        if any(known.id == commit.id for known in self.commits):
            return Fate.APPLIED
        if any(known.sequence == commit.sequence for known in self.commits):
            # Each put is conditional, so each version has one successor, and each commit counts up by one. Another
            # commit with this sequence number proves that this one was not applied.
            return Fate.NOT_APPLIED
        # An applied commit stays listed until its writer's next one, which waits for this answer, or until the floor
        # passes it. So it was not applied, unless another process writes under the same ID.
        shared = self.shared(commit.writer, (last_known,))
        return Fate.IN_DOUBT if shared or commit.sequence <= self.floor else Fate.NOT_APPLIED

    def shared(self, writer: str, own: Collection[str | None]) -> bool:
        """Tell whether another process writes under a writer's ID, such as a second start of one process snapshot.

        Args:
            writer: The ID of the writer.
            own: The IDs of the commits of which one may be the writer's last.
        """
        return any(known.writer == writer and known.id not in own for known in self.commits)

    def to_json(self) -> dict[str, Any]:
        """Return the header as it is stored in the document."""
        return {
            "format": FORMAT_WITH_NEEDS if self.needs else FORMAT,
            **({"needs": sorted(self.needs)} if self.needs else {}),
            "bot_id": self.bot_id,
            "codec": self.codec,
            "sequence": self.sequence,
            "floor": self.floor,
            "commits": [list(commit) for commit in self.commits],
            **({"units": list(self.units)} if self.units else {}),
            **self.unknown,
        }

    @classmethod
    def from_json(cls, data: object) -> Header:
        """Read a header.

        Raises:
            NewerDocumentError: It has a newer format, or needs a feature that this library lacks.
            CorruptDocumentError: It is not a ptb-bucket header.
        """
        if not isinstance(data, dict) or type(data.get("format")) is not int:
            raise CorruptDocumentError("the document has no ptb-bucket header")
        if data["format"] > FORMAT_WITH_NEEDS:
            raise NewerDocumentError(
                f"the document uses format {data['format']}, but this version of ptb-bucket only supports formats "
                f"up to {FORMAT_WITH_NEEDS}"
            )
        try:
            needs = check_features(data.get("needs", []))
            return cls(
                bot_id=_typed(data["bot_id"], str),
                codec=_typed(data["codec"], str),
                sequence=_typed(data["sequence"], int),
                floor=_typed(data["floor"], int),
                commits=tuple(_commit(entry) for entry in data["commits"]),
                needs=needs,
                units=tuple(_unit(entry) for entry in _typed(data.get("units", []), list)),
                unknown={name: value for name, value in data.items() if name not in _OURS},
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptDocumentError("the ptb-bucket header is damaged") from error


_SHOWN: Final = 80
"""Characters of a name in a message: the name may come from elsewhere."""
_NAMED: Final = 10
_OURS: Final = frozenset({"format", "bot_id", "codec", "sequence", "floor", "commits", "needs", "units"})


def check_features(names: Any) -> frozenset[str]:
    """Return the features that something needs.

    Raises:
        NewerDocumentError: This library lacks one of them.
        TypeError: They are not a list of names.
    """
    needs = frozenset(_typed(name, str) for name in _typed(names, list))
    if lacking := needs - FEATURES:
        names = [name if name.isidentifier() else repr(name) for name in sorted(name[:_SHOWN] for name in lacking)]
        raise NewerDocumentError(
            f"the document needs {', '.join(names[:_NAMED])}, which this version of ptb-bucket does not support"
        )
    return needs


def _commit(entry: Any) -> Commit:
    sequence, writer, commit_id, when = entry
    return Commit(_typed(sequence, int), _typed(writer, str), _typed(commit_id, str), _typed(when, int))


def _unit(entry: Any) -> Unit:
    return entry if type(entry) is str else _typed(entry, int)


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}")
    return value
