"""The plan of faults and the record of requests, shared by the threads of the test and of the proxy."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ptb_bucket.testing.proxy.faults import WireFault
    from ptb_bucket.testing.proxy.wire import Message

__all__ = ["FaultPlan", "PlannedFault", "SeenRequest", "seen"]


@dataclass(frozen=True)
class SeenRequest:
    """A request that arrived: header names in lower case, ``size`` of the body in bytes, and the fault that it met."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    size: int
    fault: WireFault | None = None


@dataclass
class PlannedFault:
    """A line of the plan; ``skip`` and ``times`` count down, ``times`` None never ends."""

    fault: WireFault
    matches: Callable[[SeenRequest], bool]
    times: int | None
    skip: int
    body: bytes
    content_type: str

    def takes(self, request: SeenRequest) -> bool:
        """Return True if the request meets the fault, and count it."""
        if self.times == 0 or not self.matches(request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times = self.times and self.times - 1
        return True


class FaultPlan:
    """The plan and the requests that were seen, under one lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[PlannedFault] = []
        self._requests: list[SeenRequest] = []

    def add(self, entry: PlannedFault) -> None:
        """Add a fault to the end of the plan."""
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Forget the plan and the requests that were seen."""
        with self._lock:
            self._entries.clear()
            self._requests.clear()

    def requests(self) -> list[SeenRequest]:
        """Return the requests that were seen so far, in order of arrival."""
        with self._lock:
            return list(self._requests)

    def arrived(self, request: SeenRequest) -> PlannedFault | None:
        """Record a request, and return its planned fault."""
        with self._lock:
            entry = next((entry for entry in self._entries if entry.takes(request)), None)
            fault = entry.fault if entry else None
            self._requests.append(SeenRequest(request.method, request.path, request.headers, request.size, fault))
            return entry


def seen(message: Message) -> SeenRequest:
    """Return the record of a request, without credentials."""
    method, path, _ = message.first.decode("latin-1").split(" ", 2)
    pairs = (line.decode("latin-1").partition(":") for line in message.lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    for secret in ("authorization", "x-amz-security-token"):
        headers.pop(secret, None)
    return SeenRequest(method, path, headers, len(message.body))
