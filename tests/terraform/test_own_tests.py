"""Runs of ``terraform test`` in a copy that has only the files of a fresh clone."""

from __future__ import annotations

import pytest
from running import TREE, folders

AWS = folders("hashicorp/aws")


@pytest.mark.long
@pytest.mark.parametrize("folder", AWS)
def test_terraform_test(terraform, folder):
    assert ", 0 failed" in terraform(folder)("test")


def test_every_folder_has_tests_that_a_run_here_or_for_google_includes():
    every = {path.parent.relative_to(TREE).as_posix() for path in TREE.glob("*/*/versions.tf")}
    assert every == {*AWS, *folders("hashicorp/google")}
    assert [folder for folder in sorted(every) if not [*(TREE / folder / "tests").glob("*.tftest.hcl")]] == []
