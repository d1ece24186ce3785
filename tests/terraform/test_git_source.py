"""The README's source with ``?ref=`` leads to a module: initialised from a clone of this repository."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from running import ROOT, TREE, Terraform

pytestmark = pytest.mark.long

SNIPPET = re.search(r"```hcl\n(.*?)```", (TREE / "README.md").read_text(encoding="utf-8"), re.DOTALL).group(1)
GIT = shutil.which("git")
ADDRESS, TAG = "https://example.com/ptb-bucket.git", re.search(r"\?ref=(v[^\"\s]+)", SNIPPET).group(1)


def git(*arguments):
    subprocess.run([GIT, *arguments], check=True, capture_output=True, timeout=60)


@pytest.fixture
def clone(tmp_path):
    """A clone with the tag of the README; its newest commit has no modules any more."""
    made = tmp_path / "ptb-bucket.git"
    git("clone", "--quiet", "--no-hardlinks", ROOT, made)
    git("-C", made, "tag", "--force", TAG)
    git("-C", made, "rm", "-r", "--quiet", "terraform")
    git("-C", made, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "-m", "Move on")
    return made


def test_the_readmes_source(needs_aws, aws, tmp_path, clone):
    assert ADDRESS in SNIPPET
    made = Terraform.copied("mine", tmp_path, aws.environment)
    made.folder.mkdir()
    made.folder.joinpath("main.tf").write_text(SNIPPET.replace(ADDRESS, clone.as_uri()), encoding="utf-8")
    made("init", "-backend=false")
    assert "The configuration is valid" in made("validate")
