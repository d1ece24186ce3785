"""The Google module and example against the real provider's schema, from npm; the provider itself is a stub."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import venv
from pathlib import Path

import pytest
from google_schema import PACKAGE, extracted
from running import FailedError, Terraform, folders

pytestmark = pytest.mark.long

FOLDERS = folders("hashicorp/google")
STUB = Path(__file__).with_name("google_provider.py")


@pytest.fixture(scope="session")
def schema(tmp_path_factory):
    """The schema as a file."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is missing: the modules for Google are not validated")
    folder = tmp_path_factory.mktemp("google")
    command = [npm, "pack", "--silent", PACKAGE]
    packed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if packed.returncode:
        pytest.skip(f"npm cannot get {PACKAGE}: the modules for Google are not validated")
    with tarfile.open(folder / packed.stdout.strip()) as archive:
        archive.extractall(folder)  # noqa: S202  a pinned package
    written = folder / "schema.json"
    written.write_text(json.dumps(extracted(folder / "package" / "lib")), encoding="utf-8")
    return written


@pytest.fixture(scope="session")
def stub_python(tmp_path_factory):
    """A Python of the stub's own: PyPI's tf wants an older protobuf than Google's SDK for storage."""
    folder = tmp_path_factory.mktemp("stub")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    command = [python, "-m", "pip", "install", "--quiet", "tf>=1.2,<2"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("PyPI's tf cannot be installed: the modules for Google are not validated")
    return python


@pytest.fixture
def google(command, schema, stub_python, tmp_path):
    """A Terraform in a fresh copy of a folder; the stub stands in for the provider."""
    plugin = tmp_path / "plugins" / "terraform-provider-google"
    plugin.parent.mkdir()
    plugin.write_text(f"#!/bin/sh\nexec {stub_python} {STUB} {schema}\n", encoding="utf-8")
    plugin.chmod(0o755)
    override = f'dev_overrides {{ "hashicorp/google" = {json.dumps(str(plugin.parent))} }}'

    def copied(folder):
        made = Terraform.copied(folder, tmp_path, {})
        configuration = f"disable_checkpoint = true\nprovider_installation {{\n  {override}\n}}\n"
        (tmp_path / "rc").write_text(configuration, encoding="utf-8")
        made("get")
        return made

    return copied


@pytest.mark.parametrize("folder", FOLDERS)
def test_validate(google, folder):
    assert "The configuration is valid" in google(folder)("validate")


@pytest.mark.parametrize("folder", FOLDERS)
def test_terraform_test(google, folder):
    assert ", 0 failed" in google(folder)("test")


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("public_access_prevention ", "public_access ", "Unsupported argument"),
        ("uniform_bucket_level_access = true", 'uniform_bucket_level_access = "perhaps"', "Inappropriate value"),
        ("location      = var.location", "", "Missing required argument"),
    ],
)
def test_the_schema_notices(google, right, wrong, complaint):
    made = google("modules/gcs")
    main = made.folder / "main.tf"
    text = main.read_text(encoding="utf-8")
    assert right in text
    main.write_text(text.replace(right, wrong), encoding="utf-8")
    with pytest.raises(FailedError, match=complaint):
        made("validate")
