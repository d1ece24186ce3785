"""``job_kwargs`` of PTB's ``run_*`` methods, as a timer in the bucket reads them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._dataclass import dataclass
from ptb_bucket.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROCESS", "JobArguments", "is_for_process"]

PROCESS: Final = "process"
"""The job store that keeps a job in the memory of this process."""
_REFUSED: Final = {
    "max_instances": "One occurrence runs at a time, on all instances together",
    "executor": "Jobs run in the event loop",
    "args": "Pass values in data",
    "kwargs": "Pass values in data",
    "func": "Pass the callback as the first argument",
}
_OPTIONS: Final = ("coalesce", "misfire_grace_time")
_MISSING: Final = object()


def is_for_process(job_kwargs: Mapping[str, Any] | None) -> bool:
    """Tell whether a job stays in this process.

    Raises:
        ConfigurationError: Another job store is named.
    """
    store = (job_kwargs or {}).get("jobstore")
    if store not in (None, PROCESS):
        raise ConfigurationError(
            f"job_kwargs contains the unknown job store {store!r}. With jobs='bucket', omit jobstore to keep the job "
            "in the bucket, or pass job_kwargs={'jobstore': 'process'} to keep it in this process only."
        )
    return store == PROCESS


@dataclass(frozen=True)
class JobArguments:
    """The contents of ``job_kwargs`` for a timer.

    Args:
        timer_id: The ID that the author has chosen; None for a random one.
        replaces: Replace a timer that has this ID.
        options: Plain values that are stored with the timer.
        next_run_time: The first due time, if the author has chosen it; a marker if not.
        rest: All other arguments: the trigger and its fields.
        prefix: The beginning of a random ID.
    """

    timer_id: str | None
    replaces: bool
    options: dict[str, Any]
    next_run_time: Any
    rest: dict[str, Any]
    prefix: str = ""

    @property
    def has_next_run_time(self) -> bool:
        """Tell whether the author has chosen the first due time."""
        return self.next_run_time is not _MISSING

    @classmethod
    def read(cls, job_kwargs: Mapping[str, Any] | None, prefix: str = "") -> JobArguments:
        """Return the arguments.

        Args:
            job_kwargs: What the author has passed.
            prefix: The beginning of a random ID.

        Raises:
            ConfigurationError: One is unknown, or cannot be kept by a timer in the bucket.
        """
        rest = dict(job_kwargs or {})
        for name, why in _REFUSED.items():
            if name in rest:
                raise ConfigurationError(f"job_kwargs[{name!r}] is not supported with jobs='bucket'. {why}.")
        rest.pop("jobstore", None)
        options: dict[str, Any] = {name: rest.pop(name) for name in _OPTIONS if name in rest}
        _check(options)
        timer_id, replaces = rest.pop("id", None), bool(rest.pop("replace_existing", False))
        if timer_id is not None and type(timer_id) is not str:
            raise ConfigurationError(f"job_kwargs['id'] must be a string, not {type(timer_id).__name__}.")
        return cls(timer_id, replaces, options, rest.pop("next_run_time", _MISSING), rest, prefix)

    def first(self, due: float | None) -> float | None:
        """Return the first due time: the author's, else the trigger's."""
        if not self.has_next_run_time:
            return due
        return self.next_run_time.timestamp() if isinstance(self.next_run_time, datetime) else None


def _check(options: Mapping[str, Any]) -> None:
    grace = options.get("misfire_grace_time")
    if grace is not None and (type(grace) not in (int, float) or grace <= 0):
        raise ConfigurationError(
            f"job_kwargs['misfire_grace_time'] must be a number of seconds (more than 0) or None, not {grace!r}."
        )
    if type(options.get("coalesce", True)) is not bool:
        raise ConfigurationError("job_kwargs['coalesce'] must be True or False.")
