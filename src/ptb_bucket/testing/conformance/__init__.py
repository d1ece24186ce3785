"""The conformance kit: what a store promises, as a pytest class.

A provider's tests describe a place in a :class:`Backend` and subclass the kit with one fixture::

    class TestS3(StoreConformance):
        @pytest.fixture
        def backend(self, bucket):
            return S3Backend(bucket)


    class TestS3UnderAPrefix(StoreConformance):
        @pytest.fixture
        def backend(self, bucket):
            return S3Backend(bucket).prefixed("some/prefix/")

The others want :meth:`Backend.uri`: :class:`PersistenceConformance` tries a bot's whole memory on the same place,
:class:`FaultConformance` everything that can go wrong on the way to its server, :class:`WithdrawnConformance` a bucket
or a permission that is taken away, :class:`ProcessConformance` several processes at once,
:class:`SeveralInstancesConformance` several instances of a bot, :class:`ToolConformance` the verbs
of ``ptb-bucket``, with :class:`VersionedToolConformance` for a place that keeps old versions, and
:class:`ToolMistakeConformance` the verbs where there is no such bucket, or no server.

They run under pytest-asyncio in its auto mode, with ``-p ptb_bucket.testing.plugin`` for ``--long``.
"""

from __future__ import annotations

from ptb_bucket.testing.conformance.backend import Backend
from ptb_bucket.testing.conformance.store import FailingTests
from ptb_bucket.testing.conformance.store import KeyTests
from ptb_bucket.testing.conformance.store import LifeTests
from ptb_bucket.testing.conformance.store import ListingTests
from ptb_bucket.testing.conformance.persistence import PersistenceConformance
from ptb_bucket.testing.conformance.processes import ProcessConformance
from ptb_bucket.testing.conformance.store import RaceTests
from ptb_bucket.testing.conformance.store import ReadingTests
from ptb_bucket.testing.conformance.several import SeveralInstancesConformance
from ptb_bucket.testing.conformance.tools import CheckTests
from ptb_bucket.testing.conformance.tools import CopyTests
from ptb_bucket.testing.conformance.tools import EditTests
from ptb_bucket.testing.conformance.tools import EraseTests
from ptb_bucket.testing.conformance.tools import ImportTests
from ptb_bucket.testing.conformance.tools import ToolMistakeConformance
from ptb_bucket.testing.conformance.tools import RekeyTests
from ptb_bucket.testing.conformance.tools import RestoreTests
from ptb_bucket.testing.conformance.tools import ShowTests
from ptb_bucket.testing.conformance.tools import SweepTests
from ptb_bucket.testing.conformance.wire import Answer
from ptb_bucket.testing.conformance.wire import FaultConformance
from ptb_bucket.testing.conformance.wire import WithdrawnConformance
from ptb_bucket.testing.conformance.store import WritingTests

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


class StoreConformance(ReadingTests, WritingTests, ListingTests, KeyTests, LifeTests, FailingTests, RaceTests):
    """Everything that a store promises; subclass it with a fixture ``backend`` that returns a :class:`Backend`."""


class ToolConformance(
    CheckTests, ShowTests, CopyTests, ImportTests, EditTests, EraseTests, RestoreTests, RekeyTests, SweepTests
):
    """What the verbs of ``ptb-bucket`` do on a real place."""


class VersionedToolConformance(EraseTests, RestoreTests):
    """What the verbs about old versions do, on a place that keeps them."""
