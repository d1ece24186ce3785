"""Every layout and codec, with and without a class of the bot's author."""

from __future__ import annotations

import pytest

from support.tools.shared_objects import PARAMS


@pytest.fixture(params=PARAMS)
def where(request, tmp_path):
    layout, codec = request.param
    return f"file:{tmp_path.as_posix()}/state?layout={layout}&codec={codec}&keep=9"


@pytest.fixture(params=[False, True], ids=["plain", "with a class"])
def own(request):
    return request.param
