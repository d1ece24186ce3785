"""Tests that the costs in terraform's README are those that the script counts today."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT, README = ROOT / "benchmarks" / "of_months.py", ROOT / "terraform" / "README.md"
TABLES = re.compile(r"<!-- costs: written by benchmarks/of_months.py -->\n(.*?)<!-- end -->", re.DOTALL)
_NUMBER = re.compile(r"[\d,]*\.?\d+")

pytestmark = pytest.mark.long  # 20 seconds


@pytest.fixture(scope="module")
def readme(tmp_path_factory):
    """A copy of the README, and what the script prints when it writes it."""
    copy = tmp_path_factory.mktemp("months") / "README.md"
    copy.write_text(README.read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, str(SCRIPT), "--write", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return copy.read_text(encoding="utf-8"), done.stdout


def tables(text):
    return TABLES.search(text)[1].split("\n\n")


def numbers(text):
    return [float(number.replace(",", "")) for number in _NUMBER.findall(text)]


def test_it_writes_what_it_prints(readme):
    written, printed = readme
    assert "\n\n".join(tables(written)) == printed


def test_the_readme_has_the_counted_requests_and_their_price(readme):
    assert tables(README.read_text(encoding="utf-8"))[0] == tables(readme[0])[0], "run the script with --write"


def test_the_readme_has_the_counted_bytes_and_their_price(readme):
    """Times and writers' names differ from run to run, and with them a few bytes."""
    ours, counted = (tables(text)[1] for text in (README.read_text(encoding="utf-8"), readme[0]))
    assert _NUMBER.sub("", ours) == _NUMBER.sub("", counted)
    assert numbers(ours) == pytest.approx(numbers(counted), rel=0.05, abs=0.02)
