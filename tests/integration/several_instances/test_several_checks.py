"""Tests that BucketApplication meets the needs of two instances, and PTB's Application with PicklePersistence does not.

The second half gives the first its meaning: a check that every Application passes would prove nothing.
"""

from __future__ import annotations

import pytest

from support.applications.several_checks import CHECKS, in_a_bucket, in_a_pickle, run

every_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)


@every_check
async def test_our_store_passes(check, tmp_path):
    await run(check, in_a_bucket, tmp_path)


@every_check
async def test_a_pickle_does_not(check, tmp_path):
    with pytest.raises(AssertionError):
        await run(check, in_a_pickle, tmp_path)
