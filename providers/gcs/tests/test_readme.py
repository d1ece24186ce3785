from __future__ import annotations

import re
from pathlib import Path

from ptb_bucket_gcs import PERMISSIONS
from ptb_bucket_gcs._options import OPTIONS

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def rows(heading):
    section = README.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"][
        2:
    ]


def test_every_option_is_explained_in_the_same_words():
    assert {name.strip("`"): text.replace("`", "") for name, text in rows("Options of the URI")} == dict(OPTIONS)


def test_every_permission_is_named():
    assert {name: re.findall(r"`([^`]+)`", cells) for name, cells in rows("Permissions")} == {
        name: list(needed) for name, needed in PERMISSIONS.items()
    }
