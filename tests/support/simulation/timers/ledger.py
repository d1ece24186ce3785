"""What was planned, what was run, and what happened to processes: the model that the bucket is compared with."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ptb_bucket.application.timers import claims

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.state.timers import Timer
    from support.simulation.timers.processes import Process

OVERDUE = 30.0
"""Seconds by which a timer may be late where nothing goes wrong."""
JUST_BEFORE = 15.0
"""Seconds before a claim in which a request may have been sent whose answer was unclear."""


class BrokenTimerError(AssertionError):
    """A timer was lost, doubled, early or repeated without a reason."""


@dataclass(eq=False)
class Plan:
    """A timer that a handler adds.

    Args:
        label: Its name, unique in the world.
        user: The user who wants it.
        owner: ``user``, ``chat`` or ``bot``: with whom it is stored.
        targets: The records on which its job works.
        due: When it is due first, in seconds since the epoch.
        seconds: How long its job takes.
        interval: Seconds between two runs; None if it is due once.
        last: When it ends, if it repeats.
        fails: How many tries raise.
        slot: Its ID, if the author chooses one.
        acknowledged: When the update that adds it was answered.
        may_be_gone: An update that cancels or replaces it was sent.
        gone: When such an update was answered.
    """

    label: str
    user: int
    owner: str
    targets: tuple[str, ...]
    due: float
    seconds: float = 0.0
    interval: float | None = None
    last: float | None = None
    fails: int = 0
    slot: str | None = None
    acknowledged: float | None = None
    may_be_gone: bool = False
    gone: float | None = None


class Run(NamedTuple):
    """A call of a job."""

    at: float
    claimed: float
    process: Process


class Event(NamedTuple):
    """A kill, a freeze or an unclear answer."""

    begin: float
    end: float
    process: Process
    what: str


def token_of(timer: Timer) -> str:
    """Return the name of an occurrence, as jobs write it."""
    return f"{timer.data['label']}#{timer.occurrence}.{timer.tries}"


@dataclass
class Ledger:
    """Everything that happened in a world."""

    plans: dict[str, Plan] = field(default_factory=dict)
    runs: dict[str, list[Run]] = field(default_factory=lambda: defaultdict(list))
    events: list[Event] = field(default_factory=list)
    stamps: dict[Any, float] = field(default_factory=dict)
    clocks: dict[Any, float] = field(default_factory=dict)
    claims: dict[str, list[tuple[float, str, Process]]] = field(default_factory=lambda: defaultdict(list))

    # ---------------------------------------------------------------- while it happens

    def claimed(self, timer: Timer, process: Process, *, now: float) -> None:
        """Note a claim that counts: the timer is due by the clock of its process, and no other claim is held."""
        token, stamp = token_of(timer), self.stamps.get(timer.claim, now)
        early = max(timer.due, self.plans[timer.data["label"]].due) - self.clocks.get(timer.claim, math.inf)
        if early > 0:
            raise BrokenTimerError(f"{token} was claimed {early:.3f} s before its time")
        for earlier, by, other in self.claims[token]:
            if by != timer.claim.by and stamp < earlier + claims.LEASE:
                raise BrokenTimerError(
                    f"{token}: {process} has claimed it at {stamp:.1f}, but {other} has since {earlier:.1f}"
                )
        self.claims[token].append((stamp, timer.claim.by, process))

    def ran(self, timer: Timer, process: Process, *, now: float) -> None:
        """Note a call of a job."""
        token, plan = token_of(timer), self.plans[timer.data["label"]]
        claimed = self.stamps.get(timer.claim, now)
        self.runs[token].append(Run(now, claimed, process))
        if plan.gone is not None and claimed > plan.gone:
            raise BrokenTimerError(f"{token} was claimed at {claimed:.1f}, after its end was answered at {plan.gone}")

    # ---------------------------------------------------------------- afterwards

    def check(self, found: dict[str, dict[str, Counter[str]]], timers: Iterable[Timer], now: float) -> None:
        """Compare with the bucket.

        Args:
            found: The tokens by user, and by target.
            timers: All timers in the bucket.
            now: The true time.
        """
        stored = {timer.data["label"]: timer for timer in timers}
        waiting = [timer for timer in stored.values() if not (timer.claim and timer.claim.until > now)]
        overdue = [timer for timer in waiting if timer.is_armed and timer.due < now - OVERDUE]
        _none("nobody looks at", [f"{token_of(timer)} of {now - timer.due:.0f} s ago" for timer in overdue])
        for plan in self.plans.values():
            self._check_plan(plan, found, stored.get(plan.label))
        self.check_repetitions()

    def _check_plan(self, plan: Plan, found: dict[str, Any], timer: Timer | None) -> None:
        parts = {target: found[target] for target in plan.targets}
        tokens = {
            target: {one: count for one, count in part.items() if one.startswith(f"{plan.label}#")}
            for target, part in parts.items()
        }
        everywhere = set().union(*tokens.values())
        _none("doubled", [f"{one} in {target}" for target in tokens for one, n in tokens[target].items() if n > 1])
        _none("made up", [one for one in everywhere if one not in self.runs])
        if not plan.may_be_gone:
            ended = everywhere - ({token_of(timer)} if timer else set())  # this one is run again
            _none("torn", [f"{one}, not in {target}" for target in tokens for one in ended - tokens[target].keys()])
        if plan.acknowledged is not None and not plan.may_be_gone:
            _none("lost", self._expected(plan, everywhere, timer) - everywhere)

    def _expected(self, plan: Plan, found: set[str], timer: Timer | None) -> set[str]:
        if plan.interval is None:
            tries = plan.fails + 1 if timer is None else timer.tries
            return {f"{plan.label}#1.{number}" for number in range(tries)}
        if timer is None and plan.last is None:
            return {f"{plan.label}, the timer"}
        seen = max((int(one.partition("#")[2].split(".")[0]) for one in found), default=1)
        last = seen if timer is None else timer.occurrence - 1
        return {f"{plan.label}#{number}.0" for number in range(1, last + 1)}

    def check_repetitions(self) -> None:
        """Check that each repetition has a reason."""
        for token, found in self.runs.items():
            runs = sorted(found, key=lambda run: run.claimed)
            for before, after in itertools.pairwise(runs):
                if not any(self._explains(event, before, after) for event in self.events):
                    raise BrokenTimerError(
                        f"{token} ran at {before.at:.1f} in {before.process} (claimed at {before.claimed:.1f}) and at "
                        f"{after.at:.1f} in {after.process} (claimed at {after.claimed:.1f}), without a reason"
                    )

    @staticmethod
    def _explains(event: Event, before: Run, after: Run) -> bool:
        began = before.claimed - JUST_BEFORE
        return event.process is before.process and event.end >= began and event.begin <= after.at

    @property
    def repeated(self) -> int:
        """Return the number of runs that were repetitions."""
        return sum(len(runs) - 1 for runs in self.runs.values())

    @property
    def total(self) -> int:
        """Return the number of runs."""
        return sum(len(runs) for runs in self.runs.values())


def _none(what: str, tokens: Any) -> None:
    if tokens:
        raise BrokenTimerError(f"{what}: {sorted(tokens)[:5]}")
