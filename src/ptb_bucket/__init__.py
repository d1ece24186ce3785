"""A Telegram bot's memory in a bucket: python-telegram-bot persistence on object storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._collector import START_PAUSE
from ptb_bucket._lazy import lazy_exports
from ptb_bucket.errors import PTBBucketError

if TYPE_CHECKING:
    from ptb_bucket.application import (
        BucketApplication,
        BucketApplicationBuilder,
        JobCallback,
        JobRetry,
        bucket_application,
    )
    from ptb_bucket.codecs import StoredAs
    from ptb_bucket.persistence import BucketPersistence
    from ptb_bucket.sealing import Sealing
    from ptb_bucket.state import MISSING, Conflict, Resolver, add_differences, keep_ours, keep_theirs
    from ptb_bucket.stats import Stats
    from ptb_bucket.stores import BlobStore, open_store
    from ptb_bucket.tools import edit_bot_data, edit_chat_data, edit_user_data

__all__ = [
    "MISSING",
    "BlobStore",
    "BucketApplication",
    "BucketApplicationBuilder",
    "BucketPersistence",
    "Conflict",
    "JobCallback",
    "JobRetry",
    "PTBBucketError",
    "Resolver",
    "Sealing",
    "Stats",
    "StoredAs",
    "add_differences",
    "bucket_application",
    "edit_bot_data",
    "edit_chat_data",
    "edit_user_data",
    "keep_ours",
    "keep_theirs",
    "open_store",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.application": (
            "BucketApplication",
            "BucketApplicationBuilder",
            "JobCallback",
            "JobRetry",
            "bucket_application",
        ),
        "ptb_bucket.codecs": ("StoredAs",),
        "ptb_bucket.persistence": ("BucketPersistence",),
        "ptb_bucket.sealing": ("Sealing",),
        "ptb_bucket.state": ("MISSING", "Conflict", "Resolver", "add_differences", "keep_ours", "keep_theirs"),
        "ptb_bucket.stats": ("Stats",),
        "ptb_bucket.stores": ("BlobStore", "open_store"),
        "ptb_bucket.tools": ("edit_bot_data", "edit_chat_data", "edit_user_data"),
    },
)

START_PAUSE.begin()
