"""Outcomes of effects, as they are stored: each in a record beside the timers of its owner.

The record is a timer that is never due. So it is in the owner's document on every layout, and merges by the rules of
timers: of two outcomes, the one that was committed first stays.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import CannotStoreError, OutcomeUnknownError
from ptb_bucket.state import EFFECT, Record
from ptb_bucket.state.timers import Timer

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.application.effects.units import EffectUnit

__all__ = ["Outcomes", "is_expired", "record_of"]

BEGUN, RETURNED, RAISED, UNSTORABLE = "begun", "returned", "raised", "unstorable"
KEPT: Final = 2 * 24 * 3600.0
"""Seconds for which an outcome is kept: Telegram delivers an update for a day."""


def record_of(unit: EffectUnit, name: str) -> Record:
    """Return the record of an effect."""
    return Record.of_timer(unit.owner, f"{EFFECT}{unit.name}:{name}")


def is_expired(timer: Timer) -> bool:
    """Tell whether an outcome is so old that its unit is not handled any more."""
    return float(timer.options.get("at", 0)) + KEPT < time.time()


class Outcomes:
    """Makes and reads the outcomes of one effect.

    Args:
        unit: The unit that asks for the effect.
        name: The name of the effect.
        digest: The digest of its arguments.
        final: The types of exceptions that are outcomes.
        fits: Raises CannotStoreError for a timer that cannot be stored.
    """

    def __init__(
        self, unit: EffectUnit, name: str, digest: str, final: tuple[type[Exception], ...],
        fits: Callable[[Timer], None],
    ) -> None:  # fmt: skip
        self._unit, self._name, self._digest, self._final, self._fits = unit, name, digest, final, fits

    def begun(self) -> Timer:
        """Return the note that the effect is about to begin."""
        return self._timer(BEGUN, None, 1)

    def returned(self, value: Any) -> Timer:
        """Return the outcome of an effect that returned a value."""
        return self._storable(self._timer(RETURNED, value, 2))

    def raised(self, error: Exception) -> Timer:
        """Return the outcome of an effect that raised a final exception."""
        reduced = error.__reduce__()
        arguments = reduced[1] if isinstance(reduced, tuple) and reduced[0] is type(error) else error.args
        data = {"type": type(error).__qualname__, "arguments": list(arguments)}
        try:
            return self._checked(self._timer(RAISED, data, 2))
        except CannotStoreError:
            return self._timer(RAISED, {**data, "arguments": [str(error)]}, 2)

    def _storable(self, timer: Timer) -> Timer:
        """Return the outcome, without its value if that cannot be stored: the effect has happened all the same."""
        try:
            return self._checked(timer)
        except CannotStoreError:
            return self._timer(UNSTORABLE, type(timer.data).__qualname__, 2)

    def _checked(self, timer: Timer) -> Timer:
        self._fits(timer)
        return timer

    def _timer(self, state: str, data: Any, step: int) -> Timer:
        options = {"state": state, "arguments": self._digest, "at": time.time()}
        return Timer(EFFECT, secrets.token_hex(8), data, self._name, occurrence=step, enabled=False, options=options)

    # ---------------------------------------------------------------- stored

    def arguments_differ(self, stored: Timer) -> bool:
        """Tell whether the effect was asked for with other arguments."""
        return bool(stored.options.get("arguments") != self._digest)

    @staticmethod
    def is_intent(stored: Timer) -> bool:
        """Tell whether only the intent is known."""
        return bool(stored.options["state"] == BEGUN)

    @staticmethod
    def is_value(outcome: Timer) -> bool:
        """Tell whether an outcome is a value."""
        return bool(outcome.options["state"] == RETURNED)

    def result(self, stored: Timer) -> Any:
        """Return the value of an outcome.

        Raises:
            OutcomeUnknownError: It was begun, and how it ended is not recorded.
            CannotStoreError: The value could not be stored.
            Exception: The final exception with which it ended.
        """
        state = stored.options["state"]
        if state == BEGUN:
            raise OutcomeUnknownError(self._name, self._unit.name, stored.options["at"])
        if state == UNSTORABLE:
            raise CannotStoreError(
                f"the effect {self._name!r} was carried out, but its result is of type {stored.data}",
                hint="Return a plain value from its function, such as the ID of a message or a payment",
            )
        if state == RAISED:
            raise self._exception(stored.data)
        return stored.data

    def _exception(self, data: dict[str, Any]) -> Exception:
        """Return a stored exception. Only types that the caller names as final are made, none by a name alone."""
        found = next((each for each in self._types() if each.__qualname__ == data["type"]), None)
        if found is None:
            return RuntimeError(f"The effect {self._name!r} raised {data['type']}, which final=... does not include.")
        try:
            return found(*data["arguments"])
        except Exception:  # noqa: BLE001  its constructor takes other arguments
            error = found.__new__(found, *data["arguments"])
            error.args = tuple(data["arguments"])
            return error

    def _types(self) -> list[type[Exception]]:
        found = list(self._final)
        for each in found:
            found += [sub for sub in each.__subclasses__() if sub not in found]
        return found
