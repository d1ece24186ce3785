from __future__ import annotations

import pytest

from ptb_bucket.testing.conformance import StoreConformance
from support.documents.file_backend import FileBackend
from support.parameters import in_long_runs


class TestLocal(StoreConformance):
    @pytest.fixture
    def backend(self, tmp_path, monkeypatch):
        return FileBackend(tmp_path, monkeypatch)


class TestLocalUnderAPrefix(StoreConformance):
    test_odd_key_is_faithful_or_refused = in_long_runs(StoreConformance.test_odd_key_is_faithful_or_refused)

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
