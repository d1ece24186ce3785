"""Tests with processes that race: counts add up, and one process creates an object."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import ProcessConformance


class TestProcesses(ProcessConformance):
    @pytest.fixture
    def backend(self, request, server, client, new_place):
        if "killed" in request.node.name and "ministack" in request.node.name:
            pytest.skip(
                "MiniStack keeps, as an empty object, what a killed client has not sent to its end; S3 does not"
            )
        return new_place(server, client=client)
