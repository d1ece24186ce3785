"""The report of a health check: one line per check."""

from __future__ import annotations

import enum
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import PTBBucketError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["NAMES", "Check", "Report", "Verdict"]

NAMES: Final = (
    "reachable", "credentials", "bucket", "read", "list", "create", "update", "conditional puts", "delete",
    "versioning", "read latency", "write latency", "state", "cleaned up", "delete old versions",
)  # fmt: skip
"""The checks that every report contains, in this order. A store's own checks follow them."""


class Verdict(enum.Enum):
    """The result of one check. A warning does not affect the bot, but some commands may not work."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Check:
    """One line of a report: the check, its verdict, details or advice, and the same as ``facts`` for programs."""

    name: str
    verdict: Verdict
    detail: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


class Report:
    """A report that collects the results of checks. Checks without a result were not tried."""

    def __init__(self) -> None:
        self._found: dict[str, Check] = {}

    def say(self, name: str, verdict: Verdict, detail: str = "", **facts: object) -> None:
        """Add the result of a check, or replace it."""
        self._found[name] = Check(name, verdict, detail, facts)

    @contextmanager
    def trying(
        self, name: str, detail: str = "", *, otherwise: Verdict = Verdict.FAILED, **facts: object
    ) -> Iterator[None]:
        """Report success, unless the block reports a result itself. A PTBBucketError is reported and not raised."""
        try:
            yield
        except PTBBucketError as error:
            self.say(name, otherwise, str(error), **facts)
        else:
            if name not in self._found:
                self.say(name, Verdict.OK, detail, **facts)

    def verdict(self, name: str) -> Verdict:
        """Return the verdict of one check."""
        return self._found[name].verdict if name in self._found else Verdict.NOT_TRIED

    def all(self) -> list[Check]:
        """Return all lines in order."""
        failed = next((name for name in NAMES if self.verdict(name) is Verdict.FAILED), "")
        why = f"see {failed!r}" if failed else ""
        missing = {name: Check(name, Verdict.NOT_TRIED, why) for name in NAMES}
        return list((missing | self._found).values())
