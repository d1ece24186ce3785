"""Sealing: compression, signatures and encryption, bytes ↔ bytes. It knows stores, and nothing of what is stored."""

from __future__ import annotations

from ptb_bucket.sealing.keys import UNPROTECTED
from ptb_bucket.sealing.stores import TransitionStore
from ptb_bucket.sealing.sealer import VARIABLES, Sealer
from ptb_bucket.sealing.settings import Sealing
from ptb_bucket.sealing.stores import SealedStore

__all__ = ["UNPROTECTED", "VARIABLES", "SealedStore", "Sealer", "Sealing", "TransitionStore"]
