"""A directory for hand-written documents, on each layout and codec."""

from __future__ import annotations

import pytest

from support.documents.hand_written import LAYOUT_AND_CODEC, SHORT, Bucket


@pytest.fixture(
    params=[pytest.param(pair, marks=() if pair in SHORT else pytest.mark.long) for pair in LAYOUT_AND_CODEC],
    ids="-".join,
)
def bucket(request, tmp_path) -> Bucket:
    return Bucket(tmp_path / "bot", *request.param)
