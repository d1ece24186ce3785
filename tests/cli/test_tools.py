"""Tests of the verbs of ``ptb-bucket`` on a directory."""

from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import ToolConformance, VersionedToolConformance
from support.documents.file_backend import FileBackend
from support.processes.preloaded import preloading
from support.processes.verbs_in_process import VerbsInProcess

programs_are_preloaded = preloading()


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
