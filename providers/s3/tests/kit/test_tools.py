"""The verbs of ``ptb-bucket`` on S3."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import ToolConformance, ToolMistakeConformance, VersionedToolConformance
from support.processes.verbs_in_process import VerbsInProcess


class TestTools(VerbsInProcess, ToolConformance):
    @pytest.fixture
    def backend(self, moto, client, new_place):
        return new_place(moto, client=client)


class TestToolsWithVersioning(VerbsInProcess, VersionedToolConformance):
    @pytest.fixture
    def backend(self, moto, client, new_place):
        return new_place(moto, versioning=True, client=client)


class TestMistakes(ToolMistakeConformance):
    @pytest.fixture
    def backend(self, moto, client, new_place):
        return new_place(moto, client=client)
