"""Tests of errors: each SDK error is translated, by status first, with advice on what to do."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import re
import socket
import ssl
import string

import aiobotocore
import aiohttp
import botocore
import httpcore
import httpx
import pytest
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError, NoRegionError

from ptb_bucket.errors import AccessError, LostRaceError, NotFoundError, StoreError, UnavailableError, UnsupportedError
from ptb_bucket_s3 import PERMISSIONS, S3Store, Settings
from ptb_bucket_s3._errors import translated
from ptb_bucket_s3._permissions import grants
from ptb_bucket_s3._requests import Asked

OPERATIONS = ("get", "put", "delete", "list", "versions", "delete_version")
GRANT = "s3:This, s3:That on arn:x"


def translate(error, operation="get", **how):
    return translated(error, Asked(operation, "state.json", **how), "s3://bucket", GRANT)


def every_class():
    """All exceptions that the SDK's packages define, test helpers aside."""
    for package in (botocore, aiobotocore, aiohttp, httpx, httpcore):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if "vendored" in found.name or found.name.rpartition(".")[2] in {"test_utils", "pytest_plugin", "worker"}:
                continue
            try:
                module = importlib.import_module(found.name)
            except ImportError:
                continue  # parts for software that is not installed
            for item in vars(module).values():
                own = isinstance(item, type) and item.__module__.startswith(
                    ("botocore", "aiobotocore", "aiohttp", "httpx", "httpcore")
                )
                if own and issubclass(item, Exception) and not issubclass(item, Warning):
                    yield item


CLASSES = sorted(set(every_class()), key=lambda cls: (cls.__module__, cls.__name__))


class _Anything(dict):
    def __missing__(self, name):
        return f"<{name}>"


def make(cls):
    """Return an instance of an error class, by its own constructor where that is simple."""
    if issubclass(cls, BotoCoreError):
        fields = [name for _, name, _, _ in string.Formatter().parse(getattr(cls, "fmt", "")) if name]
        try:
            return cls(**dict.fromkeys(fields, "x"))
        except (TypeError, KeyError):
            pass
    error = cls.__new__(cls)
    error.__dict__.update(_Anything(os_error=OSError(1, "x"), errno=1))
    cls.__str__ = Exception.__str__
    return error


def test_there_is_something_to_walk():
    names = {cls.__name__ for cls in CLASSES}
    assert len(CLASSES) > 150
    assert {"NoCredentialsError", "ClientConnectorDNSError", "AioReadTimeoutError", "ResponseParserError"} <= names


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_is_left_untranslated(operation, monkeypatch):
    for cls in CLASSES:
        monkeypatch.setattr(cls, "__str__", Exception.__str__)
        translation = translate(make(cls), operation)
        assert isinstance(translation, StoreError), cls
        assert not isinstance(translation, (NotFoundError, LostRaceError)), cls
        if issubclass(cls, (HTTPClientError, aiohttp.ClientError, OSError)) and "Proxies" not in cls.__name__:
            assert type(translation) is UnavailableError, cls


@pytest.mark.parametrize(
    "error", [OSError(5, "x"), TimeoutError("x"), EOFError("x"), socket.gaierror(-2, "x"), ssl.SSLError(1, "x")]
)
def test_errors_below_the_sdk_are_unavailable_errors(error):
    assert type(translate(error, "put")) is UnavailableError
    assert type(translate(asyncio.TimeoutError("x"), "put")) is UnavailableError


@pytest.mark.parametrize("error", [TypeError("x"), KeyError("x"), AttributeError("x"), ZeroDivisionError("x")])
def test_a_programming_error_is_not_a_store_error(error):
    assert translate(error) is None


def answered(status, code, message="text", headers=None, **details):
    response = {
        "Error": {"Code": code, "Message": message, **details},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers or {}},
    }
    return ClientError(response, "GetObject")


ANSWERS = [
    # status, code, get, create, update, delete and list
    (404, "NoSuchKey", NotFoundError, AccessError, LostRaceError),
    (404, "NoSuchBucket", AccessError, AccessError, AccessError),
    (404, "404", AccessError, AccessError, LostRaceError),
    (404, "", AccessError, AccessError, LostRaceError),
    (412, "PreconditionFailed", UnavailableError, LostRaceError, LostRaceError),
    (412, "anything", UnavailableError, LostRaceError, LostRaceError),
    (409, "ConditionalRequestConflict", UnavailableError, LostRaceError, LostRaceError),
    (403, "AccessDenied", AccessError, AccessError, AccessError),
    (403, "", AccessError, AccessError, AccessError),
    (403, "QuotaExceeded", AccessError, AccessError, AccessError),
    (403, "RequestTimeTooSkewed", AccessError, AccessError, AccessError),
    (401, "Unauthorized", AccessError, AccessError, AccessError),
    (400, "ExpiredToken", AccessError, AccessError, AccessError),
    (400, "AuthorizationHeaderMalformed", AccessError, AccessError, AccessError),
    (400, "InvalidArgument", AccessError, AccessError, AccessError),
    (400, "RequestTimeout", UnavailableError, UnavailableError, UnavailableError),
    (400, "BadDigest", UnavailableError, UnavailableError, UnavailableError),
    (400, "EntityTooLarge", UnsupportedError, UnsupportedError, UnsupportedError),
    (413, "", UnsupportedError, UnsupportedError, UnsupportedError),
    (301, "PermanentRedirect", AccessError, AccessError, AccessError),
    (307, "TemporaryRedirect", UnavailableError, UnavailableError, UnavailableError),
    (405, "MethodNotAllowed", UnsupportedError, UnsupportedError, UnsupportedError),
    (501, "NotImplemented", UnsupportedError, UnsupportedError, UnsupportedError),
    (500, "InternalError", UnavailableError, UnavailableError, UnavailableError),
    (500, "NoSuchKey", UnavailableError, UnavailableError, UnavailableError),
    (503, "SlowDown", UnavailableError, UnavailableError, UnavailableError),
    (429, "", UnavailableError, UnavailableError, UnavailableError),
    (507, "XMinioStorageFull", AccessError, AccessError, AccessError),
    (599, "", UnavailableError, UnavailableError, UnavailableError),
]


