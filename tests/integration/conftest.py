"""Fixtures for a bot's world on every place, layout and codec, and on the defaults."""

from __future__ import annotations

import pytest

from ptb_bucket.state import LAYOUTS
from support.applications.restarting_bot import World
from support.parameters import crossed
from support.processes.preloaded import preloading


def uri_of(where, folder) -> str:
    return f"file:{folder}/state" if where == "file" else f"memory:{folder}"


@pytest.fixture(params=crossed(["memory", "file"], list(LAYOUTS), ["json", "pickle"]))
def everywhere(request, tmp_path) -> World:
    where, layout, codec = request.param
    return World(uri_of(where, tmp_path), {"layout": layout, "codec": codec})


@pytest.fixture(params=["memory", "file"])
def where(request, tmp_path) -> str:
    return uri_of(request.param, tmp_path)


@pytest.fixture
def world(tmp_path) -> World:
    """Return a world with the defaults in memory, for tests that do not depend on the place."""
    return World(uri_of("memory", tmp_path))


programs_are_preloaded = preloading()
