from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import StoreConformance
from support.documents.file_backend import FileBackend


class TestLocal(StoreConformance):
    @pytest.fixture
    def backend(self, tmp_path, monkeypatch):
        return FileBackend(tmp_path, monkeypatch)


class TestLocalUnderAPrefix(StoreConformance):
    @pytest.fixture
    def backend(self, tmp_path, monkeypatch):
        return FileBackend(tmp_path, monkeypatch).prefixed("some/prefix/")


class TestLocalWithGenerations(StoreConformance):
    @pytest.fixture
    def backend(self, tmp_path, monkeypatch):
        return FileBackend(tmp_path, monkeypatch, keep=10)


@pytest.mark.long
class TestLocalWithGenerationsUnderAPrefix(StoreConformance):
    @pytest.fixture
    def backend(self, tmp_path, monkeypatch):
        return FileBackend(tmp_path, monkeypatch, keep=10).prefixed("some/prefix/")
