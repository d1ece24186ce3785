"""Effects that are carried out once for an update or an occurrence of a timer: ``application.once()``."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.application.effects.arguments import digest_of
from ptb_bucket.application.effects.outcomes import Outcomes, is_expired, record_of
from ptb_bucket.errors import ConfigurationError, PTBBucketError, RefusedError, UnsavedError
from ptb_bucket.state import EFFECT, MISSING, Kind, Record
from ptb_bucket.state.timers import Timer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ptb_bucket.application.effects.units import EffectUnit, EffectUnits
    from ptb_bucket.application.options import LiveOptions
    from ptb_bucket.session import Session

__all__ = ["Effect", "Once"]

_LOGGER = logging.getLogger("ptb_bucket.application")

TIDIED: Final = 600.0
"""Seconds between two searches for expired outcomes of one owner."""
_UNSAVED: Final[dict[tuple[str, Record], Timer]] = {}
"""Outcomes of this process that may not be durable, also of applications that were discarded since."""


@dataclass(frozen=True)
class Effect:
    """An effect that code asks for.

    Args:
        name: Its name within the update or the job.
        function: Causes it.
        args: The arguments of the function.
        final: The types of exceptions that are outcomes.
        at_most_once: Rather raise than repeat.
    """

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    final: tuple[type[Exception], ...] = ()
    at_most_once: bool = False


class Once:
    """Carries out effects, and stores how they ended before the caller goes on.

    Args:
        options: The application's options.
        session: The state in the bucket.
        units: Know the update or the run that asks for an effect.
    """

    def __init__(self, options: LiveOptions, session: Session, units: EffectUnits) -> None:
        self._options, self._session, self._units = options, session, units
        self._tidied: dict[Record | None, float] = {}
        self._not_begun: set[str] = set()
        """Intents of this process that were not saved at first, so that it did not begin their effects."""

    async def carry_out(self, effect: Effect) -> Any:
        """Carry out an effect, or return how it ended before. See ``BucketApplication.once``."""
        unit, name, digest = self._unit(), effect.name, digest_of(effect.args)
        if unit.arguments.setdefault(name, digest) != digest:
            raise _other_arguments(name, unit)
        record = record_of(unit, name)
        outcomes = Outcomes(unit, name, digest, effect.final, lambda timer: self._check(record, timer))
        async with unit.locks.setdefault(name, asyncio.Lock()):
            stored = await self._stored(unit, record)
            if stored is None and effect.at_most_once and self._known(record) is None:
                stored = await self._begin(unit, record, outcomes.begun())
            if stored is None:
                return await self._carry_out(unit, record, outcomes, effect)
            if outcomes.arguments_differ(stored):
                raise _other_arguments(name, unit)
            return outcomes.result(stored)

    def _unit(self) -> EffectUnit:
        if not self._options.dedupe and self._options.jobs != "bucket":
            raise ConfigurationError(
                "application.once() needs dedupe=True or jobs='bucket'. Build the application with "
                "bucket_application(..., dedupe=True). Otherwise, saving the result could also save half of another "
                "update's changes."
            )
        unit = self._units.current
        if unit is None:
            raise ConfigurationError(
                "application.once() was called outside of an update and of a job, so there is nothing with which its "
                "result could be stored. Call it in a handler, or in a job with jobs='bucket', and await it there. A "
                "handler with block=False and a task of create_task() may go on when their update has been saved, so "
                "they are outside of it: let them call after_commit()."
            )
        return unit

    # ---------------------------------------------------------------- the effect

    async def _carry_out(self, unit: EffectUnit, record: Record, outcomes: Outcomes, effect: Effect) -> Any:
        try:
            value = effect.function(*effect.args)
            if inspect.isawaitable(value):
                value = await value
            outcome = outcomes.returned(value)
        except effect.final as error:
            value, outcome = MISSING, outcomes.raised(error)
        if not self._has_outcome(record):
            await self._save(unit, record, outcome)
        there = self._known(record)
        if there is not None and there.nonce != outcome.nonce:  # another instance was faster, and its outcome counts
            return outcomes.result(there)
        return value if outcomes.is_value(outcome) else outcomes.result(outcome)

    async def _begin(self, unit: EffectUnit, record: Record, intent: Timer) -> Timer | None:
        """Write that the effect is about to begin; return what another instance has written instead."""
        try:
            await self._save(unit, record, intent)
        except UnsavedError:
            self._not_begun.add(intent.nonce)
            raise
        there = self._known(record)
        return None if there is not None and there.nonce == intent.nonce else there or intent

    # ---------------------------------------------------------------- stored outcomes

    async def _stored(self, unit: EffectUnit, record: Record) -> Timer | None:
        """Return the outcome that is stored. One that this process could not save is saved now."""
        documents = self._session.replica.documents
        if Kind.TIMER not in documents.kinds:
            documents.kinds = (*documents.kinds, Kind.TIMER)
        await documents.refresh([record], unit.began)
        known = self._known(record) or _UNSAVED.get(self._key(record))
        if known is not None and (record in self._session.replica.pending or self._known(record) is None):
            await self._save(unit, record, known)
        _UNSAVED.pop(self._key(record), None)
        if known is not None and known.nonce in self._not_begun:
            self._not_begun.discard(known.nonce)
            return None
        return self._known(record)

    def _known(self, record: Record) -> Timer | None:
        value = self._session.replica.values.load(record)
        return None if value is MISSING else Timer.from_value(value)

    def _has_outcome(self, record: Record) -> bool:
        """Tell whether another instance's outcome has become known here, which must not be overwritten."""
        there = self._known(record)
        return there is not None and not Outcomes.is_intent(there)

    def _check(self, record: Record, timer: Timer) -> None:
        self._session.replica.documents.merger.encode(record, timer.to_value())

    async def _save(self, unit: EffectUnit, record: Record, timer: Timer) -> None:
        """Make an outcome durable, with a commit that carries nothing else of the unit.

        Raises:
            UnsavedError: It may not be durable. This process remembers it, and the unit is to be handled again.
        """
        replica, key = self._session.replica, self._key(record)
        _UNSAVED[key] = timer
        replica.stage(record, timer.to_value())
        self._tidy(unit.owner)
        try:
            await self._session.group.commit()
        except PTBBucketError as error:
            if record in replica.pending:
                unit.failure = _unsaved(record, error)
                raise unit.failure from error
        _UNSAVED.pop(key, None)

    def _key(self, record: Record) -> tuple[str, Record]:
        store = self._session.replica.documents.store
        return store.describe(self._session.state.bot_id), record

    # ---------------------------------------------------------------- old outcomes

    def _tidy(self, owner: Record) -> None:
        """Remove outcomes that are too old, with the commit that is made anyway."""
        replica = self._session.replica
        whose = owner if replica.documents.layout.lazy else None
        if self._tidied.get(whose, 0.0) + TIDIED > time.monotonic():
            return
        self._tidied[whose] = time.monotonic()
        each = replica.timers.of(owner) if whose else replica.documents.each(Kind.TIMER)
        for record in _effects(list(each)):
            timer = self._known(record)
            if timer is not None and is_expired(timer) and record not in replica.pending:
                replica.stage(record, MISSING)


def _effects(records: Iterable[Record]) -> list[Record]:
    return [record for record in records if record.timer[1].startswith(EFFECT)]


def _other_arguments(name: str, unit: EffectUnit) -> RefusedError:
    return RefusedError(
        f"{unit.name} used the effect name {name!r} twice with different arguments. Give each effect its own name, for "
        "example by adding the order number. Pass arguments that do not change, such as IDs and amounts."
    )


def _unsaved(record: Record, error: Exception) -> UnsavedError:
    return UnsavedError(
        f"The outcome of {record.label} could not be saved, so its update or job has to be handled again. This process "
        f"remembers the outcome and will not repeat the effect. {error}",
        causes=[error], records=[record.label],
    )  # fmt: skip
