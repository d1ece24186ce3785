"""A stored timer: its callback, its data, its due time, and its schedule."""

from __future__ import annotations

import math
from dataclasses import field, fields, replace
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import Self

__all__ = ["DECIDED", "FORGIVEN", "TIMEOUT", "Claim", "Timer", "unit_of"]

TIMEOUT: Final = "timeout"
"""The option of a timer that is a conversation's timeout: the handler's name and the conversation's key."""
DECIDED: Final = "decided"
"""The option of a timeout that no update can stop any more: the ID of the claim that decided it."""

FORGIVEN: Final = "forgiven"
"""The option of a timer that was made due again, also if it was parked: the failed tries that do not count any more.

The number of tries only grows, because documents list each try that has changed them.
"""


@dataclass(frozen=True)
class Claim:
    """A note of an instance that it is working on an occurrence.

    Args:
        by: The ID of the run: unique, so that an instance recognises its own claim.
        until: When the claim ends unless it is renewed, in seconds since the epoch.
    """

    by: str
    until: float


@dataclass(frozen=True)
class Timer:
    """A timer. It is immutable; each change makes a new one.

    Args:
        callback: The name of the callback, as the author has listed it.
        data: The job's data; any value that the bot's codec can store.
        name: The job's name.
        chat_id, user_id: The chat and the user that the job works on.
        due: When the current occurrence is due, in seconds since the epoch; None if no further one is known.
        schedule: Plain values from which the trigger is made again; None for a timer that is due once.
        occurrence: The number of the current occurrence. It only grows.
        revision: How often the author has replaced the timer.
        generation: How often the timer has got another due time. It names a due key, together with `nonce`.
        nonce: Random text, so that no two due keys have the same name, even if two instances make them.
        born: The nonce with which the timer was created, once it has another one; see :attr:`series`.
        claim: Who is working on the current occurrence.
        tries: How often the current occurrence has failed.
        enabled: False while the author has paused the timer.
        parked: Why the timer does not run any more although it has not ended; None if it runs.
        options: Further plain values that the application keeps with it.
    """

    callback: str
    nonce: str
    data: Any = None
    name: str | None = None
    chat_id: int | None = None
    user_id: int | None = None
    due: float | None = None
    schedule: Mapping[str, Any] | None = None
    occurrence: int = 1
    revision: int = 1
    generation: int = 1
    claim: Claim | None = None
    tries: int = 0
    enabled: bool = True
    parked: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    born: str | None = None

    @property
    def series(self) -> str:
        """Text that stays the same from the creation of the timer to its end. A later timer with its ID has another."""
        return self.born or self.nonce

    @property
    def is_armed(self) -> bool:
        """Tell whether somebody has to look at it when it is due."""
        return self.due is not None and self.enabled and self.parked is None

    @property
    def failures(self) -> int:
        """The number of failed tries of the current occurrence since it was made due."""
        return self.tries - int(self.options.get(FORGIVEN, 0))

    @property
    def is_timeout(self) -> bool:
        """Tell whether it ends a conversation."""
        return TIMEOUT in self.options

    @property
    def decided(self) -> str | None:
        """The claim that has decided that a conversation times out; None if an update may still go first."""
        found: str | None = self.options.get(DECIDED)
        return found

    def but(self, **changes: Any) -> Timer:
        """Return this timer with some fields changed."""
        return replace(self, **changes)

    def rearmed(self, due: float | None, nonce: str, **changes: Any) -> Timer:
        """Return this timer with another due time, no claim, and so with another due key."""
        return self.renamed(self.generation + 1, nonce).but(due=due, claim=None, **changes)

    def restarted(self, due: float, nonce: str, **changes: Any) -> Timer:
        """Return this timer with another due time, also if it is parked or paused, and with all its tries again."""
        options = {**self.options, **({FORGIVEN: self.tries} if self.tries else {})}
        return self.rearmed(due, nonce, parked=None, options=options, enabled=True, **changes)

    def renamed(self, generation: int, nonce: str) -> Timer:
        """Return this timer with another due key."""
        return replace(self, generation=generation, nonce=nonce, born=self.series)

    def to_value(self) -> dict[str, Any]:
        """Return the value of its record. Fields that have their default are left out."""
        found = {name: getattr(self, name) for name, default in _DEFAULTS.items() if getattr(self, name) != default}
        if self.claim:
            found["claim"] = [self.claim.by, self.claim.until]
        return {
            "callback": self.callback,
            "nonce": self.nonce,
            **found,
            **({"data": self.data} if self.data is not None else {}),
        }

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Return the timer of a stored value. Fields that a newer ptb-bucket may have added are ignored.

        Raises:
            ValueError: The value cannot be a timer; the message names the field, and quotes no data.
        """
        if wrong := wrong_field(value):
            raise ValueError(f"{wrong} of the timer is missing or has the wrong type")
        known = {name: value[name] for name in (*_CHECKS, "data") if name in value}
        if known.get("claim"):
            known["claim"] = Claim(*known["claim"])
        return cls(**known)


def unit_of(timer_id: str, timer: Timer) -> str:
    """Return the ID of the unit of work that is one try of one occurrence.

    It has the timer's series, because another timer may get the same ID later, and another owner may have one with the
    same ID. Documents would take the new timer's first occurrence for one that they already contain.
    """
    return f"timer:{timer_id}#{timer.occurrence}.{timer.tries}.{timer.series}"


def wrong_field(value: Any) -> str | None:
    """Return the first field that keeps a stored value from being a timer; None if it is one."""
    if type(value) is not dict:
        return "the value"
    missing = [name for name in ("callback", "nonce") if name not in value]
    wrong = [name for name, fits in _CHECKS.items() if name in value and not fits(value[name])]
    return next(iter([*missing, *wrong]), None)


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_number(value: Any) -> bool:
    return type(value) is int


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_time(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _is_plain(value: Any) -> bool:
    return type(value) is dict and all(type(key) is str for key in value)


def _is_claim(value: Any) -> bool:
    return type(value) in (list, tuple) and len(value) == 2 and _is_text(value[0]) and _is_time(value[1])  # noqa: PLR2004  who, until


def _or_none(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


_CHECKS: Final[dict[str, Callable[[Any], bool]]] = {
    "callback": _is_text,
    "nonce": _is_text,
    "name": _or_none(_is_text),
    "chat_id": _or_none(_is_number),
    "user_id": _or_none(_is_number),
    "due": _or_none(_is_time),
    "schedule": _or_none(_is_plain),
    "occurrence": _is_count,
    "revision": _is_count,
    "generation": _is_count,
    "claim": _or_none(_is_claim),
    "tries": _is_count,
    "enabled": lambda value: type(value) is bool,
    "parked": _or_none(_is_text),
    "born": _or_none(_is_text),
    "options": _is_plain,
}
_DEFAULTS: Final[dict[str, Any]] = {
    each.name: {} if each.name == "options" else each.default
    for each in fields(Timer)
    if each.name not in ("callback", "nonce", "data", "claim")
}
