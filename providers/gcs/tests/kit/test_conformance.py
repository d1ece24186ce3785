"""The kit on fake-gcs-server: plain, on a bucket that keeps versions; under a prefix, on one that keeps none."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import StoreConformance
from support.parameters import in_long_runs

ONE_BY_ONE_ELSEWHERE = None
"""One class tests each odd key in a separate bucket. All classes test the odd keys together in one bucket."""


class TestGcs(StoreConformance):
    @pytest.fixture
    def backend(self, backend_on, client):
        return backend_on(versioning=True, client=client)


class TestTheFullClient(StoreConformance):
    """The tests that take longest are for ``--long``, above."""

    test_odd_key_is_faithful_or_refused = ONE_BY_ONE_ELSEWHERE
    test_increments_add_up = test_one_updates = test_many_across_pages = test_impossible_key_is_refused = None

    @pytest.fixture
    def backend(self, backend_on):
        return backend_on(versioning=True, client="google-cloud-storage")


class TestGcsUnderAPrefix(StoreConformance):
    test_odd_key_is_faithful_or_refused = in_long_runs(StoreConformance.test_odd_key_is_faithful_or_refused)

    @pytest.fixture
    def backend(self, backend_on, client):
        return backend_on(client=client).prefixed("some/prefix/")
