"""Tests of the errors of whole requests: without credentials, to a wrong address, bucket or region."""

from __future__ import annotations

import http.server
import threading

import pytest

from ptb_bucket.errors import AccessError, UnavailableError
from ptb_bucket.stores import Create, Update, open_store
from ptb_bucket_s3 import S3Store, Settings


async def test_no_credentials_and_no_profile(moto, monkeypatch):
    bucket = moto.bucket()
    async with open_store(moto.uri(bucket, profile="nobody")) as store:
        with pytest.raises(AccessError, match="nobody"):
            await store.get("a")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    async with open_store(moto.uri(bucket)) as store:
        with pytest.raises(AccessError, match="credentials"):
            await store.get("a")


ROLE = {"AWS_ROLE_ARN": "arn:aws:iam::1:role/bot"}


@pytest.fixture
def no_keys(monkeypatch):
    """Only what a test sets leads to credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


@pytest.mark.parametrize("content", [None, b"\xffrosebud"])
async def test_a_web_identity_that_cannot_be_read_is_about_credentials(no_keys, monkeypatch, tmp_path, content):
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    for name, value in {**ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(path)}.items():
        monkeypatch.setenv(name, value)
    async with open_store("s3://bucket?endpoint_url=http://127.0.0.1:1") as store:
        for work in (store.get("a"), store.put("a", b"1", Create()), store.delete("a")):
            with pytest.raises(AccessError, match="AWS_WEB_IDENTITY_TOKEN_FILE") as caught:
                await work
            assert caught.value.about == "credentials"
            assert "rosebud" not in str(caught.value)
            assert (str(path) in str(caught.value)) is (content is None)


@pytest.mark.parametrize("program", ["/nowhere/program", "/bin/echo rosebud", '"'])
async def test_a_program_that_gives_no_credentials_is_about_credentials(no_keys, monkeypatch, tmp_path, program):
    path = tmp_path / "config"
    path.write_text(f"[default]\ncredential_process={program}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    async with open_store("s3://bucket?endpoint_url=http://127.0.0.1:1") as store:
        with pytest.raises(AccessError, match="credentials could not be read") as caught:
            await store.get("a")
    assert caught.value.about == "credentials"
    assert "rosebud" not in str(caught.value)


async def test_a_mistyped_endpoint_is_unavailable_and_named(either_client):
    async with open_store(
        f"s3://bucket?client={either_client}&endpoint_url=http://nowhere.invalid&connect_timeout=2&timeout=5"
    ) as store:
        with pytest.raises(UnavailableError, match=r"nowhere\.invalid"):
            await store.get("a")


async def test_a_server_without_the_right_certificate_is_unavailable(moto, either_client):
    url = moto.url.replace("http:", "https:")
    async with open_store(f"s3://bucket?client={either_client}&endpoint_url={url}") as store:
        with pytest.raises(UnavailableError, match="127"):
            await store.get("a")


class Elsewhere(http.server.BaseHTTPRequestHandler):
    """Answers as AWS does when the bucket is in another region."""

    protocol_version = "HTTP/1.1"

    def _redirect(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(self.command)
        self.send_response(self.server.status)
        self.send_header("x-amz-bucket-region", "eu-west-3")
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/again")
        self.send_header("Content-Length", "0")
        self.end_headers()  # and no ETag, if this is a success

    do_GET = do_PUT = do_DELETE = do_HEAD = _redirect  # noqa: N815  the names that http.server looks for

    def log_message(self, *_):
        pass


@pytest.fixture
def elsewhere():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        server.seen = []
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def test_a_put_that_was_answered_without_an_etag_is_unclear(elsewhere, either_client):
    """Without an ETag to name, every later update would lose its race."""
    elsewhere.status = 200
    address = f"http://127.0.0.1:{elsewhere.server_port}"
    settings = Settings(endpoint_url=address, region="us-east-1", client=either_client)
    async with S3Store("bucket", settings) as store:
        for mode in (Create(), Update("1")):
            with pytest.raises(UnavailableError, match=r"'a'.*ETag"):
                await store._objects.put("a", b"1", mode, "quoted")
    assert elsewhere.seen == ["PUT", "PUT"]


@pytest.mark.parametrize(("status", "error"), [(301, AccessError), (307, UnavailableError)])
async def test_a_request_to_the_wrong_region_is_not_sent_again(elsewhere, status, error, either_client):
    elsewhere.status = status
    address = f"http://127.0.0.1:{elsewhere.server_port}"
    settings = Settings(endpoint_url=address, region="us-east-1", client=either_client)
    async with S3Store("bucket", settings) as store:
        # Below the proof, which would stop at its own first read.
        with pytest.raises(error, match="eu-west-3" if error is AccessError else "307"):
            await store._objects.put("a", b"1", Create(), "quoted")
        with pytest.raises(error):
            await store.get("a")
    assert elsewhere.seen == ["PUT", "GET"]


@pytest.mark.parametrize("operation", ["get", "put", "delete", "list"])
async def test_a_mistyped_bucket_is_not_an_empty_one(server, operation, either_client):
    async with open_store(server.uri("mistyped", client=either_client)) as store:
        with pytest.raises(AccessError, match="does not exist"):
            await {
                "get": lambda: store.get("a"),
                "put": lambda: store._objects.put("a", b"", Create(), "quoted"),
                "delete": lambda: store.delete("a"),
                "list": lambda: anext(store.list()),
            }[operation]()


async def test_messages_show_no_secrets(moto, monkeypatch, either_client):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "rosebud")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "rosebud")
    store = open_store(moto.uri("mistyped", client=either_client))
    for work in (store.get("a"), store.put("a", b"rosebud", Update("x")), store.delete("a")):
        with pytest.raises(AccessError) as caught:
            await work
        assert "rosebud" not in str(caught.value) + repr(store)
    await store.close()
