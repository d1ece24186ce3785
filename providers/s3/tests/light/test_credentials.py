"""Tests of where the light client finds credentials, and how it renews them in a running process."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from light_server import Reply, answering, error

from ptb_bucket.errors import AccessError
from ptb_bucket.stores import open_store
from ptb_bucket_s3._light.credentials import Credentials, Renewed, renewed_from, source_for
from ptb_bucket_s3._light.refused import CredentialsError

OBJECT = Reply(200, b"1", {"ETag": '"1"'})


def keys(name, minutes=60):
    expires = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    found = {"AccessKeyId": name, "SecretAccessKey": "rosebud", "Token": f"token-{name}"}
    return Reply(200, json.dumps({**found, "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode())


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name)


def uri(server):
    return f"s3://bucket?client=light&endpoint_url={server.url}"


async def test_a_container_is_asked_with_its_token_and_again_before_the_keys_expire(monkeypatch, tmp_path):
    """The file is read anew each time, because EKS replaces it."""
    given = iter([keys("first", minutes=5), keys("second")])
    path = tmp_path / "token"
    path.write_text("Bearer one")
    with answering(lambda seen: next(given) if seen.target == "/keys" else OBJECT) as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/keys")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "not this one")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(path))
        monkeypatch.setattr("ptb_bucket_s3._light.credentials._PAUSE", -1.0)
        async with open_store(uri(server)) as store:
            await store.get("a")
            path.write_text("Bearer two")
            for _ in range(2):
                await store.get("a")
    asked = [seen for seen in server.seen if seen.target == "/keys"]
    assert [seen.headers["authorization"] for seen in asked] == ["Bearer one", "Bearer two"]
    signed = [seen for seen in server.seen if seen.target != "/keys"]
    assert [seen.access_key for seen in signed] == ["first", "second", "second"]
    assert signed[-1].headers["x-amz-security-token"] == "token-second"


async def test_keys_that_the_server_calls_expired_are_renewed_once(monkeypatch):
    given = iter([keys("first"), keys("second")])

    def answer(seen):
        if seen.target == "/keys":
            return next(given)
        return OBJECT if seen.access_key == "second" else error(400, "ExpiredToken")

    with answering(answer) as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/keys")
        async with open_store(uri(server)) as store:
            assert (await store.get("a")).data == b"1"
    assert [seen.target for seen in server.seen] == ["/keys", "/bucket/a", "/keys", "/bucket/a"]


async def test_keys_that_stay_expired_are_an_access_error(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "old")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "rosebud")
    with answering(lambda _: error(400, "ExpiredToken")) as server:
        async with open_store(uri(server)) as store:
            with pytest.raises(AccessError, match="expired") as caught:
                await store.get("a")
    assert caught.value.about == "credentials"
    assert len(server.seen) == 1


async def test_an_instance_is_asked_with_a_session_token(monkeypatch):
    answers = {
        "/latest/api/token": Reply(200, b"session"),
        "/latest/meta-data/iam/security-credentials/": Reply(200, b"role"),
        "/latest/meta-data/iam/security-credentials/role": keys("instance"),
    }
    with answering(lambda seen: answers.get(seen.target, OBJECT)) as server:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url)
        async with open_store(uri(server)) as store:
            await store.get("a")
    token, role, credentials, signed = server.seen
    assert (token.method, token.headers["x-aws-ec2-metadata-token-ttl-seconds"]) == ("PUT", "21600")
    assert [seen.headers["x-aws-ec2-metadata-token"] for seen in (role, credentials)] == ["session", "session"]
    assert signed.access_key == "instance"


@pytest.mark.parametrize("disabled", ["true", ""])
async def test_without_any_credentials_nothing_is_sent(monkeypatch, disabled):
    with answering(lambda _: Reply(404)) as server:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", disabled)
        async with open_store(uri(server)) as store:
            with pytest.raises(AccessError, match="Neither the environment nor a container endpoint") as caught:
                await store.get("a")
    assert caught.value.about == "credentials"
    assert len(server.seen) == (0 if disabled else 1)


@pytest.mark.parametrize("url", ["http://example.com/keys", "http://169.254.170.2.example.com/", "ftp://127.0.0.1/"])
async def test_a_token_is_not_sent_where_anyone_can_read_it(monkeypatch, url):
    with pytest.raises(CredentialsError, match="FULL_URI"):
        source_for({"AWS_CONTAINER_CREDENTIALS_FULL_URI": url})()


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({"AWS_ACCESS_KEY_ID": "a"}, "AWS_SECRET_ACCESS_KEY"),
        ({"AWS_SECRET_ACCESS_KEY": "rosebud"}, "AWS_ACCESS_KEY_ID"),
        (
            {
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere/token",
            },
            "/nowhere/token",
        ),
        (
            {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "rosebud\r\nX: y"},
            "line break",
        ),
    ],
)
def test_incomplete_credentials_are_named_and_not_repeated(environ, problem):
    with pytest.raises(CredentialsError, match=problem) as caught:
        source_for(environ)()
    assert "rosebud" not in str(caught.value)


@pytest.mark.parametrize("reply", [Reply(403), Reply(200, b"rosebud"), Reply(200, b'{"AccessKeyId": "rosebud"}')])
def test_a_container_that_gives_none_is_not_repeated(reply):
    with answering(lambda _: reply) as server, pytest.raises(CredentialsError) as caught:
        source_for({"AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url})()
    assert "rosebud" not in str(caught.value)


def test_only_a_server_of_credentials_is_asked_in_a_thread():
    assert not renewed_from({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}).blocks
    assert renewed_from({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/keys"}).blocks
    assert renewed_from({}).blocks


def test_keys_are_kept_if_their_renewal_fails():
    known = Credentials("a", "b", expires=datetime.now(timezone.utc) + timedelta(minutes=1))
    answers = iter([known])
    renewed = Renewed(lambda: next(answers))
    assert renewed.renew() is known
    assert renewed.renew() is known
    assert renewed.current() is known, "the next attempt waits"
