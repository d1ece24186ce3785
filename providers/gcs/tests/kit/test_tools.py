"""The verbs of ``ptb-bucket`` on Google Cloud Storage."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import ToolConformance, ToolMistakeConformance, VersionedToolConformance
from support.processes.verbs_in_process import VerbsInProcess


@pytest.mark.long  # by default, the verbs run on S3
class TestTools(VerbsInProcess, ToolConformance):
    @pytest.fixture
    def backend(self, backend_on, client):
        return backend_on(client=client)


class TestToolsWithVersioning(VerbsInProcess, VersionedToolConformance):
    @pytest.fixture
    def backend(self, backend_on, client):
        return backend_on(versioning=True, client=client)


class TestMistakes(ToolMistakeConformance):
    @pytest.fixture
    def backend(self, backend_on, client):
        return backend_on(client=client)
