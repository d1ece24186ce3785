"""The options of a BucketApplication, as its parts read them."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

__all__ = ["Jobs", "LiveOptions", "Save"]

Save: TypeAlias = Literal["interval", "update"]
Jobs: TypeAlias = Literal["process", "bucket"]


class LiveOptions(Protocol):
    """Attributes of a BucketApplication that may change until it is initialized."""

    save: Save
    sequential: bool
    dedupe: bool
    jobs: Jobs
    shutdown_deadline: float
    runs: bool
    answer_by: float | None
