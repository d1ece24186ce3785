"""The plain model: all changes ever made, and the tokens that must or may be there because of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ptb_bucket.state import MISSING, Record

if TYPE_CHECKING:
    from collections.abc import Iterable

NEVER = float("inf")
EVERYBODY = -1
"""In the key of a conversation that every instance may move on: it has a state that somebody gave it."""


class BrokenPromiseError(AssertionError):
    """The store or an instance differs from the model."""


@dataclass(eq=False)
class Change:
    """Tokens that one handler run adds or deletes together."""

    record: Record | None = None  # where its tokens are stored
    made: float = 0  # when, in virtual seconds
    drops_blindly: bool = False  # drops all that is in the record without reading it
    adds: list[str] = field(default_factory=list)
    deletes: list[str] = field(default_factory=list)
    count: int = 0
    acknowledged: float = NEVER  # when, in virtual seconds
    part_of: str | None = None  # the token of the list element that it changes
    update: object = None  # the update that makes it, maybe several times until it is answered
    doubtful: bool = False  # its outcome was reported as undecidable (rule: Commit IDs identify commits)

    @property
    def firm(self) -> bool:
        return self.acknowledged < NEVER and not self.doubtful

    def acknowledge(self, now: float) -> None:
        self.acknowledged = min(self.acknowledged, now)


@dataclass
class Model:
    """All changes that were ever made."""

    changes: list[Change] = field(default_factory=list)
    states: dict[str, list[tuple[object, Change]]] = field(default_factory=dict)

    def check(self, found: Counter[str], counted: int, *, everything: bool = True, where: str) -> None:
        """Compare a view of the world with the tokens that must and may be in it."""
        deleted, firmly_deleted = self.deleted(), self.firmly_deleted(self.changes)
        firm = {token for change in self.changes if change.firm for token in change.adds} - deleted
        made = {token for change in self.changes for token in change.adds}
        none(f"lost in {where}", firm - found.keys())
        none(f"resurrected in {where}", firmly_deleted & found.keys())
        none(f"doubled in {where}", {token for token, times in found.items() if times > 1})
        none(f"made up in {where}", found.keys() - made)
        if everything:
            kept = [set(change.adds) - deleted for change in self.changes if not change.doubtful]
            torn = [tokens for tokens in kept if len({token in found for token in tokens}) > 1]
            none(f"torn in {where}", torn)
        least = sum(change.count for change in self.changes if change.firm)
        most = sum(change.count for change in self.changes)
        if not least <= counted <= most:
            raise BrokenPromiseError(f"counted {counted} in {where}, expected {least} to {most}")

    def deleted(self) -> set[str]:
        """Return the tokens that may be gone.

        A token may be gone if it was deleted by name, or with its list element (rule: Removed elements stay removed).
        It may also be gone if its record was dropped unseen and the token had not been acknowledged before.
        """
        gone = self._deleted()
        return gone | {token for change in self.changes if change.part_of in gone for token in change.adds}

    def _deleted(self) -> set[str]:
        named = {token for change in self.changes for token in change.deletes}
        drops = [change for change in self.changes if change.drops_blindly]
        return named | {
            token
            for change in self.changes
            if any(change.record == drop.record and change.made <= drop.acknowledged for drop in drops)
            for token in change.adds
        }

    def known_in(self, record: Record) -> list[str]:
        """Return the tokens that are or were in a record for certain: dropping the record drops them too."""
        return [token for change in self.changes if change.firm and change.record == record for token in change.adds]

    def firmly_deleted(self, changes) -> set[str]:
        """Return the tokens that these changes have deleted for good.

        Leave out tokens that may come back: a change may be applied a second time if nobody knows of the first, and an
        update may be handled again later.
        """
        doubtful = {token for change in self.changes if change.doubtful or change.update for token in change.adds}
        return {token for change in changes if change.firm for token in change.deletes} - doubtful

    def tokens_in(self, records: Iterable[dict[str, Any]]) -> Counter[str]:
        """Count the tokens in several records, but not those that were handed on.

        If a character is dropped while another instance adds to it, the addition stays without a name. If somebody
        puts another character there, a merge hands the addition on to that one (see "An edit is never lost silently" in
        DESIGN.md). From then on it is a part of that one: it is there as often, and as long, as that one's name is.
        """
        found: Counter[str] = Counter()
        characters = []
        for data in records:
            found += tokens_of(data)
            characters += [one for one in (*data.get("party", ()), data.get("current", {})) if len(one) > 1]
        gone = self._deleted() if characters else set()
        owners = {token: change.part_of for change in self.changes if change.part_of in gone for token in change.adds}
        for one in {id(one): one for one in characters if "name" in one}.values():
            found.subtract(token for token in one.values() if owners.get(token, one["name"]) != one["name"])
        return +found

    def check_state(self, key: str, state: object) -> None:
        """Check that a conversation has its last acknowledged state or a later one.

        It may also have a state that nobody acknowledged. A killed process's last write may arrive late. If it arrives
        under a newer process, the bucket's state stays (rule: Conversation states are not merged).
        """
        history = self.states.get(key, [])
        if f",{EVERYBODY}," in key:
            if state not in [MISSING, *(state for state, _ in history)]:
                raise BrokenPromiseError(f"conversation {key} has {state!r}, which nobody ever gave it")
            return
        last = max((at for at, (_, change) in enumerate(history) if change.acknowledged < NEVER), default=-1)
        unacknowledged = [state for state, change in history if change.acknowledged == NEVER]
        allowed = [*unacknowledged, history[last][0] if last >= 0 else MISSING]
        if state not in allowed:
            raise BrokenPromiseError(f"conversation {key} has {state!r}, expected one of {allowed!r}")


def none(what: str, tokens) -> None:
    if tokens:
        raise BrokenPromiseError(f"{what}: {sorted(map(str, tokens))[:5]}")


def tokens_of(data: dict[str, Any]) -> Counter[str]:
    """Count each token in one record's value. An object at two places counts once."""
    found: Counter[str] = Counter()
    seen: set[int] = set()
    waiting: list[Any] = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list | set) and id(value) not in seen:
            seen.add(id(value))
            waiting += value.values() if isinstance(value, dict) else value
        elif isinstance(value, str):
            found[value] += 1
    return found
