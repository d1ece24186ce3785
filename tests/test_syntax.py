"""Every program of the repository compiles on this Python, also those that no test starts."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "providers", "tests", "benchmarks", "docs", "examples", "scripts")


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_program_compiles(folder):
    programs = sorted((ROOT / folder).rglob("*.py"))
    assert programs
    with warnings.catch_warnings():
        warnings.simplefilter("error", SyntaxWarning)
        for program in programs:
            compile(program.read_text("utf-8"), str(program), "exec")
