"""Tests of several instances of a bot, each a process, on one directory."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ptb_bucket.testing.conformance import SeveralInstancesConformance


class TestOnADirectory(SeveralInstancesConformance):
    @pytest.fixture
    def backend(self, tmp_path):
        """Make a place with all that these tests use. It has no server, so no proxy can stand in front of one."""
        return SimpleNamespace(uri=lambda prefix: f"file:{tmp_path}/{prefix}", server="")
