"""The verbs of ``ptb-bucket`` on Google Cloud Storage."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import ToolConformance


class TestTools(ToolConformance):
    @pytest.fixture
    def backend(self, backend_on):
        return backend_on()
