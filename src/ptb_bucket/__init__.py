"""A Telegram bot's memory in a bucket: python-telegram-bot persistence on object storage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.application import BucketApplication, BucketApplicationBuilder, bucket_application
from ptb_bucket.codecs import StoredAs
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.persistence import BucketPersistence
from ptb_bucket.sealing import Sealing
from ptb_bucket.state import MISSING, Conflict, Resolver, add_differences, keep_ours, keep_theirs
from ptb_bucket.stats import Stats
from ptb_bucket.stores import BlobStore, open_store

if TYPE_CHECKING:
    from ptb_bucket.tools import edit_bot_data, edit_chat_data, edit_user_data

__all__ = [
    "MISSING",
    "BlobStore",
    "BucketApplication",
    "BucketApplicationBuilder",
    "BucketPersistence",
    "Conflict",
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


def __getattr__(name: str) -> Any:
    """Import the tools when one of them is first used: a bot starts without them."""
    if name not in {"edit_bot_data", "edit_chat_data", "edit_user_data"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ptb_bucket import tools  # noqa: PLC0415  see above

    return getattr(tools, name)
