"""Tests of the workflow that publishes: no secret, an environment for each distribution, actions that cannot change."""

from __future__ import annotations

import re
from pathlib import Path

from releasing.versions import folders

ROOT = Path(__file__).parents[2]
WORKFLOW = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
GUIDE = (ROOT / "RELEASING.md").read_text(encoding="utf-8")
NAMES = ["ptb-bucket", *(f"ptb-bucket-{folder.name}" for folder in folders(ROOT)[1:])]


def test_actions_are_pinned_to_commits():
    used = re.findall(r"uses: (\S+)(.*)", WORKFLOW)
    assert len(used) >= 5
    assert [
        name for name, version in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name) or " # v" not in version
    ] == []


def test_no_secret_is_used_and_only_the_publishing_job_proves_who_it_is():
    assert re.findall(r"secrets\.|password|token:(?! write)", WORKFLOW, re.IGNORECASE) == []
    build, publish = WORKFLOW.split("  publish:\n")
    assert ("id-token: write" in build, "id-token: write" in publish) == (False, True)
    assert "permissions: {}\n" in build


def test_what_is_published_is_what_the_script_has_checked():
    build, publish = WORKFLOW.split("  publish:\n")
    assert 'python scripts/release.py --tag "$GITHUB_REF_NAME"' in build
    assert "checkout" not in publish


def test_every_distribution_is_published():
    assert re.findall(r"- name: (ptb-bucket\S*)\n\s+files: (\S+)", WORKFLOW) == [
        (name, f"{name.replace('-', '_')}-*") for name in NAMES
    ]


def test_the_guide_begins_with_the_names():
    first = GUIDE.partition("\n## 1. ")[2].partition("\n## ")[0]
    assert first.startswith("Register the names")
    assert [name for name in NAMES if f"| `{name}` |" not in first] == []
    assert [name for name in NAMES if f"`release-{name}`" not in first] == []
