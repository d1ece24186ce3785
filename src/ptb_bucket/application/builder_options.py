"""The options of ``bucket_application()``, for type checkers: a start does not import them.

The names come from the signatures of the two classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from telegram.ext import PersistenceInput

    from ptb_bucket.application.options import Jobs, Save
    from ptb_bucket.application.timers import JobRetry
    from ptb_bucket.location import CodecName, LayoutName
    from ptb_bucket.sealing import Sealing
    from ptb_bucket.state import Resolver

__all__ = ["ApplicationOptions", "Options", "PersistenceOptions"]


class ApplicationOptions(TypedDict, total=False):
    """Options of :class:`BucketApplication`."""

    save: Save
    sequential: bool
    dedupe: bool
    shutdown_deadline: float
    cache_size: int
    jobs: Jobs
    callbacks: Iterable[Any]
    job_retry: JobRetry | None
    tick: float


class PersistenceOptions(TypedDict, total=False):
    """Options of :class:`ptb_bucket.BucketPersistence`, without ``context_types``, whose type the application gets."""

    layout: LayoutName | None
    codec: CodecName | None
    types: Iterable[Any]
    store_data: PersistenceInput | None
    update_interval: float
    on_flush: bool
    refresh_interval: float | None
    resolver: Resolver
    commit_timeout: float
    sealing: Sealing | None
    spool_dir: str | os.PathLike[str] | None


class Options(ApplicationOptions, PersistenceOptions, total=False):
    """Options of both."""
