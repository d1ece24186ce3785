"""The conformance kit: pytest classes that test the promises of a store.

A provider's tests describe a place in a :class:`Backend` and subclass the kit with a fixture::

    class TestS3(StoreConformance):
        @pytest.fixture
        def backend(self, bucket):
            return S3Backend(bucket)


    class TestS3UnderAPrefix(StoreConformance):
        @pytest.fixture
        def backend(self, bucket):
            return S3Backend(bucket).prefixed("some/prefix/")

The other classes need :meth:`Backend.uri`. :class:`PersistenceConformance` tests a bot's whole state on the place,
:class:`FaultConformance` faults on the way to its server, :class:`WithdrawnConformance` a bucket or a permission that
is taken away, :class:`ProcessConformance` several processes at once, :class:`SeveralInstancesConformance` several
instances of a bot, and :class:`ToolConformance` the commands of ``ptb-bucket``. :class:`VersionedToolConformance` is
for places that keep old versions; :class:`ToolMistakeConformance` tests the commands with a missing bucket or server.

They run under pytest-asyncio in its auto mode, with ``-p ptb_bucket.testing.plugin`` for ``--long``.
"""

from __future__ import annotations

from ptb_bucket.testing.conformance.backend import Backend
from ptb_bucket.testing.conformance.persistence import PersistenceConformance
from ptb_bucket.testing.conformance.processes import ProcessConformance
from ptb_bucket.testing.conformance.several import SeveralInstancesConformance
from ptb_bucket.testing.conformance.store import (
    FailingTests,
    KeyTests,
    LifecycleTests,
    ListingTests,
    RaceTests,
    ReadingTests,
    WritingTests,
)
from ptb_bucket.testing.conformance.tools import (
    CheckTests,
    CopyTests,
    EditTests,
    EraseTests,
    ImportTests,
    RekeyTests,
    RestoreTests,
    ShowTests,
    SweepTests,
    ToolMistakeConformance,
)
from ptb_bucket.testing.conformance.wire import Answer, FaultConformance, WithdrawnConformance

__all__ = [
    "Answer",
    "Backend",
    "FaultConformance",
    "PersistenceConformance",
    "ProcessConformance",
    "SeveralInstancesConformance",
    "StoreConformance",
    "ToolConformance",
    "ToolMistakeConformance",
    "VersionedToolConformance",
    "WithdrawnConformance",
]


class StoreConformance(ReadingTests, WritingTests, ListingTests, KeyTests, LifecycleTests, FailingTests, RaceTests):
    """Everything that a store promises; subclass it with a fixture ``backend`` that returns a :class:`Backend`."""


class ToolConformance(
    CheckTests, ShowTests, CopyTests, ImportTests, EditTests, EraseTests, RestoreTests, RekeyTests, SweepTests
):
    """Tests of the commands of ``ptb-bucket`` on a real place."""


class VersionedToolConformance(EraseTests, RestoreTests):
    """Tests of the commands about old versions, on a place that keeps them."""
