"""The kit on fake-gcs-server: plain, on a bucket that keeps versions; under a prefix, on one that keeps none."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import StoreConformance


class TestGcs(StoreConformance):
    @pytest.fixture
    def backend(self, backend_on):
        return backend_on(versioning=True)


class TestGcsUnderAPrefix(StoreConformance):
    @pytest.fixture
    def backend(self, backend_on):
        return backend_on().prefixed("some/prefix/")
