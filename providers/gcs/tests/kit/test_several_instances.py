"""Several instances of a bot, each a process, on one bucket of fake-gcs-server."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import SeveralInstancesConformance


@pytest.mark.long
class TestSeveralInstances(SeveralInstancesConformance):
    EVERY_DETAIL = True
    PEOPLE, ADDITIONS = (3, 100), (5, 100)

    @pytest.fixture
    def backend(self, backend_on, client):
        place = backend_on(client=client)
        place.server = ""  # faults are injected below the persistence: the proxy for servers parses only S3's uploads
        return place
