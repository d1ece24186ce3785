"""Tests of which client sends the requests, and of the refusal to do without the full one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.stores import open_store
from ptb_bucket_s3 import S3Store, Settings
from ptb_bucket_s3._choice import configured_region, reason_for_sdk

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
NO_FILES = {"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        (KEYS, ""),
        ({**KEYS, "AWS_PROFILE": "work"}, ""),  # keys come first, as in AWS's SDKs
        ({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x"}, ""),
        ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/x"}, ""),
        ({}, ""),
        ({"AWS_PROFILE": "work"}, "AWS_PROFILE is set"),
        ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/x"}, "AWS_WEB_IDENTITY_TOKEN_FILE is set"),
        ({**KEYS, "AWS_USE_FIPS_ENDPOINT": "true"}, "AWS_USE_FIPS_ENDPOINT is set"),
    ],
)
def test_the_environment_decides(environ, reason):
    assert reason_for_sdk("bucket", Settings(), {**NO_FILES, **environ}) == reason


@pytest.mark.parametrize(
    ("content", "with_keys", "without"),
    [
        ("[default]\nregion=eu-west-3\noutput=json\n", "", ""),
        ("[profile other]\nsso_session=x\n", "", ""),
        ("[default]\ncredential_process=/bin/true\n", "", "credential_process"),
        ("[default]\nsso_session=x\n", "", "sso_session"),
        ("[default]\nrole_arn=x\nsource_profile=y\n", "", "role_arn"),
        ("[default]\nendpoint_url=http://x\n", "endpoint_url", "endpoint_url"),
        ("[default]\ns3=\n  addressing_style=path\n", "s3", "s3"),
        ("no section\n", "could not be read", "could not be read"),
    ],
)
def test_a_configuration_file_decides(tmp_path, content, with_keys, without):
    path = tmp_path / "config"
    path.write_text(content)
    files = {**NO_FILES, "AWS_CONFIG_FILE": str(path)}
    for environ, wanted in (({**files, **KEYS}, with_keys), (files, without)):
        reason = reason_for_sdk("bucket", Settings(), environ)
        assert reason.endswith(wanted) if wanted else not reason


def test_the_region_comes_from_the_environment_or_a_file(tmp_path):
    path = tmp_path / "config"
    path.write_text("[default]\nregion=eu-west-3\n[profile work]\nregion=eu-west-1\n")
    files = {**NO_FILES, "AWS_CONFIG_FILE": str(path)}
    assert configured_region({**files, "AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}) == "a"
    assert configured_region({**files, "AWS_DEFAULT_REGION": "b"}) == "b"
    assert configured_region(files) == "eu-west-3"
    assert configured_region({**files, "AWS_PROFILE": "work"}) == "eu-west-1"
    assert configured_region(NO_FILES) is None


@pytest.mark.parametrize(
    ("bucket", "settings"),
    [
        ("bucket", Settings(profile="work")),
        ("bucket--use1-az4--x-s3", Settings()),
        ("arn:aws:s3:us-east-1:1:accesspoint/x", Settings()),
        ("bucket", Settings(region="us-iso-east-1")),
    ],
)
def test_what_only_the_full_client_can_do(bucket, settings):
    assert reason_for_sdk(bucket, settings, {**NO_FILES, **KEYS})


def test_only_a_directory_bucket_lists_in_no_order():
    listed = {uri: open_store(f"s3://{uri}/bot").lists_in_order for uri in ("bucket", "bucket--use1-az4--x-s3")}
    assert listed == {"bucket": True, "bucket--use1-az4--x-s3": False}


async def test_the_light_client_refuses_what_it_cannot_do(monkeypatch):
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    async with open_store("s3://bucket?client=light") as store:
        with pytest.raises(ConfigurationError, match=r"AWS_USE_DUALSTACK_ENDPOINT is set.*client=light"):
            await store.get("a")
    with pytest.raises(ConfigurationError, match="profile"):
        open_store("s3://bucket?client=light&profile=work")
    with pytest.raises(ConfigurationError, match="auto, light, aioboto3"):
        open_store("s3://bucket?client=boto")


async def test_without_the_full_client_its_extra_is_named(monkeypatch):
    monkeypatch.setattr("ptb_bucket_s3._choice.find_spec", lambda _: None)
    for uri, reason in (("s3://bucket?client=aioboto3", "client=aioboto3"), ("s3://bucket?profile=x", "profile")):
        async with open_store(uri) as store:
            with pytest.raises(ConfigurationError, match=rf"{reason}.*ptb-bucket-s3\[aioboto3\]"):
                await store.get("a")
    with pytest.raises(ConfigurationError, match="session was passed in"):
        S3Store("bucket", session=object())


@pytest.mark.parametrize("passed", ["client", "session"])
def test_the_light_client_is_not_a_client_or_session_that_is_passed(passed):
    with pytest.raises(ConfigurationError, match=r"a client or session was passed in.*Remove client=light"):
        S3Store("bucket", Settings(client="light"), **{passed: object()})


def test_the_light_client_loads_no_sdk():
    code = """
import asyncio, sys
from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores import open_store
async def main():
    async with open_store("s3://bucket?client=auto&endpoint_url=http://127.0.0.1:1") as store:
        try:
            await store.get("a")
        except UnavailableError:
            return
asyncio.run(main())
found = {name.partition(".")[0] for name in sys.modules} & {"aioboto3", "aiobotocore", "boto3", "aiohttp"}
found |= {name for name in sys.modules if name in ("botocore.client", "botocore.session", "botocore.loaders")}
found |= {"botocore"} & sys.modules.keys() if sys.version_info >= (3, 12) else set()
sys.exit(str(found) if found else 0)
"""
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
