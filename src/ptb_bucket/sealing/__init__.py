"""Sealing: compression, signatures and encryption, bytes ↔ bytes. It knows stores, and nothing of what is stored."""

from __future__ import annotations

from ptb_bucket.sealing._rekey import Rekeyed, rekey
from ptb_bucket.sealing._sealer import Sealer
from ptb_bucket.sealing._settings import Sealing
from ptb_bucket.sealing._store import SealedStore

__all__ = ["Rekeyed", "SealedStore", "Sealer", "Sealing", "rekey"]
