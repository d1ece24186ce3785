"""The places that a replica knows: made when they are first asked for, let go of when nothing needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ptb_bucket.state.records import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.state._reading import Place
    from ptb_bucket.state.layouts import Layout
    from ptb_bucket.state.records import Record

__all__ = ["Places"]


@dataclass
class Places:
    """Places by key, found also by the kind of data that they hold: nothing goes through a million of them.

    Args:
        layout: Which key a record has.
        make: Makes the place for a key.
    """

    layout: Layout
    make: Callable[[str], Place]
    _by_key: dict[str, Place] = field(default_factory=dict)
    _by_kind: dict[Kind, dict[str, Place]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    _staged: dict[str, Place] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._by_key)

    def of(self, record: Record) -> Place:
        """The place of a record."""
        return self.at(self.layout.key(record))

    def at(self, key: str) -> Place:
        """The place for a key without extension."""
        if key not in self._by_key:
            self._by_key[key] = place = self.make(key)
            for kind in self.layout.kinds(key):
                self._by_kind[kind][key] = place
        return self._by_key[key]

    def known(self, record: Record) -> Place | None:
        """The place of a record, if it was asked for before."""
        return self._by_key.get(self.layout.key(record))

    def all(self) -> list[Place]:
        """All of them."""
        return list(self._by_key.values())

    def holding(self, kind: Kind) -> list[Place]:
        """Those with records of one kind."""
        return list(self._by_kind[kind].values())

    def stages(self, record: Record) -> Place:
        """The place of a record, of which something is about to be staged."""
        key = self.layout.key(record)
        self._staged[key] = self.at(key)
        return self._staged[key]

    def pending(self) -> list[Place]:
        """Those with something that is not known to be durable, by key."""
        self._staged = {key: place for key, place in self._staged.items() if place.ledger.pending}
        return [self._staged[key] for key in sorted(self._staged)]

    def forget(self, record: Record) -> bool:
        """Let go of a record's place; False if something there is under way, or not durable."""
        key = self.layout.key(record)
        place = self._by_key.get(key)
        if place is not None and not place.is_idle:
            return False
        self._by_key.pop(key, None)
        self._staged.pop(key, None)
        for kind in self.layout.kinds(key):
            self._by_kind[kind].pop(key, None)
        return True
