"""Sealing: compression, signatures and encryption of documents, as a layer in front of a store."""

from __future__ import annotations

from ptb_bucket.sealing.keys import UNPROTECTED
from ptb_bucket.sealing.sealer import VARIABLES, Sealer
from ptb_bucket.sealing.settings import Sealing
from ptb_bucket.sealing.stores import SealedStore, TransitionStore

__all__ = ["UNPROTECTED", "VARIABLES", "SealedStore", "Sealer", "Sealing", "TransitionStore"]
