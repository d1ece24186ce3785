"""Tests of the commands of ``ptb-bucket`` on a real place."""

from __future__ import annotations

from ptb_bucket.testing.conformance.tools.check import CheckTests
from ptb_bucket.testing.conformance.tools.copy import CopyTests
from ptb_bucket.testing.conformance.tools.edit import EditTests
from ptb_bucket.testing.conformance.tools.erase import EraseTests
from ptb_bucket.testing.conformance.tools.import_ import ImportTests
from ptb_bucket.testing.conformance.tools.rekey import RekeyTests
from ptb_bucket.testing.conformance.tools.restore import RestoreTests
from ptb_bucket.testing.conformance.tools.show import ShowTests
from ptb_bucket.testing.conformance.tools.sweep import SweepTests
from ptb_bucket.testing.conformance.tools.wrong_usage import ToolMistakeConformance

__all__ = [
    "CheckTests",
    "CopyTests",
    "EditTests",
    "EraseTests",
    "ImportTests",
    "RekeyTests",
    "RestoreTests",
    "ShowTests",
    "SweepTests",
    "ToolMistakeConformance",
]
