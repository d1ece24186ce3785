"""Which requests meet which fault, and what was seen; shared by the test's thread and the proxy's."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ptb_bucket.testing.proxy.faults import WireFault
    from ptb_bucket.testing.proxy.wire import Message

__all__ = ["Entry", "Journal", "SeenRequest", "seen"]


@dataclass(frozen=True)
class SeenRequest:
    """A request that arrived: header names in lower case, ``size`` of the body in bytes, and the fault that it met."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    size: int
    fault: WireFault | None = None


@dataclass
class Entry:
    """A line of the plan; ``skip`` and ``times`` count down, ``times`` None never ends."""

    fault: WireFault
    matches: Callable[[SeenRequest], bool]
    times: int | None
    skip: int
    body: bytes
    content_type: str

    def takes(self, request: SeenRequest) -> bool:
        """Whether this request meets the fault; counts it."""
        if self.times == 0 or not self.matches(request):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times = self.times and self.times - 1
        return True


class Journal:
    """The plan and what was seen, under one lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._requests: list[SeenRequest] = []

    def add(self, entry: Entry) -> None:
        """Plan one more fault, after those before."""
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Forget the plan and what was seen."""
        with self._lock:
            self._entries.clear()
            self._requests.clear()

    def requests(self) -> list[SeenRequest]:
        """Return what was seen so far, in order of arrival."""
        with self._lock:
            return list(self._requests)

    def arrived(self, request: SeenRequest) -> Entry | None:
        """Record a request; return what is planned for it."""
        with self._lock:
            entry = next((entry for entry in self._entries if entry.takes(request)), None)
            fault = entry.fault if entry else None
            self._requests.append(SeenRequest(request.method, request.path, request.headers, request.size, fault))
            return entry


def seen(message: Message) -> SeenRequest:
    """Make a record of a request; credentials in it are not kept."""
    method, path, _ = message.first.decode("latin-1").split(" ", 2)
    pairs = (line.decode("latin-1").partition(":") for line in message.lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    for secret in ("authorization", "x-amz-security-token"):
        headers.pop(secret, None)
    return SeenRequest(method, path, headers, len(message.body))
