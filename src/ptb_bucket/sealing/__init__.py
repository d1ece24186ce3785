"""Sealing: compression, signatures and encryption, bytes ↔ bytes. It knows stores, and nothing of what is stored."""

from __future__ import annotations

from ptb_bucket.sealing._protection import UNPROTECTED
from ptb_bucket.sealing._rekey import TransitionStore
from ptb_bucket.sealing._sealer import VARIABLES, Sealer
from ptb_bucket.sealing._settings import Sealing
from ptb_bucket.sealing._store import SealedStore

__all__ = ["UNPROTECTED", "VARIABLES", "SealedStore", "Sealer", "Sealing", "TransitionStore"]
