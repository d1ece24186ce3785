"""Tests of the promises that every store makes."""

from __future__ import annotations

from ptb_bucket.testing.conformance.store.case import Case
from ptb_bucket.testing.conformance.store.failing import FailingTests
from ptb_bucket.testing.conformance.store.keys import KeyTests
from ptb_bucket.testing.conformance.store.lifecycle import LifecycleTests
from ptb_bucket.testing.conformance.store.listing import ListingTests
from ptb_bucket.testing.conformance.store.races import RaceTests
from ptb_bucket.testing.conformance.store.reading import ReadingTests
from ptb_bucket.testing.conformance.store.writing import WritingTests

__all__ = [
    "Case",
    "FailingTests",
    "KeyTests",
    "LifecycleTests",
    "ListingTests",
    "RaceTests",
    "ReadingTests",
    "WritingTests",
]
