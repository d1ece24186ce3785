"""Tests of which client sends the requests."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import open_store
from ptb_bucket_gcs import GcsStore, Options
from ptb_bucket_gcs import _choice as module
from ptb_bucket_gcs._choice import choose_clients, on_google, reason_for_sdk
from ptb_bucket_gcs._sdk import SdkClients

PLATFORMS = {
    "Cloud Run": {"K_SERVICE": "bot"},
    "a job": {"CLOUD_RUN_JOB": "bot"},
    "a worker pool": {"CLOUD_RUN_WORKER_POOL": "bot"},
    "a function": {"FUNCTION_TARGET": "main"},
    "App Engine": {"GAE_ENV": "standard"},
    "another server": {"GCE_METADATA_HOST": "127.0.0.1:8080"},
    "another server, by its old name": {"GCE_METADATA_ROOT": "127.0.0.1:8080"},
    "another address": {"GCE_METADATA_IP": "127.0.0.1:8080"},
}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """This machine is not one of Google's, and nobody has logged in with gcloud."""
    monkeypatch.setattr(module, "_PRODUCT", str(tmp_path / "product_name"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def chosen(**options):
    return "sdk" if isinstance(choose_clients("bucket", Options(**options)), SdkClients) else "light"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_of_google_is_recognised(monkeypatch, platform):
    assert chosen() == "sdk"
    for name, value in PLATFORMS[platform].items():
        monkeypatch.setenv(name, value)
    assert chosen() == "light"
    assert chosen(client="google-cloud-storage") == "sdk"


@pytest.mark.parametrize(("content", "expected"), [("Google Compute Engine\n", "light"), ("KVM\n", "sdk")])
def test_hardware_of_google_is_recognised(tmp_path, content, expected):
    (tmp_path / "product_name").write_text(content)
    assert chosen() == expected


@pytest.mark.parametrize("name", ["", "nothing"])
def test_hardware_that_cannot_be_read_is_not_googles(monkeypatch, tmp_path, name):
    monkeypatch.setattr(module, "_PRODUCT", str(tmp_path / name))
    assert not on_google({})


def test_an_emulator_needs_no_credentials(monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere")
    assert chosen(endpoint_url="http://127.0.0.1:1") == "light"
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "127.0.0.1:1")
    assert chosen() == "light"


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({}, ""),
        ({"GOOGLE_CLOUD_PROJECT": "p"}, ""),
        ({"GOOGLE_APPLICATION_CREDENTIALS": "/x"}, "GOOGLE_APPLICATION_CREDENTIALS is set"),
        ({"GOOGLE_CLOUD_QUOTA_PROJECT": "p"}, "GOOGLE_CLOUD_QUOTA_PROJECT is set"),
        ({"GOOGLE_CLOUD_UNIVERSE_DOMAIN": "x.test"}, "GOOGLE_CLOUD_UNIVERSE_DOMAIN is set"),
        ({"GOOGLE_API_USE_CLIENT_CERTIFICATE": "true"}, "GOOGLE_API_USE_CLIENT_CERTIFICATE is set"),
        ({"GOOGLE_API_USE_CLIENT_CERTIFICATE": "false"}, ""),
        ({"GOOGLE_API_USE_MTLS_ENDPOINT": "always"}, "GOOGLE_API_USE_MTLS_ENDPOINT is set"),
        ({"GOOGLE_API_CERTIFICATE_CONFIG": "/x"}, "GOOGLE_API_CERTIFICATE_CONFIG is set"),
        (
            {"CLOUDSDK_CONTEXT_AWARE_USE_CLIENT_CERTIFICATE": "True"},
            "CLOUDSDK_CONTEXT_AWARE_USE_CLIENT_CERTIFICATE is set",
        ),
        (
            {"CLOUDSDK_CONTEXT_AWARE_CERTIFICATE_CONFIG_FILE_PATH": "/x"},
            "CLOUDSDK_CONTEXT_AWARE_CERTIFICATE_CONFIG_FILE_PATH is set",
        ),
        ({"GCE_METADATA_MTLS_MODE": "strict"}, "GCE_METADATA_MTLS_MODE is set"),
        ({"NO_GCE_CHECK": "true"}, "NO_GCE_CHECK is set"),
    ],
)
def test_the_environment_decides(environ, reason):
    assert reason_for_sdk(Options(), environ) == reason


