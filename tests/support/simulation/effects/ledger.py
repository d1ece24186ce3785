"""The effects that happened outside, and the data that the bucket has stored: a model of what the bot must know."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from support.simulation.timers.ledger import JUST_BEFORE, BrokenTimerError

if TYPE_CHECKING:
    from support.simulation.timers.ledger import Event
    from support.simulation.timers.processes import Process

UNKNOWN: Final = "unknown"
"""What a handler stores if the outcome of an effect is not known."""
_TOKEN: Final = re.compile(rb"<[^<>]+>")
AT_MOST_ONCE: Final = {"reserve", "ship"}
EFFECTS: Final = ("charge", "decline", "reserve", "goods", "ship")


class BrokenEffectError(BrokenTimerError):
    """An effect came too early, was lost, repeated without a reason, or forgotten."""


@dataclass(eq=False)
class Call:
    """A call of ``once``.

    Args:
        process: The process that made it.
        began: When its update or run began.
        asked: When it was made.
        happened: When its effect happened; None if it did not.
        returned: When it returned.
    """

    process: Process
    began: float
    asked: float
    happened: float | None = None
    returned: float | None = None


@dataclass
class EffectLedger:
    """Everything that happened in a world."""

    events: list[Event] = field(default_factory=list)
    calls: dict[tuple[str, str], list[Call]] = field(default_factory=lambda: defaultdict(list))
    values: dict[tuple[str, str], str] = field(default_factory=dict)
    sent: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    jobs: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    durable: dict[str, float] = field(default_factory=dict)
    traces: list[str] = field(default_factory=list)
    unknown: int = 0

    # ---------------------------------------------------------------- while it happens

    def stored(self, data: bytes, now: float) -> None:
        """Note what an object that the bucket has accepted contains."""
        for token in _TOKEN.findall(data):
            self.durable.setdefault(token.decode(), now)

    def asked(self, order: str, name: str, process: Process, began: float, *, now: float) -> Call:
        """Note a call of ``once``."""
        call = Call(process, began, now)
        self.calls[order, name].append(call)
        return call

    def happened(self, order: str, name: str, call: Call, *, now: float) -> str:
        """Note an effect, and return what the service answers: another value each time."""
        before = self._before(order, name, call)
        call.happened = now
        for one in before:
            self._check_repetition(order, name, one, call, now)
        return f"<{order} {name} {len(before) + 1}>"

    def _before(self, order: str, name: str, call: Call) -> list[Call]:
        return [one for one in self.calls[order, name] if one.happened is not None and one is not call]

    def _check_repetition(self, order: str, name: str, before: Call, call: Call, now: float) -> None:
        places = f"at {before.happened:.1f} in {before.process} and at {now:.1f} in {call.process}"
        what = f"{name} of {order} happened {places}"
        _refuse(name in AT_MOST_ONCE, f"{what}, although at most once")
        _refuse(before.process is call.process, f"{what}, the same process")
        returned = [one.returned for one in self.calls[order, name] if one.returned is not None]
        _refuse(bool(returned) and min(returned) < call.began, f"{what}, after it had returned")
        reason = self._reason(before, call, now)
        _refuse(reason is None, f"{what}, without a reason")
        self.traces.append(f"{what}: {reason}")

    def _reason(self, before: Call, call: Call, now: float) -> str | None:
        """Return why an effect happened again."""
        if before.returned is None or call.began <= before.returned:
            for event in self.events:
                if event.process is before.process and event.end >= before.asked - JUST_BEFORE and event.begin <= now:
                    return event.what
            if call.began <= (before.returned or now) and before.process.is_dead is False:
                return "both were at work"
        return None

    def returned(self, order: str, name: str, call: Call, value: str, *, now: float) -> None:
        """Note what ``once`` returned, or raised finally: it is in the bucket, and the same for everybody."""
        call.returned = now
        _refuse(value not in self.durable, f"{value} was returned and is not stored")
        known = self.values.setdefault((order, name), value)
        _refuse(known != value, f"{name} of {order} ended as {known} and as {value}")

    def did_not_return(self, order: str, name: str, call: Call, *, now: float) -> None:
        """Note an ``OutcomeUnknownError``. Only an earlier call that was cut off, or is at work, explains it."""
        self.unknown += 1
        others = [one for one in self.calls[order, name] if one is not call]
        _refuse(name not in AT_MOST_ONCE, f"the outcome of {name} of {order} is not known")
        _refuse(not others, f"the outcome of {name} of {order} is not known, and nobody had begun it")
        late = [one for one in others if one.returned is not None and one.returned < call.began]
        _refuse(bool(late), f"the outcome of {name} of {order} is not known, although it had returned")

    def job_began(self, order: str) -> None:
        """Note that a job of ``after_commit`` runs."""
        self.jobs[order] += 1
        _refuse(f"<{order}>" not in self.durable, f"the receipt of {order} came before the order was stored")

    # ---------------------------------------------------------------- afterwards

    def check(self, orders: dict[str, Any], found: list[list[Any]], receipts: list[list[Any]]) -> None:
        """Compare with the bot's data.

        Args:
            orders: What was ordered, by label.
            found: The orders in the bucket, each with the results of its handler.
            receipts: The receipts in the bucket, each with the results of its job.
        """
        for what, lists in (("order", found), ("receipt", receipts)):
            labels = [one[0].strip("<>!") for one in lists]
            doubled = sorted({label for label in labels if labels.count(label) > 1})
            _refuse(bool(doubled), f"the {what} is doubled: {doubled[:5]}")
            missing = orders.keys() - set(labels)
            _refuse(bool(missing), f"the {what} is lost: {sorted(missing)[:5]}")
            for label, results in lists:
                self._check_results(label.strip("<>!"), results)
        for label in orders:
            _refuse(not self.sent[label], f"nothing was sent about {label}")

    def _check_results(self, order: str, results: dict[str, str]) -> None:
        for name, value in results.items():
            if value == UNKNOWN:
                continue
            _refuse(self.values.get((order, name)) != value, f"{name} of {order} is stored as {value}")
            happened = [call for call in self.calls[order, name] if call.happened is not None]
            _refuse(not happened, f"{name} of {order} did not happen")

    @property
    def repeated(self) -> int:
        """The number of effects of ``once`` that happened again."""
        return len(self.traces)

    @property
    def total(self) -> int:
        """The number of effects of ``once`` that happened."""
        return sum(call.happened is not None for calls in self.calls.values() for call in calls)


def _refuse(is_broken: bool, what: str) -> None:  # noqa: FBT001  a condition
    if is_broken:
        raise BrokenEffectError(what)
