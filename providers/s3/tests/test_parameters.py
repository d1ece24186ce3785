"""Tests of parameters in moto's Systems Manager: their values, and the errors when they cannot be read."""

from __future__ import annotations

import http.server
import json
import threading

import boto3
import pytest

from ptb_bucket.errors import AccessError, ConfigurationError, UnavailableError
from ptb_bucket_s3._parameters import read_parameter


@pytest.fixture
def parameters(moto, monkeypatch):
    """Put parameters where the SDK's own environment variables lead to."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", moto.url)
    client = boto3.client("ssm", endpoint_url=moto.url)
    made = []

    def put(name, value, kind):
        client.put_parameter(Name=name, Value=value, Type=kind)
        made.append(name)

    yield put
    for name in made:
        client.delete_parameter(Name=name)
    client.close()


@pytest.mark.parametrize("kind", ["SecureString", "String"])
def test_a_parameter_is_read_and_decrypted(parameters, kind):
    parameters("/my-bot/token", "123456:ABC", kind)
    assert read_parameter("/my-bot/token") == "123456:ABC"


def test_a_web_identity_that_is_missing_is_about_credentials(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/bot")
    with pytest.raises(AccessError, match="AWS_WEB_IDENTITY_TOKEN_FILE") as caught:
        read_parameter("/my-bot/token")
    assert caught.value.about == "credentials"


def test_a_setting_names_its_parameter(parameters, monkeypatch):
    from ptb_bucket.serverless.aws import setting  # noqa: PLC0415  through the entry point, as a bot does

    parameters("/my-bot/secret", " rosebud\n", "SecureString")
    monkeypatch.setenv("A_SETTING_PARAMETER", "/my-bot/secret")
    assert setting("A_SETTING") == "rosebud"
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:1")
    assert setting("A_SETTING") == "rosebud", "it is read once"


@pytest.mark.parametrize("name", ["/my-bot/mistyped", "no name at all!"])
def test_one_that_does_not_exist_is_a_mistake_in_the_configuration(parameters, name):
    with pytest.raises(ConfigurationError, match=name):
        read_parameter(name)


def test_without_credentials_or_region_it_says_so(parameters, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(AccessError, match="region"):
        read_parameter("/my-bot/token")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(AccessError, match="credentials"):
        read_parameter("/my-bot/token")


def test_a_server_that_is_not_there_is_unavailable(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:1")
    with pytest.raises(UnavailableError, match="my-bot"):
        read_parameter("/my-bot/token")


class Refusing(http.server.BaseHTTPRequestHandler):
    """Answers as AWS does when it refuses; moto knows no policies."""

    def do_POST(self):  # the name that http.server looks for
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"__type": self.server.code, "message": "no"}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def refusing(monkeypatch):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "code", "kind", "advice"),
    [
        (400, "AccessDeniedException", AccessError, "Grant ssm:GetParameter"),
        (400, "UnrecognizedClientException", AccessError, "credentials"),
        (400, "ThrottlingException", UnavailableError, "Try again"),
        (500, "InternalServerError", UnavailableError, "Try again"),
    ],
)
def test_a_refusal_says_what_to_do(refusing, status, code, kind, advice):
    refusing.status, refusing.code = status, code
    with pytest.raises(kind, match=advice):
        read_parameter("/my-bot/token")
