"""Tests that the costs of ticks in the docs are those that the script counts today."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT, PAGE = ROOT / "benchmarks" / "of_ticks.py", ROOT / "docs" / "how-to" / "timers.md"
TABLES = re.compile(r"<!-- costs: written by benchmarks/of_ticks.py -->\n(.*?)<!-- end -->", re.DOTALL)


def test_the_page_has_the_counted_requests_and_their_price(tmp_path):
    copy = tmp_path / "timers.md"
    copy.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, str(SCRIPT), "--write", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    counted = TABLES.search(copy.read_text(encoding="utf-8"))[1]
    assert counted == done.stdout
    assert TABLES.search(PAGE.read_text(encoding="utf-8"))[1] == counted, "run the script with --write"


def test_an_idle_tick_is_one_request_in_each_layout():
    rows = re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    counted = {layout: said for layout, said in rows if "GET" in said or "LIST" in said}
    assert counted == {"single": "1 GET", "per-type": "1 GET", "per-record": "1 LIST"}
