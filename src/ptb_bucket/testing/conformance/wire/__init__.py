"""Tests of faults between a store and its server."""

from __future__ import annotations

from ptb_bucket.testing.conformance.wire.case import OLD, WRITES, WireCase, applied, filled, prove
from ptb_bucket.testing.conformance.wire.faults import FaultConformance
from ptb_bucket.testing.conformance.wire.verdicts import Answer
from ptb_bucket.testing.conformance.wire.withdrawn import WithdrawnConformance

__all__ = [
    "OLD",
    "WRITES",
    "Answer",
    "FaultConformance",
    "WireCase",
    "WithdrawnConformance",
    "applied",
    "filled",
    "prove",
]
