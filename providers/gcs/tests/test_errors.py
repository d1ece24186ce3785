"""Tests that every exception class of Google's libraries and their transports is translated."""

from __future__ import annotations

import http.client
import inspect
import itertools
import pkgutil
import ssl
from importlib import import_module

import pytest
import requests
import urllib3
from google.api_core import exceptions as api

from ptb_bucket.errors import AccessError, LostRaceError, NotFoundError, StoreError, UnavailableError, UnsupportedError
from ptb_bucket_gcs import PERMISSIONS, GcsStore, Options
from ptb_bucket_gcs._requests import Asked
from ptb_bucket_gcs._sdk import errors as sdk


def translate(exc, operation, bucket):
    return sdk.translate(exc, Asked(operation, bucket, None))


MODULES = [
    "google.api_core.exceptions",
    "google.auth.exceptions",
    "google.cloud.exceptions",
    "google.cloud.storage.exceptions",
    "google.resumable_media.common",
    "requests.exceptions",
    "urllib3.exceptions",
    "http.client",
]
SAYS = {AccessError, LostRaceError, NotFoundError, UnavailableError, UnsupportedError}


def classes():
    found = set()
    for module in MODULES:
        for value in vars(import_module(module)).values():
            if inspect.isclass(value) and issubclass(value, Exception) and not issubclass(value, Warning):
                found.add(value)
    return sorted(found, key=lambda cls: (cls.__module__, cls.__qualname__))


def made(cls):
    """Make an instance of an error class with any constructor. Its text stands for a secret."""
    for number in (1, 2, 3):
        try:
            return cls(*["rosebud"] * number)
        except Exception:  # noqa: BLE001, S112  some need a response, a pool, or more
            continue
    exc = cls.__new__(cls)
    exc.args = ("rosebud",)
    return exc


def test_the_walk_finds_them():
    names = {cls.__name__ for cls in classes()}
    assert len(names) > 120
    assert {"PreconditionFailed", "RefreshError", "SSLError", "DataCorruption", "InvalidResponse"} <= names


@pytest.mark.parametrize("operation", ["get", "put", "delete", "list", "versions", "diagnose"])
def test_no_class_stays_untranslated(operation):
    for cls in classes():
        exc = made(cls)
        with pytest.raises(StoreError) as caught, sdk.translated(Asked(operation, "b", "a")):
            raise exc
        assert type(caught.value) in SAYS, cls
        assert (caught.value.__cause__, caught.value.key) == (exc, "a")
        assert "rosebud" not in str(caught.value), cls
        assert str(caught.value).startswith(f"{operation} of 'a' in bucket 'b' "), cls


def test_no_exception_class_of_the_storage_package_is_elsewhere():
    """So that a newer version's new module is noticed."""
    import google.cloud.storage as package  # noqa: PLC0415

    known = set(classes())
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if any(part in module.name for part in ("asyncio", "_experimental", "grpc", "_storage_v2")):
            continue  # of ways to send that are not used here
        for value in vars(import_module(module.name)).values():
            ours = inspect.isclass(value) and issubclass(value, Exception) and value.__module__ == module.name
            assert not ours or value in known, value


def test_no_status_stays_untranslated():
    for status, operation in itertools.product(range(300, 600), PERMISSIONS):
        error = translate(api.from_http_status(status, "rosebud"), operation, "x")
        assert type(error) in SAYS
        assert "rosebud" not in str(error)
        # Only these two may be taken for an answer about the object; 412 is one about a write with a condition.
        assert isinstance(error, NotFoundError) == (status == 404)
        assert isinstance(error, LostRaceError) == (status == 412 and operation in {"put", "delete"})
        # If a put may have been applied, its outcome is unknown.
        assert isinstance(error, UnavailableError) or status < 500 or status == 501


def family(name):
    return [cls for cls in classes() if cls.__module__ == name]


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("DefaultCredentialsError", AccessError, "gcloud auth application-default login"),
        ("RefreshError", AccessError, "service_account_file"),
        ("TransportError", UnavailableError, "token"),
        ("MutualTLSChannelError", AccessError, "credentials"),
    ],
)
def test_credentials(name, error, text):
    cls = getattr(import_module("google.auth.exceptions"), name)
    caught = translate(cls("rosebud"), "get", "x")
    assert type(caught) is error
    assert text in str(caught)


