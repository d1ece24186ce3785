"""Stores: bytes under keys, with ETags; those that need only the standard library, and wrappers that are stores too."""

from __future__ import annotations

from ptb_bucket.stores._contract import (
    NOT_MODIFIED,
    Blob,
    BlobInfo,
    BlobStore,
    BlobVersion,
    Create,
    Finding,
    NotModified,
    PutMode,
    Update,
)
from ptb_bucket.stores._credentials import credentials_unreadable
from ptb_bucket.stores._keys import check_key
from ptb_bucket.stores._limit import within
from ptb_bucket.stores._local import LocalStore
from ptb_bucket.stores._memory import MemoryStore
from ptb_bucket.stores._meter import Meter, MeteredStore
from ptb_bucket.stores._options import agreed, check_endpoint, check_seconds, closest, did_you_mean, read_options
from ptb_bucket.stores._prefix import PrefixStore
from ptb_bucket.stores._proof import PROOF_NAME, ConditionProof
from ptb_bucket.stores._registry import open_store
from ptb_bucket.stores._retry import RetryingStore
from ptb_bucket.stores._uri import StoreUri, parse_uri
from ptb_bucket.stores._wrapper import StoreWrapper

__all__ = [
    "NOT_MODIFIED",
    "PROOF_NAME",
    "Blob",
    "BlobInfo",
    "BlobStore",
    "BlobVersion",
    "ConditionProof",
    "Create",
    "Finding",
    "LocalStore",
    "MemoryStore",
    "Meter",
    "MeteredStore",
    "NotModified",
    "PrefixStore",
    "PutMode",
    "RetryingStore",
    "StoreUri",
    "StoreWrapper",
    "Update",
    "agreed",
    "check_endpoint",
    "check_key",
    "check_seconds",
    "closest",
    "credentials_unreadable",
    "did_you_mean",
    "open_store",
    "parse_uri",
    "read_options",
    "within",
]
