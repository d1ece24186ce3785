"""Each folder asks for the oldest Terraform that has the features it uses, or that the module it uses needs."""

from __future__ import annotations

import re

import pytest
from features import needed, required
from running import TREE

FOLDERS = sorted(path.parent.relative_to(TREE).as_posix() for path in TREE.glob("*/*/versions.tf"))


def modules(folder):
    """Return the local modules that a folder uses."""
    found = [re.findall(r'source\s+= "(\.\./[^"]+)"', path.read_text(encoding="utf-8")) for path in folder.glob("*.tf")]
    return [(folder / source).resolve() for sources in found for source in sources]


@pytest.mark.parametrize("folder", FOLDERS)
def test_required_version(folder):
    path = TREE / folder
    assert required(path) == max(map(needed, [path, *modules(path)]))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('variable "a" {\n  validation {\n    condition = var.a > 0\n  }\n}\n', (1, 1)),
        ('variable "a" {\n  validation {\n    condition     = startswith(var.a, "x")\n  }\n}\n', (1, 3)),
        ('variable "a" {\n  validation {\n    condition     = var.a > var.b\n  }\n}\n', (1, 9)),
        ('variable "a" {\n  ephemeral   = true\n  count = 1\n}\n', (1, 10)),
        ('resource "x" "y" {\n  count = 1\n  value_wo         = var.token\n}\n', (1, 11)),
    ],
)
def test_features_are_found(tmp_path, text, version):
    tmp_path.joinpath("main.tf").write_text(text, encoding="utf-8")
    assert needed(tmp_path) == version


def test_an_unknown_function_raises(tmp_path):
    tmp_path.joinpath("main.tf").write_text("locals {\n  a = templatestring(var.a)\n}\n", encoding="utf-8")
    with pytest.raises(NotImplementedError, match="templatestring"):
        needed(tmp_path)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_readme_says_which_versions(folder):
    [row] = re.findall(
        rf"^\| {folder} \| (.*) \|$", TREE.joinpath("README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    terraform, provider, _ = row.split(" | ")
    assert terraform == "{}.{} or later".format(*required(TREE / folder))
    versions = TREE.joinpath(folder, "versions.tf").read_text(encoding="utf-8")
    lowest, limit = re.search(r'version = ">= (\d+\.\d+)\.0, < (\d+)\.0\.0"', versions).groups()
    assert provider.split(maxsplit=1)[1] == f"{lowest} to {int(limit) - 1}"
