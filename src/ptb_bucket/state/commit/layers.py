"""The layers of unsaved values: staged values, the payload of an attempt, and changes in doubt."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.state.document import NONE, UnitStep, joined, keep

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from ptb_bucket.state.document import Steps, Unit
    from ptb_bucket.state.records import Kind, Record

__all__ = ["Base", "Encoded", "InDoubt", "Layer"]

Encoded = bytes | None
"""A record's value; None if the record is absent or the empty default."""

_NOTHING: Final[dict[Record, bytes]] = {}


class Base:
    """The base of each record, found also by kind: most questions are about one kind, and another may have many."""

    def __init__(self) -> None:
        self._kinds: dict[Kind, dict[Record, bytes]] = {}

    def get(self, record: Record) -> Encoded:
        """Return the base of a record; None if it has none."""
        return self._kinds.get(record.kind, _NOTHING).get(record)

    def put(self, record: Record, value: Encoded) -> None:
        """Set the base of a record; None removes it."""
        if value is not None:
            self._kinds.setdefault(record.kind, {})[record] = value
        elif record.kind in self._kinds:
            self._kinds[record.kind].pop(record, None)

    def has_any(self, records: Collection[Record]) -> bool:
        """Tell whether one of these records has a base."""
        return any(self.get(record) is not None for record in records)

    def of(self, kind: Kind) -> Iterable[Record]:
        """Return the records of one kind that have a base."""
        return self._kinds.get(kind, _NOTHING)


@dataclass(repr=False)
class Layer:
    """Unsaved values, and the units that made them.

    Args:
        values: The value of each record in this layer.
        steps: The steps of those records that units have changed. The last step of a record is its value.
    """

    values: dict[Record, Encoded] = field(default_factory=dict)
    steps: dict[Record, Steps] = field(default_factory=dict)

    def chain(self, record: Record) -> Steps:
        """Return the steps of a record: one without units if no unit is known, none if the layer lacks the record."""
        return self.steps.get(record) or ((UnitStep(NONE, self.values[record]),) if record in self.values else ())

    def put(self, record: Record, steps: Steps) -> None:
        """Set the steps of a record, and its value with them. No steps remove the record."""
        keep(self.steps, record, steps)
        if steps:
            self.values[record] = steps[-1].value
        else:
            self.values.pop(record, None)

    def add_below(self, lower: Layer) -> None:
        """Add the values of an older layer, below the values that are here."""
        for record in lower.steps.keys() | (self.steps.keys() & lower.values.keys()):
            keep(self.steps, record, joined(lower.chain(record), self.chain(record)))
        self.values = {**lower.values, **self.values}

    def keep_only(self, records: Collection[Record]) -> None:
        """Remove all other records."""
        self.values = {record: value for record, value in self.values.items() if record in records}
        self.steps = {record: steps for record, steps in self.steps.items() if record in records}


@dataclass(repr=False)
class InDoubt:
    """Changes of attempts that the bucket may or may not have applied, each with the value that it changed."""

    bases: dict[Record, Encoded] = field(default_factory=dict)
    layer: Layer = field(default_factory=Layer)

    def add(self, record: Record, base: Encoded, steps: Steps) -> None:
        """Add a change. If the record is in doubt already, the change goes on top, and the older base stays."""
        if record in self.bases:
            steps = joined(self.layer.chain(record), steps)
        else:
            self.bases[record] = base
        self.layer.put(record, steps)

    def rebase(self, record: Record, base: Encoded, value: Encoded, withdrawn: frozenset[Unit]) -> None:
        """Move a change to a new base, as one step. This keeps it from repeating changes of others that PTB now has."""
        units = {unit for step in self.layer.steps.get(record, ()) for unit in step.units}
        self.bases[record] = base
        self.layer.put(record, (UnitStep(frozenset(units - withdrawn), value),))

    def keep_only(self, records: Collection[Record]) -> None:
        """Forget all other records. Their changes have been repaired, or another process repairs them."""
        if self.bases:
            self.bases = {record: base for record, base in self.bases.items() if record in records}
            self.layer.keep_only(records)
