"""What a store does when something goes wrong on the way to its server."""

from __future__ import annotations

from ptb_bucket.testing.conformance.wire.verdicts import Answer
from ptb_bucket.testing.conformance.wire.faults import FaultConformance
from ptb_bucket.testing.conformance.wire.withdrawn import WithdrawnConformance

__all__ = ["Answer", "FaultConformance", "WithdrawnConformance"]
