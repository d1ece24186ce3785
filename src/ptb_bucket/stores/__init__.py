"""Stores: bytes under keys, with ETags. This package has those that need only the standard library, and wrappers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._aio import within
from ptb_bucket._dataclass import dataclass
from ptb_bucket._lazy import lazy_exports
from ptb_bucket.stores.base import (
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
from ptb_bucket.stores.keys import check_key
from ptb_bucket.stores.options import (
    agreed,
    check_endpoint,
    check_seconds,
    closest,
    credentials_unreadable,
    did_you_mean,
    read_options,
)
from ptb_bucket.stores.registry import missing_extra, open_store
from ptb_bucket.stores.tls import tls_context, trusted_certificates
from ptb_bucket.stores.uri import StoreUri, parse_uri
from ptb_bucket.stores.wrappers import (
    InterceptingStore,
    Meter,
    MeteredStore,
    PrefixStore,
    RetryingStore,
    StoreWrapper,
    wrapped,
    wrapping,
)

if TYPE_CHECKING:
    from ptb_bucket.stores.conditional import PROOF_NAME, ConditionProof
    from ptb_bucket.stores.local import (
        LocalStore,
        locked,
        make_directories,
        read_file,
        remove_file,
        translated,
        write_file,
    )
    from ptb_bucket.stores.memory import MemoryStore

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
    "InterceptingStore",
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
    "dataclass",
    "did_you_mean",
    "locked",
    "make_directories",
    "missing_extra",
    "open_store",
    "parse_uri",
    "read_file",
    "read_options",
    "remove_file",
    "tls_context",
    "translated",
    "trusted_certificates",
    "within",
    "wrapped",
    "wrapping",
    "write_file",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.stores.conditional": ("PROOF_NAME", "ConditionProof"),
        "ptb_bucket.stores.local": (
            "LocalStore",
            "locked",
            "make_directories",
            "read_file",
            "remove_file",
            "translated",
            "write_file",
        ),
        "ptb_bucket.stores.memory": ("MemoryStore",),
    },
)