def test_a_token_that_may_be_had_later_is_for_later():
    cls = import_module("google.auth.exceptions").RefreshError
    assert isinstance(translate(cls("x", retryable=True), "get", "x"), UnavailableError)


def test_transport_means_unknown_except_where_nothing_can_have_been_sent():
    access = {"MissingSchema", "InvalidSchema", "InvalidURL", "InvalidProxyURL", "URLRequired", "TooManyRedirects"}
    access |= {"LocationValueError", "LocationParseError", "URLSchemeUnknown", "ProxySchemeUnknown"}
    for cls in (*family("requests.exceptions"), *family("urllib3.exceptions"), *family("http.client")):
        expected = AccessError if cls.__name__ in access else UnavailableError
        # http.client's InvalidURL comes wrapped by requests.
        assert type(translate(made(cls), "put", "x")) is expected or cls is http.client.InvalidURL, cls


def test_a_certificate_that_is_not_trusted_is_for_a_human_and_broken_tls_is_not():
    refused = ssl.SSLCertVerificationError("certificate verify failed")
    wrapped = requests.exceptions.SSLError(
        urllib3.exceptions.MaxRetryError(None, "/", urllib3.exceptions.SSLError(refused))
    )
    assert isinstance(translate(wrapped, "put", "x"), AccessError)
    broken = requests.exceptions.SSLError(ssl.SSLEOFError("EOF occurred in violation of protocol"))
    assert isinstance(translate(broken, "put", "x"), UnavailableError)


def test_builtin_errors_of_sockets_are_unavailable():
    for exc in (ConnectionResetError(), TimeoutError(), OSError(), http.client.RemoteDisconnected()):
        assert isinstance(translate(exc, "put", "x"), UnavailableError)


def test_our_store_passes_unchanged():
    mine = UnsupportedError("mine")
    with pytest.raises(UnsupportedError) as caught, sdk.translated(Asked("get", "x", None)):
        raise mine
    assert caught.value is mine


def test_what_is_no_error_passes_as_it_is():
    with pytest.raises(KeyboardInterrupt), sdk.translated(Asked("get", "x", None)):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "could not be read"),
        ("rosebud", "damaged"),
        ('{"type": "service_account"}', "credentials"),
        ("[]", "damaged"),
    ],
)
async def test_a_service_account_file_that_is_none(tmp_path, content, text):
    path = tmp_path / "rosebud.json"
    if content is not None:
        path.write_text(content)
    async with GcsStore("bucket", Options(service_account_file=str(path))) as store:
        with pytest.raises(AccessError, match=text) as caught:
            await store.get("a")
    assert caught.value.about == "credentials"
    assert "rosebud" not in str(caught.value)


async def test_no_credentials_at_all(tmp_path, monkeypatch):
    """No file, no gcloud, no metadata server."""
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    async with GcsStore("bucket") as store:
        with pytest.raises(AccessError, match="gcloud auth application-default login"):
            await store.get("a")


def test_a_server_without_conditional_puts_is_told_from_those_that_have_them():
    error = api.from_http_status(501, "rosebud")
    assert "Google's own endpoints and on fake-gcs-server" in str(translate(error, "put", "x"))
    assert "fake-gcs-server" not in str(translate(error, "list", "x"))


async def test_a_host_that_is_none():
    async with GcsStore("bucket", Options(endpoint_url="http://nowhere.invalid")) as store:
        with pytest.raises(UnavailableError, match="endpoint_url"):
            await store.get("a")


@pytest.mark.parametrize(
    ("error", "about"),
    [
        (api.from_http_status(403, "x"), "permission"),
        (api.from_http_status(401, "x"), "credentials"),
        (import_module("google.auth.exceptions").DefaultCredentialsError("x"), "credentials"),
        (api.from_http_status(400, "x"), "bucket"),
        (api.from_http_status(302, "x"), "server"),
        (requests.exceptions.InvalidURL("x"), "server"),
    ],
)
def test_what_a_human_has_to_look_at(error, about):
    assert translate(error, "put", "x").about == about
