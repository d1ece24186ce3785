"""Tests of keys: unusual ones are stored faithfully or refused, never altered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ptb_bucket.stores import promises
from ptb_bucket.stores.promises import IMPOSSIBLE_KEYS, ODD_KEYS
from ptb_bucket.testing.conformance.store.case import Case

if TYPE_CHECKING:
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["IMPOSSIBLE_KEYS", "ODD_KEYS", "KeyTests"]


class KeyTests(Case):
    """Tests with every kind of string that could be a key."""

    @pytest.mark.parametrize("key", ODD_KEYS, ids=lambda key: ascii(key[:20]) + str(len(key)))
    async def test_odd_key_is_faithful_or_refused(self, backend: Backend, key: str) -> None:
        """It is stored, listed, updated and deleted under exactly that key, or refused without any write."""
        await promises.odd_key_is_faithful_or_refused(backend, key)

    async def test_no_two_keys_fall_together(self, backend: Backend) -> None:
        """Similar keys keep their own bytes side by side, and nothing is written for refused ones."""
        await promises.no_two_keys_fall_together(backend)

    @pytest.mark.parametrize("key", IMPOSSIBLE_KEYS, ids=lambda key: ascii(key[:8]) + str(len(key)))
    async def test_impossible_key_is_refused(self, backend: Backend, key: str) -> None:
        """Every operation refuses it, not only writes."""
        await promises.impossible_key_is_refused(backend, key)
