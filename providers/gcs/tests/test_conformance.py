"""The kit on fake-gcs-server: plain, on a bucket that keeps versions; under a prefix, on one that keeps none."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import StoreConformance
from support.parameters import in_long_runs


class TestGcs(StoreConformance):
    @pytest.fixture
    def backend(self, backend_on):
        return backend_on(versioning=True)


class TestGcsUnderAPrefix(StoreConformance):
    test_odd_key_is_faithful_or_refused = in_long_runs(StoreConformance.test_odd_key_is_faithful_or_refused)

    @pytest.fixture
    def backend(self, backend_on):
        return backend_on().prefixed("some/prefix/")
