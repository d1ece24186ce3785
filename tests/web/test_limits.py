"""The size of the page's code, the files in it, and that nothing in it asks another host."""

from __future__ import annotations

import re
from pathlib import Path

import ptb_bucket.web

HERE = Path(ptb_bucket.web.__file__).parent
OURS = [path for path in HERE.rglob("*") if path.is_file() and "htmx" not in path.name and path.suffix != ".pyc"]


def test_the_code_stays_small():
    assert sum(len(path.read_text("utf-8").splitlines()) for path in OURS) <= 2_500  # blank lines, too


def test_htmx_comes_with_its_licence():
    assert "Zero-Clause BSD" in (HERE / "static" / "htmx.LICENSE.txt").read_text("utf-8")
    assert "htmx" in (HERE / "static" / "htmx.min.js").read_text("utf-8")


def test_no_template_has_inline_scripts_styles_or_other_hosts():
    for path in OURS:
        if path.suffix in {".html", ".js", ".css"}:
            text = path.read_text("utf-8")
            assert not re.search(
                r"<style|\sstyle=|\son[a-z]+=|javascript:|https?://|\|\s*safe\b|<script(?! src=\"/)", text
            ), path
