"""The result of a verification, its verdict, and its row for the table of servers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from ptb_bucket.tools.verification.prices import host_of
from ptb_bucket.tools.verification.requests import Requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.stores import StoreUri
    from ptb_bucket.tools.verification.conformance import Kept
    from ptb_bucket.tools.verification.latency import Latency
    from ptb_bucket.tools.verification.lost_answers import LostAnswers
    from ptb_bucket.tools.verification.races import Races

__all__ = ["ROW_HEAD", "Verification", "uri_shape"]

ROW_HEAD: Final = (
    "server", "version", "URI", "measured by", "on", "conformance", "races", "lost answers",
    "median / p99 in ms: get, put, list",
)  # fmt: skip
"""The columns of the table of servers (docs/reference/servers.md)."""
_NONE: Final = "-"
_SHOWN: Final = frozenset({"region", "addressing_style", "sse", "storage_class", "client", "keep"})
"""The options whose values say nothing about the owner of a bucket."""
_PUBLIC: Final = (
    ".amazonaws.com", ".backblazeb2.com", ".cloud.ovh.net", ".cloud.ovh.us", ".digitaloceanspaces.com", ".scw.cloud",
    ".wasabisys.com", ".your-objectstorage.com", "storage.yandexcloud.net", "t3.storage.dev", "fly.storage.tigris.dev",
)  # fmt: skip
"""The hosts, or their ends, that all customers of a cloud share."""


@dataclass(frozen=True)
class Verification:
    """The result of a verification.

    Args:
        uri: The location that was verified.
        refused: The reason why nothing was tried: the server ignores conditions. Empty if it honours them.
        promises: The result of each promise.
        races: The races of several processes; None if they were not tried.
        lost_answers: The connections that were cut; None if that was not tried.
        latency: ``get``, ``put`` and ``list``.
        unfinished: The reason why the run ended early; empty if it did not.
        left: The objects that could not be removed, and the reason; empty if there are none.
        note: A remark about old versions; empty if there is nothing to say.
        requests: The requests that were sent.
        began: The time of the start.
        seconds: The duration.
    """

    uri: StoreUri
    refused: str = ""
    promises: tuple[Kept, ...] = ()
    races: Races | None = None
    lost_answers: LostAnswers | None = None
    latency: Mapping[str, Latency] = field(default_factory=dict)
    unfinished: str = ""
    left: str = ""
    note: str = ""
    requests: Requests = field(default_factory=Requests)
    began: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    seconds: float = 0.0

    @property
    def problems(self) -> list[str]:
        """Return every reason not to keep a bot's state there, as sentences; empty if there is none."""
        if self.refused:
            return [self.refused]
        broken = [f"{one.name}: {one.broken.rstrip('.')}." for one in self.promises if one.broken]
        races = [self.races.broken] if self.races else []
        lost = [self.lost_answers.broken] if self.lost_answers else []
        return [text for text in (*broken, *races, *lost, self.unfinished) if text]

    @property
    def safe(self) -> bool:
        """Return True if everything was tried and nothing went wrong."""
        return not self.problems

    def row(self, server: str, version: str = "", measured_by: str = "") -> str:
        """Return the row for the table of servers, in Markdown. It contains neither bucket nor prefix nor account.

        Args:
            server: The server's name.
            version: Its version; empty if it is not known.
            measured_by: The person who measured; empty for none.
        """
        cells = (
            server, version or _NONE, f"`{uri_shape(self.uri)}`", measured_by or _NONE, f"{self.began:%Y-%m-%d}",
            self._conformance(), _part(self.races.right, self.races.rounds) if self.races else _NONE,
            _part(self.lost_answers.right, self.lost_answers.cuts) if self.lost_answers else _NONE, self._latency(),
        )  # fmt: skip
        return f"| {' | '.join(_cell(text) for text in cells)} |"

    def _conformance(self) -> str:
        if self.refused:
            return "**refused**: ignores conditions" if "ignores" in self.refused else "**refused**"
        kept = sum(not one.broken for one in self.promises)
        return _part(kept, len(self.promises))

    def _latency(self) -> str:
        found = [self.latency[name] for name in ("get", "put", "list") if name in self.latency]
        return ", ".join(f"{1000 * one.median:.1f} / {1000 * one.p99:.1f}" for one in found) or _NONE


def uri_shape(uri: StoreUri) -> str:
    """Return a URI without the names of bucket, prefix and account, and without a private server's name."""
    if uri.scheme == "file":
        return "file:DIRECTORY"
    options = {name: value for name, value in uri.options.items() if name in _SHOWN}
    if endpoint := uri.options.get("endpoint_url"):
        options["endpoint_url"] = _endpoint_shape(endpoint, host_of(uri))
    return str(replace(uri, bucket="BUCKET", prefix="PREFIX/", options=options))


def _endpoint_shape(endpoint: str, host: str) -> str:
    if host.endswith(_PUBLIC):
        return endpoint
    if host.endswith(".r2.cloudflarestorage.com"):
        return re.sub(r"//[^.]+", "//ACCOUNT", endpoint, count=1)
    return re.sub(r"//.*", "//HOST:PORT", endpoint)


def _part(right: int, of: int) -> str:
    if not of:
        return _NONE
    return f"{right}/{of}" if right == of else f"**{right}/{of}**"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
