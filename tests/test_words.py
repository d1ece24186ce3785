"""Tests of numbers in sentences."""

from __future__ import annotations

import pytest

from ptb_bucket._wording import pluralize


@pytest.mark.parametrize(
    ("number", "sentence"),
    [(0, "0 records are"), (1, "1 record is"), (2, "2 records are"), (1_000_000, "1,000,000 records are")],
)
def test_one_is_no_plural(number, sentence):
    assert pluralize(number, "record is", "records are") == sentence
