"""Tests that the Google module and example use only names of google 7. They have never been applied with it."""

from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest
from running import TREE, folders

pytest.importorskip(
    "hcl2", reason="python-hcl2 is not installed: terraform's Google folders are not checked for google 7"
)

from google_names import CLASSES, PACKAGE, Names, reads_in, resources_in

pytestmark = pytest.mark.long

FOLDERS = folders("hashicorp/google")


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """The names of google 7."""
    folder = tmp_path_factory.mktemp("names")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip(f"pip cannot get {PACKAGE}: the names in terraform's Google folders are not checked for google 7")
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        wanted = [f"pulumi_gcp/{name}/" for name in {parts[0] for parts in CLASSES.values()}]
        archive.extractall(folder, [each for each in archive.namelist() if each.startswith(tuple(wanted))])
    return Names(folder / "pulumi_gcp")


@pytest.mark.parametrize("folder", FOLDERS)
def test_google_7_has_every_argument(names, folder):
    used = resources_in(TREE / folder)
    assert used
    assert [complaint for kind, body in used for complaint in names.complaints(kind, body)] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_google_7_has_every_attribute(names, folder):
    assert [pair for pair in reads_in(TREE / folder) if pair[1] not in names.attributes(pair[0])] == []


def test_every_kind_is_looked_at():
    assert {kind for folder in FOLDERS for kind, _ in resources_in(TREE / folder)} == CLASSES.keys()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('location = "EU"\n no_such_thing = 1', "google_storage_bucket.no_such_thing is unknown"),
        ("force_destroy = true", "google_storage_bucket.location is missing"),
        (
            'location = "EU"\n lifecycle_rule {\n action {\n type = "Delete"\n}\n condition {\n old = 1\n}\n}',
            "google_storage_bucket.lifecycle_rule.condition.old is unknown",
        ),
        (
            'location = "EU"\n dynamic "encryption" {\n for_each = []\n content {\n key = 1\n}\n}',
            "google_storage_bucket.encryption.key is unknown",
        ),
    ],
)
def test_other_names_are_noticed(names, tmp_path, text, complaint):
    tmp_path.joinpath("main.tf").write_text(f'resource "google_storage_bucket" "a" {{\n{text}\n}}\n', encoding="utf-8")
    [(kind, body)] = resources_in(tmp_path)
    assert complaint in names.complaints(kind, body)
