"""Several instances of a bot, each a process, on one directory."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ptb_bucket.testing.conformance import SeveralInstancesConformance


class TestOnADirectory(SeveralInstancesConformance):
    @pytest.fixture
    def backend(self, tmp_path):
        """All that these tests ask of a place: there is no server in front of which a proxy could stand."""
        return SimpleNamespace(uri=lambda prefix: f"file:{tmp_path}/{prefix}", server="")
