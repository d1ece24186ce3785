"""Several instances of a bot, each a process, on one bucket."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import SeveralInstancesConformance


class TestSeveralInstances(SeveralInstancesConformance):
    EVERY_DETAIL = True  # here per-record is read on demand over a real client
    PEOPLE, ADDITIONS = (3, 200), (5, 250)  # moto serves one request at a time

    @pytest.fixture
    def backend(self, moto, client, new_place):
        return new_place(moto, client=client)
