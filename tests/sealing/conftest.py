"""Fixtures for keys, independent of this machine's environment."""

from __future__ import annotations

import pytest

from ptb_bucket.sealing.sealer import VARIABLES


@pytest.fixture(autouse=True)
def _no_keys_from_outside(monkeypatch):
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
