"""Tests of credentials, with tokens from a small server and requests to another one."""

from __future__ import annotations

import gc
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ptb_bucket.errors import AccessError, UnavailableError
from ptb_bucket_gcs import GcsStore, Options, _choice
from ptb_bucket_gcs._sdk import objects as _objects


@pytest.fixture(scope="module")
def private_key():
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def google(answering):
    """Gives tokens, as long as ``google.tokens`` is 200, and answers reads of those who have one."""

    def answer(method, path, headers):
        if path == "/token":
            body = {"access_token": "rosebud", "expires_in": 3600, "token_type": "Bearer"} | issued
            return google.tokens, {"Content-Type": "application/json"}, json.dumps(body).encode()
        allowed = headers.get("authorization") == "Bearer rosebud"
        return (200, {"X-Goog-Generation": "7"}, b"data") if allowed else (401, {}, b"")

    issued = {"issued_token_type": "urn:ietf:params:oauth:token-type:access_token", "error": "invalid_grant"}
    with answering(answer) as google:
        google.tokens = 200
        yield google


@pytest.fixture
def service_account(tmp_path, google, private_key):
    path = tmp_path / "key.json"
    account = {"type": "service_account", "client_email": "bot@p.iam.gserviceaccount.com", "private_key": private_key}
    path.write_text(json.dumps(account | {"token_uri": f"{google.url}/token"}))
    return str(path)


@pytest.fixture
def federated(tmp_path, google):
    """Write the file of a workload identity whose token comes from a source."""

    def write(source):
        path = tmp_path / "pool.json"
        pool = {
            "type": "external_account",
            "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{google.url}/token",
            "credential_source": source,
        }
        path.write_text(json.dumps(pool))
        return str(path)

    return write


@pytest.fixture
def workload_identity(tmp_path, federated):
    subject = tmp_path / "subject"
    subject.write_text("who I am")
    return federated({"file": str(subject)})


async def test_a_service_account_file(google, service_account):
    """Explicit credentials are used at other endpoints than Google's, too."""
    async with GcsStore("bucket", Options(service_account_file=service_account, endpoint_url=google.url)) as store:
        assert (await store.get("a")).data == b"data"
        assert (await store.get("a")).data == b"data"
    assert [seen.path for seen in google.seen].count("/token") == 1


@pytest.mark.parametrize("kind", ["service_account", "workload_identity"])
async def test_application_default_credentials(google, kind, request, monkeypatch):
    """The fake is taken for Google's own endpoint; elsewhere nobody's default credentials are sent."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", request.getfixturevalue(kind))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "project")
    for module in (_objects, _choice):
        monkeypatch.setattr(module, "is_google", lambda _url: True)
    async with GcsStore("bucket", Options(endpoint_url=google.url)) as store:
        assert (await store.get("a")).data == b"data"


@pytest.mark.parametrize(
    "source",
    [
        {"file": "/nowhere/rosebud"},
        {"file": "/"},
        {"executable": {"command": "/nowhere/rosebud", "timeout_millis": 5000}},
    ],
    ids=["missing file", "directory", "missing program"],
)
async def test_a_workload_identity_whose_source_is_missing(google, federated, source, monkeypatch):
    await _has_no_credentials(google, federated(source), monkeypatch)


@pytest.mark.parametrize("name", ["nothing", ""], ids=["missing file", "directory"])
async def test_a_variable_that_names_no_file(google, name, tmp_path, monkeypatch):
    await _has_no_credentials(google, tmp_path / name, monkeypatch)


async def _has_no_credentials(google, path, monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.setenv("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "project")
    for module in (_objects, _choice):
        monkeypatch.setattr(module, "is_google", lambda _url: True)
    async with GcsStore("bucket", Options(endpoint_url=google.url)) as store:
        with pytest.raises(AccessError, match="GOOGLE_APPLICATION_CREDENTIALS") as caught:
            await store.get("a")
    assert caught.value.about == "credentials"
    assert "rosebud" not in str(caught.value)


async def test_default_credentials_are_not_sent_to_strangers(google, service_account, monkeypatch, either_client):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", service_account)
    async with GcsStore("bucket", Options(endpoint_url=google.url, client=either_client)) as store:
        with pytest.raises(AccessError, match="credentials"):
            await store.get("a")
    gc.collect()  # and no socket is left to it: that would be a warning here
    assert "/token" not in {seen.path for seen in google.seen}


@pytest.mark.parametrize(("status", "error"), [(400, AccessError), (503, UnavailableError)])
async def test_a_token_that_is_refused(google, service_account, status, error):
    google.tokens = status
    options = Options(service_account_file=service_account, endpoint_url=google.url, timeout=20)
    async with GcsStore("bucket", options) as store:
        with pytest.raises(error) as caught:
            await store.get("a")
    assert "rosebud" not in str(caught.value)
    assert service_account not in str(caught.value)
