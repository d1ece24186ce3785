"""The verbs of ``ptb-bucket`` on a directory."""

from __future__ import annotations

import pytest
from places import FileBackend
from verbs_in_process import VerbsInProcess

from ptb_bucket.testing.conformance import ToolConformance, VersionedToolConformance


class TestTools(VerbsInProcess, ToolConformance):
    EVERY_DETAIL = True

    @pytest.fixture
    def backend(self, tmp_path, monkeypatch):
        return FileBackend(tmp_path, monkeypatch)


@pytest.mark.long
class TestToolsWithGenerations(VerbsInProcess, VersionedToolConformance):
    EVERY_DETAIL = True

    @pytest.fixture
    def backend(self, tmp_path, monkeypatch):
        return FileBackend(tmp_path, monkeypatch, keep=10)
