"""Tests that the Google module and example use only names of google 7. They have never been applied with it."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import zipfile

import pytest
from running import TREE, FailedError, Terraform, folders

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


@pytest.mark.parametrize("version", ["6.50.0", "7.0.0", "7.99.0"])
@pytest.mark.parametrize("folder", FOLDERS)
def test_each_version_initialises(command, tmp_path, folder, version):
    made = with_google(tmp_path, folder, version)
    assert "successfully initialized" in made("init", "-backend=false")


def test_google_8_does_not_initialise(command, tmp_path):
    with pytest.raises(FailedError, match="no available releases match"):
        with_google(tmp_path, FOLDERS[0], "8.0.0")("init", "-backend=false")


def with_google(scratch, folder, version):
    """A copy of a folder, beside a mirror that has only this version; initialising does not start the plugin."""
    system, machine = platform.system().lower(), {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    place = scratch / "plugins" / "registry.terraform.io" / "hashicorp" / "google" / version / f"{system}_{machine}"
    place.mkdir(parents=True)
    plugin = place / f"terraform-provider-google_v{version}"
    plugin.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    plugin.chmod(0o755)
    made = Terraform.copied(folder, scratch, {})
    mirror = f"filesystem_mirror {{ path = {json.dumps(str(scratch / 'plugins'))} }}"
    configuration = f"disable_checkpoint = true\nprovider_installation {{\n  {mirror}\n}}\n"
    scratch.joinpath("rc").write_text(configuration, encoding="utf-8")
    return made


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
