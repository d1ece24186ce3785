"""Tests that all distributions have one version, and that the release's program writes it everywhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from releasing.errors import ReleaseError
from releasing.versions import (
    check_changelog,
    check_versions,
    folders,
    read_version,
    supported_range,
    write_version,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path):
    """A repository with nothing but the files that name the version."""
    examples = [*ROOT.glob("examples/*_bot/requirements*.txt"), *ROOT.glob("examples/*_bot/terraform/main.tf")]
    projects = [folder / "pyproject.toml" for folder in folders(ROOT)]
    for path in [*projects, *examples, ROOT / "terraform" / "README.md"]:
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return tmp_path


def everything(root):
    return {path.relative_to(root): path.read_text("utf-8") for path in root.rglob("*") if path.is_file()}


def test_all_distributions_have_one_version():
    check_versions(ROOT)
    assert len(folders(ROOT)) == 3


@pytest.mark.parametrize("version", ["0.2.7", "1.0.0", "0.2.0rc1", "0.10.3.dev0"])
def test_a_version_is_written_everywhere(copy, version):
    before = everything(copy)
    write_version(copy, version)
    check_versions(copy)
    assert read_version(copy) == version
    after = everything(copy)
    # A development version never gets a tag.
    kept = {Path("terraform", "README.md")} if ".dev" in version else set()
    assert {path for path in before if before[path] == after[path]} == kept
    assert f'"ptb-bucket-s3[aioboto3]=={version}"' in after[Path("pyproject.toml")]
    for provider in ("s3", "gcs"):
        text = after[Path("providers", provider, "pyproject.toml")]
        assert f'version = "{version}"\n' in text
        assert f'"ptb-bucket{supported_range(version)}",\n' in text
    write_version(copy, read_version(ROOT))
    assert everything(copy) == before


@pytest.mark.parametrize(
    ("place", "ours", "other"),
    [
        ("pyproject.toml", "ptb-bucket-gcs==0.1.0", "ptb-bucket-gcs==0.1.1"),
        ("pyproject.toml", 'version = "0.1.0"', 'version = "0.1.1"'),
        ("providers/s3/pyproject.toml", 'version = "0.1.0"', 'version = "0.1.1"'),
        ("providers/gcs/pyproject.toml", "ptb-bucket>=0.1.0,<0.2", "ptb-bucket>=0.1.0,<0.3"),
        ("terraform/README.md", "?ref=v0.1.0", "?ref=v0.0.9"),
    ],
)
def test_a_different_version_anywhere_is_refused(copy, place, ours, other):
    write_version(copy, "0.1.0")
    path = copy / place
    text = path.read_text("utf-8")
    assert text.count(ours) == 1
    path.write_text(text.replace(ours, other), "utf-8")
    with pytest.raises(ReleaseError, match="does not name version"):
        check_versions(copy)


def test_a_file_that_no_longer_names_the_version_is_refused(copy):
    path = copy / "providers" / "s3" / "pyproject.toml"
    path.write_text(path.read_text("utf-8").replace('"ptb-bucket>=', '"ptb-bucket >='), "utf-8")
    with pytest.raises(ReleaseError, match="does not name the version where"):
        write_version(copy, "0.2.0")


@pytest.mark.parametrize("version", ["v0.2.0", "0.2", "0.2.0-rc1", "0.02.0", "0.2.0.post1", "", '0.2.0"'])
def test_a_version_that_packaging_spells_differently_is_refused(copy, version):
    before = everything(copy)
    with pytest.raises(ReleaseError, match="is not a version such as"):
        write_version(copy, version)
    assert everything(copy) == before


@pytest.mark.parametrize(
    ("version", "inside", "outside"),
    [
        ("0.1.2", ["0.1.2", "0.1.9"], ["0.1.1", "0.2.0", "0.2.0rc1", "1.0.0"]),
        ("1.2.3", ["1.2.3", "1.9.0"], ["1.2.2", "2.0.0", "2.0.0a1"]),
        ("0.1.0a1", ["0.1.0a1", "0.1.0", "0.1.1"], ["0.1.0.dev1", "0.2.0a1"]),
    ],
)
def test_a_provider_supports_the_core_until_a_version_may_break_it(version, inside, outside):
    supported = SpecifierSet(supported_range(version), prereleases=True)
    assert [each for each in inside if Version(each) in supported] == inside
    assert [each for each in outside if Version(each) in supported] == []


@pytest.mark.parametrize("version", ["0.1.0rc1", "0.1.0.dev0", "0.1.0a2.dev3"])
def test_a_version_on_the_way_to_another_has_its_entry(tmp_path, version):
    tmp_path.joinpath("CHANGELOG.md").write_text("# Changelog\n\n## 0.1.0 (unreleased)\n\n* News.\n", "utf-8")
    check_changelog(tmp_path, version, dated=True)


@pytest.mark.parametrize(
    ("text", "dated", "message"),
    [
        ("## 0.1.0 (unreleased)\n\n* News.\n", False, None),
        ("## 0.1.0 (2026-12-01)\n\n* News.\n", True, None),
        ("## 0.1.0 (unreleased)\n\n* News.\n", True, "calls 0.1.0 unreleased"),
        ("## 0.1.0\n\n* News.\n", False, "has no entry"),
        ("## 0.1.0 (unreleased)\n\n## 0.0.9 (2026-01-01)\n\n* Old.\n", False, "has no entry"),
        ("## 0.1.0 (unreleased)\n", False, "has no entry"),
        ("## 0.1.0rc1 (unreleased)\n\n* News.\n", False, "has no entry"),
    ],
)
def test_the_changelog_has_an_entry(tmp_path, text, dated, message):
    tmp_path.joinpath("CHANGELOG.md").write_text(f"# Changelog\n\n{text}", "utf-8")
    if message is None:
        check_changelog(tmp_path, "0.1.0", dated=dated)
        return
    with pytest.raises(ReleaseError, match=message):
        check_changelog(tmp_path, "0.1.0", dated=dated)


def test_our_changelog_has_an_entry():
    check_changelog(ROOT, read_version(ROOT), dated=False)


def test_another_tag_than_the_versions_is_refused():
    command = [sys.executable, ROOT / "scripts" / "release.py", "--tag", "v9.9.9"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    message = f"The tag v9.9.9 does not belong to version {read_version(ROOT)}, whose tag is v{read_version(ROOT)}."
    assert (done.returncode, done.stderr) == (1, f"release: {message}\n")
