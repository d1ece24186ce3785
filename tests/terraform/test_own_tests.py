"""Runs of ``terraform test`` for AWS: the real provider refuses bad input when planning."""

from __future__ import annotations

import zipfile

import pytest

pytestmark = pytest.mark.long


@pytest.mark.parametrize("folder", ["modules/s3", "examples/lambda-bot"])
def test_terraform_test(terraform, folder):
    made = terraform(folder)
    with zipfile.ZipFile(made.folder / "tests" / "empty.zip", "w"):
        """Some package."""
    assert ", 0 failed" in made("test")
