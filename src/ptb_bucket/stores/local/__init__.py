"""The ``file:`` store: a directory with ETags, locks between processes, and old versions."""

from __future__ import annotations

from ptb_bucket.stores.local.files import make_directories, read_file, remove_file, translated, write_file
from ptb_bucket.stores.local.locks import locked
from ptb_bucket.stores.local.store import LocalStore

__all__ = ["LocalStore", "locked", "make_directories", "read_file", "remove_file", "translated", "write_file"]
