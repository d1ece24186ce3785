"""What checks found, one line each."""

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
"""What is always said something about, in this order; what a store finds about itself follows."""


class Verdict(enum.Enum):
    """What came of one check. A warning costs the bot nothing, and perhaps the tool box something."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_TRIED = "not tried"


@dataclass(frozen=True)
class Check:
    """One line: what was tried, what came of it, details or what to do about it, and the same for programs."""

    name: str
    verdict: Verdict
    detail: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


class Report:
    """Collects them; what nobody said anything about was not tried."""

    def __init__(self) -> None:
        self._found: dict[str, Check] = {}

    def say(self, name: str, verdict: Verdict, detail: str = "", **facts: object) -> None:
        """Add a line, or replace one."""
        self._found[name] = Check(name, verdict, detail, facts)

    @contextmanager
    def trying(
        self, name: str, detail: str = "", *, otherwise: Verdict = Verdict.FAILED, **facts: object
    ) -> Iterator[None]:
        """Say that it is well, unless something is said inside, or an error of ours is raised; that goes no further."""
        try:
            yield
        except PTBBucketError as error:
            self.say(name, otherwise, str(error), **facts)
        else:
            if name not in self._found:
                self.say(name, Verdict.OK, detail, **facts)

    def verdict(self, name: str) -> Verdict:
        """What came of one."""
        return self._found[name].verdict if name in self._found else Verdict.NOT_TRIED

    def all(self) -> list[Check]:
        """Every line, in their order."""
        failed = next((name for name in NAMES if self.verdict(name) is Verdict.FAILED), "")
        why = f"see {failed!r}" if failed else ""
        missing = {name: Check(name, Verdict.NOT_TRIED, why) for name in NAMES}
        return list((missing | self._found).values())
