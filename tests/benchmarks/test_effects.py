"""Tests that the costs of effects in the docs are those that the script counts today."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT, PAGE = ROOT / "benchmarks" / "effects.py", ROOT / "docs" / "how-to" / "effects.md"
CHOICES = [
    "the effect in the handler", "`once(...)`", "`once(..., at_most_once=True)`", "`after_commit(f)`",
    "`after_commit(f)`, with `once(...)` in `f`",
]  # fmt: skip


def table_of(page, name):
    begin = re.escape(f"<!-- {name}: written by benchmarks/effects.py -->\n")
    return re.search(begin + r"(.*?)<!-- end -->", page.read_text(encoding="utf-8"), re.DOTALL)[1]


def written(tmp_path, *arguments):
    copy = tmp_path / "effects.md"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, str(SCRIPT), "--write", str(copy), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return copy


def test_the_page_has_the_counted_requests(tmp_path):
    assert table_of(PAGE, "costs") == table_of(written(tmp_path, "--people", "0"), "costs"), "run it with --write"


def test_each_choice_of_the_page_has_its_cost():
    """The table of what can happen twice and the table of costs name the same choices. A broadcast has its own."""
    page = PAGE.read_text(encoding="utf-8")
    risks = page[page.index("## What can still happen twice") : page.index("The cost of each choice")]
    rows = [row.split(" | ")[0].removeprefix("| ").replace(" in the handler", "") for row in risks.splitlines()]
    named = [row for row in rows if row.startswith(("`", "the effect"))]
    assert named == [*(choice.replace(" in the handler", "") for choice in CHOICES), "`broadcast(...)`"]
    costs = table_of(PAGE, "costs")
    assert [row.split(" | ")[0].removeprefix("| ") for row in costs.splitlines()[2:]] == CHOICES


@pytest.mark.long
def test_the_page_has_the_counted_broadcast(tmp_path):
    assert table_of(PAGE, "broadcast") == table_of(written(tmp_path), "broadcast"), "run it with --write"