@pytest.mark.parametrize(("status", "code", "get", "create", "update"), ANSWERS)
def test_answers_are_decided_by_status_first(status, code, get, create, update):
    error = answered(status, code)
    assert type(translate(error)) is get
    assert type(translate(error, "put")) is create
    assert type(translate(error, "put", updating=True)) is update
    assert not isinstance(translate(error, "list"), LostRaceError)


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "NoSuchVersion"), (404, "NoSuchKey"), (400, "InvalidArgument"), (405, "MethodNotAllowed")],
)
def test_a_version_that_is_not_there_is_not_found(status, code):
    assert type(translate(answered(status, code), "versions", version=True)) is NotFoundError
    assert type(translate(answered(404, "NoSuchBucket"), "versions", version=True)) is AccessError


def test_what_to_do_is_said():
    denied = str(translate(answered(403, "AccessDenied")))
    assert "Grant s3:This, s3:That on arn:x." in denied
    assert "Without s3:ListBucket, 403 may also mean that the object is missing" in denied
    assert "missing" not in str(translate(answered(403, "AccessDenied"), "put"))
    assert "does not exist" in str(translate(answered(404, "NoSuchBucket")))
    assert "expired" in str(translate(answered(400, "ExpiredToken"), "put"))
    assert "clock" in str(translate(answered(403, "RequestTimeTooSkewed")))
    assert "region=eu-west-3" in str(
        translate(answered(301, "PermanentRedirect", headers={"x-amz-bucket-region": "eu-west-3"}))
    )
    assert "region=eu-west-3" in str(
        translate(answered(400, "AuthorizationHeaderMalformed", Region="eu-west-3"), "put")
    )
    assert "region" in str(translate(answered(301, "")))
    error = translate(answered(403, "AccessDenied"))
    assert (error.key, "s3://bucket" in str(error)) == ("state.json", True)


def test_a_server_without_conditional_puts_is_told_from_those_that_have_them():
    for error in (answered(501, "NotImplemented"), answered(400, "NotImplemented"), answered(501, "")):
        for updating in (False, True):
            assert re.search("Amazon S3.*Ceph RGW", str(translate(error, "put", updating=updating)))
        assert "Amazon S3" not in str(translate(error, "list"))


def test_a_requester_pays_bucket_of_google_needs_a_gs_uri():
    error = str(translate(answered(400, "UserProjectMissing"), "put"))
    assert "gs://" in error
    assert "user_project=" in error


def test_permissions_name_every_operation():
    assert set(PERMISSIONS) == set(OPERATIONS)
    assert S3Store("b").PERMISSIONS == PERMISSIONS
    assert "kms:GenerateDataKey" in S3Store("b", Settings(kms_key="x")).PERMISSIONS["put"]
    assert "kms:Decrypt" in S3Store("b", Settings(kms_key="x")).PERMISSIONS["get"]


@pytest.mark.parametrize(
    ("error", "about"),
    [
        (answered(403, "AccessDenied"), "permission"),
        (answered(403, "InvalidAccessKeyId"), "credentials"),
        (answered(401, "Unauthorized"), "credentials"),
        (NoCredentialsError(), "credentials"),
        (answered(404, "NoSuchBucket"), "bucket"),
        (answered(301, "PermanentRedirect"), "bucket"),
        (answered(400, "AuthorizationHeaderMalformed"), "bucket"),
        (NoRegionError(), "server"),
    ],
)
def test_what_a_human_has_to_look_at(error, about):
    assert translate(error, "put").about == about


def test_a_grant_says_on_what():
    permissions = S3Store("b", Settings(kms_key="x")).PERMISSIONS
    assert grants(permissions["list"], "b", "bots/") == "s3:ListBucket on arn:aws:s3:::b"
    assert grants(permissions["versions"], "b", "bots/") == (
        "s3:GetObjectVersion on arn:aws:s3:::b/bots/*; "
        "s3:ListBucketVersions, s3:GetBucketVersioning on arn:aws:s3:::b; kms:Decrypt on the KMS key"
    )


@pytest.mark.parametrize(
    "code", ["ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredTokenException"]
)
def test_errors_about_credentials_name_the_variables(code):
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    text = str(translate(ClientError(answer, "GetObject")))
    assert "AWS_SESSION_TOKEN" in text if "Token" in code else "AWS_SECRET_ACCESS_KEY" in text


def test_missing_credentials_and_a_missing_region_name_the_variables():
    text = str(translate(NoCredentialsError()))
    assert all(name in text for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"))
    assert "AWS_REGION" in str(translate(NoRegionError()))
