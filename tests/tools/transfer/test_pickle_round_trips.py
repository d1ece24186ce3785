"""Tests that twenty files of PicklePersistence are equal in value and type after import, export and reading by PTB."""

from __future__ import annotations

import subprocess
import sys

import pytest

from support import environment

PROGRAM = "support.values.pickle_files"


@pytest.mark.parametrize("hash_seeds", ["121", pytest.param("212", marks=pytest.mark.long)])
def test_what_was_imported_is_exported_as_it_was(tmp_path, hash_seeds):
    """Each step is a process whose sets have another order. The last one compares."""
    for step, hash_seed in zip(("write", "import", "export"), hash_seeds, strict=True):
        done = subprocess.run(
            [sys.executable, "-m", PROGRAM, step, tmp_path],
            env=environment(PYTHONHASHSEED=hash_seed),
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, (step, done.stderr)
    assert len(list(tmp_path.glob("*.back*"))) > 20
