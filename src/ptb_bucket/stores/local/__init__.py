"""The ``file:`` store: a directory with ETags, locks between processes, and old versions."""

from __future__ import annotations

from ptb_bucket.stores.local.store import LocalStore
from ptb_bucket.stores.local.locks import locked
from ptb_bucket.stores.local.files import make_directories
from ptb_bucket.stores.local.files import read_file
from ptb_bucket.stores.local.files import remove_file
from ptb_bucket.stores.local.files import translated
from ptb_bucket.stores.local.files import write_file

__all__ = ["LocalStore", "locked", "make_directories", "read_file", "remove_file", "translated", "write_file"]
