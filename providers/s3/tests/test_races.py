"""Processes that race: what they count adds up, and one of them creates."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import ProcessConformance


class TestProcesses(ProcessConformance):
    @pytest.fixture
    def backend(self, server, new_place):
        return new_place(server)
