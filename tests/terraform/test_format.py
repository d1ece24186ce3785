"""Tests of terraform's formatting, and of configurations against the real provider's schema."""

from __future__ import annotations

import subprocess

import pytest
from running import TREE


def test_format(command):
    ran = subprocess.run(
        [command, "fmt", "-check", "-recursive", "-diff", TREE], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "")


@pytest.mark.long
@pytest.mark.parametrize("folder", ["modules/s3", "examples/lambda-bot"])
def test_validate(terraform, folder):
    assert "valid" in terraform(folder)("validate")
