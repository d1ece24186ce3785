"""Races between processes, on fake-gcs-server."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import ProcessConformance


class TestProcesses(ProcessConformance):
    INCREMENTS = (8, 100)
    CREATIONS = (50, 500)
    KILLS = (1, 20)  # a second between two writes of one object

    @pytest.fixture
    def backend(self, backend_on, client):
        return backend_on(client=client)
