"""The verbs of ``ptb-bucket`` on S3."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import ToolConformance, ToolMistakeConformance, VersionedToolConformance
from support.processes.verbs_in_process import VerbsInProcess


class TestTools(VerbsInProcess, ToolConformance):
    @pytest.fixture
    def backend(self, moto, new_place):
        return new_place(moto)


class TestToolsWithVersioning(VerbsInProcess, VersionedToolConformance):
    @pytest.fixture
    def backend(self, moto, new_place):
        return new_place(moto, versioning=True)


class TestMistakes(ToolMistakeConformance):
    @pytest.fixture
    def backend(self, moto, new_place):
        return new_place(moto)