def test_gclouds_credentials_decide(monkeypatch, tmp_path):
    monkeypatch.setenv("K_SERVICE", "bot")
    assert chosen() == "light"
    for folder in (tmp_path / ".config" / "gcloud", tmp_path / "elsewhere"):
        folder.mkdir(parents=True)
        (folder / "application_default_credentials.json").write_text("{}")
    assert chosen() == "sdk"
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    assert chosen() == "light"
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "elsewhere"))
    assert chosen() == "sdk"


def test_gclouds_credentials_decide_on_windows_too(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "sys", SimpleNamespace(platform="win32", version_info=sys.version_info))
    (tmp_path / "gcloud").mkdir()
    path = tmp_path / "gcloud" / "application_default_credentials.json"
    assert reason_for_sdk(Options(), {"APPDATA": str(tmp_path)}) == ""
    path.write_text("{}")
    assert reason_for_sdk(Options(), {"APPDATA": str(tmp_path)}) == f"gcloud's credentials are in {path}"


def test_a_service_account_file_decides():
    assert "service_account_file" in reason_for_sdk(Options(service_account_file="/x"), {})


@pytest.mark.parametrize(
    ("proxy", "expected"), [("http://proxy.test:1", "light"), ("socks5://proxy.test:1", "sdk"), ("proxy.test", "light")]
)
def test_a_socks_proxy_decides(monkeypatch, proxy, expected):
    monkeypatch.setenv("K_SERVICE", "bot")
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert chosen() == expected


@pytest.mark.parametrize(("version", "expected"), [((3, 10), "sdk"), ((3, 11), "light")])
def test_an_https_proxy_decides_on_python_310(monkeypatch, version, expected):
    monkeypatch.setenv("K_SERVICE", "bot")
    monkeypatch.setenv("HTTPS_PROXY", "https://proxy.test:1")
    monkeypatch.setattr(module, "sys", SimpleNamespace(platform=sys.platform, version_info=version))
    assert chosen() == expected


def test_the_light_client_can_be_forced_where_nothing_speaks_against_it(monkeypatch):
    """In a sandbox of GKE, neither the environment nor the hardware shows the platform."""
    assert chosen(client="light") == "light"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/x")
    with pytest.raises(ConfigurationError, match=r"GOOGLE_APPLICATION_CREDENTIALS is set.*Remove client=light"):
        choose_clients("bucket", Options(client="light"))


def test_the_light_client_is_not_a_client_that_is_passed():
    with pytest.raises(ConfigurationError, match=r"a client was passed in.*Remove client=light"):
        GcsStore("bucket", Options(client="light"), client=storage.Client("test", AnonymousCredentials()))


async def test_an_http_endpoint_of_google_gets_no_token(monkeypatch):
    monkeypatch.setenv("K_SERVICE", "bot")
    async with GcsStore("bucket", Options(endpoint_url="http://storage.googleapis.com")) as store:
        with pytest.raises(ConfigurationError, match="must use https"):
            await store.get("a")


async def test_a_bundle_that_cannot_be_read_is_named(monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    async with open_store("gs://bucket?endpoint_url=https://127.0.0.1:1") as store:
        with pytest.raises(ConfigurationError, match="REQUESTS_CA_BUNDLE"):
            await store.get("a")


def test_the_light_client_loads_no_library_of_google():
    code = """
import asyncio, sys
from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores import Create, open_store
async def main():
    async with open_store("gs://bucket?endpoint_url=http://127.0.0.1:1") as store:
        for work in (store.get("a"), store.put("a", b"1", Create())):
            try:
                await work
            except UnavailableError:
                continue
asyncio.run(main())
names = {"google.auth", "google.cloud.storage", "google_crc32c", "requests", "urllib3", "cryptography"}
sys.exit(str(found) if (found := names & sys.modules.keys()) else 0)
"""
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
