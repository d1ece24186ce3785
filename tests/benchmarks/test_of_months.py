"""Tests that the costs on the page are those that the script counts today."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT, PAGE = ROOT / "benchmarks" / "of_months.py", ROOT / "docs" / "explanation" / "costs.md"
TABLES = re.compile(r"<!-- costs: written by benchmarks/of_months.py -->\n(.*?)<!-- end -->", re.DOTALL)
_NUMBER = re.compile(r"[\d,]*\.?\d+")

pytestmark = pytest.mark.long  # 20 seconds


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A copy of the PAGE, and what the script prints when it writes it."""
    copy = tmp_path_factory.mktemp("months") / "PAGE.md"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, str(SCRIPT), "--write", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return copy.read_text(encoding="utf-8"), done.stdout


def tables(text):
    return TABLES.search(text)[1].split("\n\n")


def numbers(text):
    return [float(number.replace(",", "")) for number in _NUMBER.findall(text)]


def test_it_writes_what_it_prints(page):
    written, printed = page
    assert "\n\n".join(tables(written)) == printed


def test_the_page_has_the_counted_requests_and_their_price(page):
    assert tables(PAGE.read_text(encoding="utf-8"))[1] == tables(page[0])[1], "run the script with --write"


@pytest.mark.parametrize("table", [0, 2])
def test_the_page_has_the_counted_bytes_and_their_price(page, table):
    """Times and writers' names differ from run to run, and with them a few bytes."""
    ours, counted = (tables(text)[table] for text in (PAGE.read_text(encoding="utf-8"), page[0]))
    assert _NUMBER.sub("", ours) == _NUMBER.sub("", counted)
    assert numbers(ours) == pytest.approx(numbers(counted), rel=0.05, abs=0.02)
