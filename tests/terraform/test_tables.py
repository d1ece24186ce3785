"""The READMEs' tables say what the code says."""

from __future__ import annotations

import pytest

pytest.importorskip("hcl2", reason="python-hcl2 is not installed: the tables in terraform's READMEs are not checked")

from tables import TREE, folders, with_tables


@pytest.mark.parametrize("folder", folders())
def test_tables(folder):
    written = (TREE / folder / "README.md").read_text(encoding="utf-8")
    assert written == with_tables(folder), "run: python tests/terraform/tables.py"
